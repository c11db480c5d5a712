"""One fit on a dask cluster: the workers hold the rows, torch adds up what they say.

Each worker that takes part is one process of the fit. It is given a stretch of the
partitions, meets the others at a store, and calls ``fit`` with rows of its own; see
``docs/distributed.md``. dask comes with the extra ``dask`` and is imported here only
when it is used.
"""

import contextlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from ._estimator import workers as on_worker
from ._estimator.partitions import parts_of
from .exceptions import DistributedError, ParameterError

__all__ = ["fit"]

# Seconds between two looks at whether all workers are still there, and for which the
# end of one is waited for when another has lost it.
_LOOK, _LAST_LOOKS = 0.5, 10
# Seconds in which workers are to say that they have forgotten a fit.
_FAREWELL = 5.0


def fit(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    groups: Any = None,
    *,
    client: Any = None,
    interface: str | None = None,
    timeout: float = 300.0,
) -> BaseEstimator:
    """Fit an estimator on the rows of a dask collection, where they are.

    No process ever holds the whole table. Each worker is given a stretch of the
    partitions, and of a large table holds none of them longer than it takes to put the
    rows that are used in code: four bytes for a number, one for a level. For that the
    partitions are computed three times; persist those that take long to make.

    Parameters
    ----------
    estimator : estimator
        One with the parameter `distributed`. It stays as it is.
    X : dask DataFrame or dask Array of shape (n_samples, n_features)
        The table, partitioned by rows; ``dask.dataframe.read_parquet`` makes one of
        partitioned Parquet.
    y : str, dask Series, DataFrame or Array of shape (n_samples,) or \
            (n_samples, n_targets)
        The target, in as many partitions; or the column of the frame `X` that it is.
    sample_weight : str, dask Series or Array of shape (n_samples,), default=None
        Weights of the rows, likewise.
    groups : str, dask Series or Array of shape (n_samples,), default=None
        Which rows belong together, likewise.
    client : distributed.Client, default=None
        Of the cluster; by default the client in use.
    interface : str, default=None
        Network interface by which the workers reach each other, such as ``"eth0"``;
        it must have this name on all their machines. By default that of the loopback
        address: all workers on one machine, and nobody outside it can connect. What
        goes over the interface is neither encrypted nor authenticated.
    timeout : float, default=300.0
        Seconds that a worker waits for one that does not answer. One that has died is
        noticed at once.

    Returns
    -------
    fitted : estimator
        A clone of `estimator`, fitted as if one process had had all rows, in their
        order.

    Raises
    ------
    ValueError, TypeError
        If the rows cannot serve; the message names the process that was given them.
    DistributedError
        If a worker dies or does not answer.
    ImportError
        If dask is not installed.

    Examples
    --------
    >>> from dask import array as da
    >>> from distributed import Client
    >>> from sklearn_binmask import BinMaskSelector
    >>> from sklearn_binmask.distributed import fit
    >>> X = da.random.default_rng(0).normal(size=(1000, 20), chunks=(250, 20))
    >>> y = X[:, 3] * X[:, 7] > 0
    >>> with Client(n_workers=2, threads_per_worker=1) as client:  # doctest: +SKIP
    ...     fit(BinMaskSelector(random_state=0), X, y).get_support(indices=True)
    array([3, 7])
    """
    import distributed

    if "distributed" not in estimator.get_params(deep=False):
        raise ParameterError(
            f"{type(estimator).__name__} has no parameter 'distributed', and so cannot "
            "be fitted by several processes. Use BinMaskSelector, BinMaskMLPClassifier "
            "or BinMaskMLPRegressor."
        )
    cluster = _Cluster(
        client or distributed.default_client(), interface, float(timeout)
    )
    of_rows = {"y": y, "sample_weight": sample_weight, "groups": groups}
    targets = parts_of(X, **of_rows)
    named = [name for name in of_rows.values() if isinstance(name, str)]
    tables = parts_of(X.drop(columns=named)) if named else targets
    try:
        shared = clone(estimator).set_params(distributed="auto")
        fitted = cluster.fit(shared, targets, tables)
    finally:
        cluster.clean_up()
    return fitted.set_params(distributed=estimator.distributed)


