"""What the process of a job does.

It tells its parent step by step how far it has come, so that the parent knows what was
reached when the process dies: ("ready", facts of the table), ("selected", costs), then
("judged", (size, learner, score)) for each, and ("done", None); or ("missing", package)
or ("failed", reason).
"""

import contextlib
import time
import warnings
from importlib import import_module, metadata
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from .learners import judge
from .records import Table

PACKAGES = ("sklearn-binmask", "scikit-learn", "numpy", "torch")


def work(job, pipe):
    """Run a job from its table to the last judge."""
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        try:
            try:
                rival = import_module(job.rival)
            except ModuleNotFoundError as error:
                pipe.send(("missing", error.name))
                return
            _work(job, rival, pipe)
            pipe.send(("done", None))
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            pipe.send(("failed", reason[:200]))


def _work(job, rival, pipe):
    case = import_module(job.suite).CASES[job.case]
    table = case.draw(job.seed, job.source)
    packages = getattr(rival, "PACKAGES", ())
    pipe.send(
        (
            "ready",
            {
                "n_rows": len(table.y),
                "n_columns": table.X.shape[1],
                "measure": "accuracy" if table.task == "classification" else "R2",
                "version": versions(packages) if packages else "",
                "packages": versions(PACKAGES),
            },
        )
    )
    columns, costs = select(rival, table, max(job.sizes), job.seed, job.cpu_limit)
    pipe.send(("selected", costs | {"n_selected": len(columns)}))
    for size in job.sizes:
        kept = columns if getattr(rival, "KEEPS_ALL", False) else columns[:size]
        for learner in job.learners:
            score = judge(learner, table, kept, job.seed) if len(kept) else np.nan
            pipe.send(("judged", (size, learner, float(score))))


def select(rival, table: Table, size, seed, cpu_limit):
    """Return the selected columns, best first, and what they cost.

    Nobody is given columns that do not vary: some rivals refuse them, and none should
    select them.
    """
    varying = np.flatnonzero(table.X.min(axis=0) < table.X.max(axis=0))
    X = np.ascontiguousarray(table.X[:, varying], dtype=np.float64)
    more = {"groups": table.groups} if getattr(rival, "TAKES_GROUPS", False) else {}
    with cpu_seconds_at_most(cpu_limit), peak_memory() as peak:
        start = time.process_time(), time.perf_counter()
        wanted = min(size, len(varying))
        chosen = rival.select(X, table.y, wanted, table.task, seed, **more)
        costs = {
            "cpu_s": time.process_time() - start[0],
            "wall_s": time.perf_counter() - start[1],
        }
    return varying[np.asarray(chosen, dtype=int)], costs | peak


@contextlib.contextmanager
def cpu_seconds_at_most(seconds):
    """Let the system end this process by SIGXCPU; where it cannot, the parent does."""
    try:
        import resource
    except ImportError:
        yield
        return
    kind, hard = resource.RLIMIT_CPU, resource.getrlimit(resource.RLIMIT_CPU)[1]
    until = int(time.process_time() + seconds) + 1
    resource.setrlimit(kind, (until, hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, (hard, hard))


@contextlib.contextmanager
def peak_memory():
    """Measure by how many MB memory rises, in its worst moment; Linux tells."""
    peak = {}
    before = _status_of_memory("VmRSS")
    if before is not None:
        with contextlib.suppress(OSError):  # sets the mark of the highest back
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    yield peak
    if before is not None:
        peak["peak_mb"] = (_status_of_memory("VmHWM") - before) / 1024


def _status_of_memory(name):
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    return int(status.split(f"{name}:")[1].split()[0])


def versions(packages):
    """Say which releases of some packages are installed."""
    found = []
    for package in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found.append(f"{package} {metadata.version(package)}")
    return "; ".join(found)
