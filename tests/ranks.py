"""Processes that fit together, started once for many tests.

A job is a function of this kind of module, called on each process with its rank; the
processes share a group of `torch.distributed` for the length of a job.
"""

import datetime
import importlib
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Ranks:
    """A few processes that wait for jobs."""

    def __init__(self, size: int) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._folder = tempfile.TemporaryDirectory()
        self._n_jobs = 0
        self._workers: list[Any] = []
        self._size = size

    def run(
        self,
        job: Callable,
        size: int,
        *given: Any,
        timeout: float = 60.0,
        grace: float = 30.0,
    ) -> list[Any]:
        """Run a job on some processes: what each returns, or the error it raises.

        A process that dies, or does not answer for some time after the first has, is
        said to return None; another takes its place in the next job.
        """
        self.start(size)
        self._n_jobs += 1
        store = str(Path(self._folder.name) / f"store{self._n_jobs}")
        for rank in range(size):
            self._workers[rank][1].send((job, rank, size, store, timeout, given))
        answers = [self._answer_of(0, 300.0)]
        answers += [self._answer_of(rank, grace) for rank in range(1, size)]
        self._workers = [one for one in self._workers if one[0].is_alive()]
        return answers

    def start(self, size: int) -> None:
        """Let there be some processes."""
        new = [self._start() for _ in range(size - len(self._workers))]
        for _, pipe in new:
            assert pipe.poll(120) and pipe.recv() == "ready"
        self._workers += new

    def _start(self) -> tuple[Any, Any]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        return process, ours

    def _answer_of(self, rank: int, patience: float) -> Any:
        process, pipe = self._workers[rank]
        if not pipe.poll(patience):  # it hangs, or has been stopped
            process.kill()
        try:
            return pipe.recv()
        except EOFError:
            process.join()
            return None

    def close(self) -> None:
        """End all processes."""
        for process, pipe in self._workers:
            pipe.close()
            process.kill()
            process.join()
        self._folder.cleanup()


def _serve(pipe: Any) -> None:
    """Do jobs until the other end is closed."""
    import torch.distributed as dist

    import sklearn_binmask._estimator  # noqa: F401  # which takes seconds

    pipe.send("ready")
    while True:
        try:
            job, rank, size, store, timeout, given = pipe.recv()
        except EOFError:
            return
        try:
            dist.init_process_group(
                "gloo",
                store=dist.FileStore(store, size),
                rank=rank,
                world_size=size,
                timeout=datetime.timedelta(seconds=timeout),
            )
            answer = job(rank, *given)
        except Exception as error:
            answer = error
        if dist.is_initialized():
            dist.destroy_process_group()
        pipe.send(answer)


def fit_own(rank: int, estimators: list[Any], tables: list[tuple[Any, ...]]) -> Any:
    """Fit the estimator of this process on its table, and say what became of both."""
    estimator = estimators[rank]
    try:
        return estimator.fit(*tables[rank])
    except Exception as error:
        return error, sorted(vars(estimator))


def fit_share(
    rank: int, estimator: Any, table: tuple[Any, ...], bounds: list[int]
) -> Any:
    """Fit on the rows between two bounds; what is fitted is what comes back."""
    share = slice(bounds[rank], bounds[rank + 1])
    return estimator.fit(*(None if part is None else part[share] for part in table))


def fit_groups(
    rank: int,
    estimator: Any,
    table: tuple[Any, Any],
    groups: tuple[Any, ...],
) -> Any:
    """Fit on the rows of this process, of which each has labels of its own making."""
    n_rows = [len(labels) for labels in groups]
    start = sum(n_rows[:rank])
    share = slice(start, start + n_rows[rank])
    return estimator.fit(*(part[share] for part in table), groups=groups[rank])


def begin_slowly(rank: int, n_ranks: int) -> int:
    """Begin a group, later on each process than on the one before.

    Return how many had connected when this one was let in.
    """
    import torch.distributed as dist

    from sklearn_binmask._engine.process_group import Together

    connect, store = dist.new_group, dist.distributed_c10d._get_default_store()

    def connect_slowly(*args: Any, **options: Any) -> Any:
        group = connect(*args, **options)
        time.sleep(0.3 * rank)
        store.set(f"connected{rank}", "")
        return group

    dist.new_group = connect_slowly
    try:
        with Together():
            return sum(store.check([f"connected{other}"]) for other in range(n_ranks))
    finally:
        dist.new_group = connect


# When a process ends: in the call of that number of a function, by module and name.
MOMENTS = {
    "encoding": ("_encoding.shared", "learn_numbers", 1),
    "training": ("_engine.training", "Trainer.step", 10),
    "refit": ("_engine.fixed", "train_fixed", 1),
}


def fit_until_signal(
    rank: int, estimator: Any, table: Any, bounds: Any, kind: str, moment: str
) -> Any:
    """Fit, and let the last process end or stop at some moment."""
    module, names, last = MOMENTS[moment]
    owner: Any = importlib.import_module(f"sklearn_binmask.{module}")
    *parents, name = names.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    function, n_calls = getattr(owner, name), 0

    def fatal(*args: Any, **options: Any) -> Any:
        nonlocal n_calls
        n_calls += 1
        if n_calls == last and rank == len(bounds) - 2:
            os.kill(os.getpid(), getattr(signal, kind))
        return function(*args, **options)

    setattr(owner, name, fatal)
    try:
        return fit_share(rank, estimator, table, bounds)
    except Exception as error:
        return error, sorted(vars(estimator))
    finally:
        setattr(owner, name, function)


def fit_watched(
    rank: int, estimator: Any, table: tuple[Any, ...], bounds: list[int]
) -> list[str]:
    """Fit a share twice; name what the second fit has changed in the process."""
    import warnings

    from world import describe_world

    changed = []
    for _ in range(2):  # what is imported late is here the second time
        before = describe_world()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit_share(rank, estimator, table, bounds)
        after = describe_world()
        changed = [key for key in before if before[key] != after[key]]
    return changed