class _Cluster:
    """The workers that take part in one fit, as the client sees them."""

    def __init__(self, client: Any, interface: str | None, timeout: float) -> None:
        self._client, self._timeout = client, timeout
        self._token = uuid.uuid4().hex
        places = client.run(on_worker.find_place, interface)
        if not places:
            raise DistributedError(
                "The cluster has no workers. Start some, or wait for those that are "
                "starting with client.wait_for_workers(2)."
            )
        processes = {place[:2]: worker for worker, place in sorted(places.items())}
        self._workers = sorted(processes.values())  # threads cannot be told apart
        machines = {places[worker][0] for worker in self._workers}
        if len(machines) > 1 and interface is None:
            raise ParameterError.of(
                "interface",
                interface,
                f"named where workers are on several machines, {sorted(machines)}",
                "'eth0', or whatever joins them",
            )
        absent = [worker for worker in self._workers if places[worker][2] is None]
        if absent:
            raise ParameterError.of(
                "interface",
                interface,
                f"one with an address on every worker, and {absent} have none",
                "one of those that the command 'ip address' lists there",
            )
        self._places = places

    def fit(
        self, estimator: BaseEstimator, targets: list[Any], tables: list[Any]
    ) -> BaseEstimator:
        """Let the workers fit together, and return what the first one has.

        Parameters
        ----------
        estimator : estimator
            To be fitted.
        targets, tables : list of tuple
            Partitions of the table and of what belongs to its rows; and of the table
            alone, if they are others.
        """
        takers, is_parted = self._count_rows(targets)
        if not takers:
            raise ValueError("X has no rows. Pass a table with at least two.")
        host = self._places[takers[0]][3]
        address = None
        if len(takers) > 1:
            port = self._submit(takers[0], on_worker.open_meeting, host, self._timeout)
            address = host, self._wait_for([port], takers[:1])[0]
        ranks = [
            self._submit(
                worker,
                on_worker.fit_rank,
                estimator,
                address,
                rank,
                len(takers),
                self._places[worker][2],
                self._timeout,
                is_parted,
            )
            for rank, worker in enumerate(takers)
        ]

        def deliver() -> None:
            """Bring all rows, if the processes wait for them."""
            if is_parted and self._are_rows_wanted(takers):
                self._bring(on_worker.bring_part, tables, meanwhile=self._hail)
                self._tell(on_worker.end_round, takers)

        return self._wait_for(ranks, takers, meanwhile=deliver)[0]

    def _count_rows(self, targets: list[Any]) -> tuple[list[str], bool]:
        """Let each worker take its targets, and its part of a small table.

        Returns
        -------
        takers : list of str
            The workers that have rows.
        is_parted : bool
            Whether there are too many for the workers to hold.
        """
        answers = self._bring(on_worker.take_part, targets, self._timeout)
        has_rows = {worker for worker, (n_rows, _) in answers if n_rows}
        takers = [worker for worker in self._workers if worker in has_rows]
        return takers, any(is_parted for _, (_, is_parted) in answers)

    def _bring(
        self,
        function: Callable,
        parts: list[tuple[Any, ...]],
        *given: Any,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[tuple[str, Any]]:
        """Call a function with each partition, where it belongs, a few at a time.

        Each worker is given a stretch of them, in their order. No more are on their way
        than a worker can work on: what a partition is made of may be the rows.

        Returns
        -------
        answers : list of tuple
            Worker and what the function returned there, for each partition.
        """
        import dask
        import distributed

        task = dask.delayed(function, pure=False)
        to_do: dict[str, Iterator[int]] = {
            worker: iter(stretch.tolist())
            for worker, stretch in zip(
                self._workers,
                np.array_split(np.arange(len(parts)), len(self._workers)),
                strict=True,
            )
        }
        doing, answers = dict[Any, str](), []
        threads = self._client.nthreads().items()
        room = [worker for worker, n in threads if worker in to_do for _ in range(n)]
        try:
            while room or doing:
                for worker in room:
                    if (index := next(to_do[worker], None)) is not None:
                        one = task(self._token, worker, index, *parts[index], *given)
                        doing[self._compute(one, worker)] = worker
                with contextlib.suppress(distributed.TimeoutError):
                    if doing:
                        distributed.wait(list(doing), _LOOK, "FIRST_COMPLETED")
                self._look_for(self._workers)
                meanwhile()
                done = [future for future in doing if future.done()]
                answers += [(doing[future], future.result()) for future in done]
                room = [doing.pop(future) for future in done]
            return answers
        finally:
            self._client.cancel(list(doing))

    def _compute(self, task: Any, worker: str) -> Any:
        """Compute a partition on one worker, and nothing of it elsewhere."""
        return self._client.compute(task, workers=[worker], allow_other_workers=False)

    def _submit(self, worker: str, function: Any, *given: Any) -> Any:
        return self._client.submit(
            function,
            self._token,
            *given,
            workers=[worker],
            allow_other_workers=False,
            pure=False,
        )

    def _are_rows_wanted(self, workers: list[str]) -> bool:
        """Tell whether all of them wait for rows; let them know that we are here."""
        said = self._tell(on_worker.are_rows_wanted, workers)
        return all(answer is True for answer in said.values())

    def _tell(self, function: Callable, workers: list[str]) -> dict[str, Any]:
        """Call a function at once, whatever the workers do: what each returns."""
        try:
            return self._client.run(
                function,
                self._token,
                workers=workers,
                on_error="return",
                callback_timeout=self._timeout,  # of `Client.sync`
            )
        except TimeoutError:
            raise DistributedError(
                f"A worker has not answered for {self._timeout:g} s, and the fit has "
                f"been given up. The workers are {', '.join(workers)}; look at their "
                "logs and fit again, with a larger timeout if one is only slow."
            ) from None

    def _hail(self) -> None:
        """Let the workers know that rows are on their way."""
        alive = set(self._workers) & set(self._client.nthreads())
        self._are_rows_wanted(sorted(alive))

    def _look_for(self, workers: list[str]) -> None:
        """Raise if a worker is no longer there."""
        gone = sorted(set(workers) - set(self._client.nthreads()))
        if gone:
            raise DistributedError(
                f"The worker {', '.join(gone)} has died during the fit, which has "
                "ended on all others. Look at its log (was there too little memory?) "
                "and fit again."
            )

    def _wait_for(
        self,
        waiting: list[Any],
        workers: list[str],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[Any]:
        """Wait for all, as long as the workers live and none has failed."""
        import distributed

        looks_left = _LAST_LOOKS
        try:
            while any(not future.done() for future in waiting) and looks_left:
                with contextlib.suppress(distributed.TimeoutError):
                    distributed.wait(waiting, timeout=_LOOK)
                self._look_for(workers)
                failed = [one for one in waiting if one.status == "error"]
                looks_left -= bool(failed)
                if not failed:
                    meanwhile()
            for future in waiting:
                if future.status == "error":
                    future.result()
            return [future.result() for future in waiting]
        finally:
            self._client.cancel([one for one in waiting if not one.done()])

    def clean_up(self) -> None:
        """Let the workers that are left forget this fit."""
        alive = sorted(set(self._workers) & set(self._client.nthreads()))
        self._timeout = min(self._timeout, _FAREWELL)
        with contextlib.suppress(DistributedError):
            self._tell(on_worker.forget, alive)
