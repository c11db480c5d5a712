"""One fit on a dask cluster: the workers hold the rows, torch adds up what they say.

Each worker that takes part is one process of the fit. It is given a stretch of the
partitions, meets the others at a store, and calls ``fit`` with rows of its own; see
``docs/distributed.md``. dask comes with the extra ``dask`` and is imported here only
when it is used.
"""

import contextlib
import os
import socket
import uuid
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from ._estimator import Shard, join_group, open_store
from .exceptions import DistributedError, ParameterError

__all__ = ["fit"]

# What a worker holds for the fits under way, by their tokens: the rows that have come
# so far, and on the first one the store.
_shards: dict[str, Shard] = {}
_stores: dict[str, Any] = {}
# Seconds between two looks at whether all workers are still there, and for which the
# end of one is waited for when another has lost it.
_LOOK, _LAST_LOOKS = 0.5, 10


def fit(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    client: Any = None,
    interface: str | None = None,
    timeout: float = 300.0,
) -> BaseEstimator:
    """Fit an estimator on the rows of a dask collection, where they are.

    No process ever holds the whole table. A worker holds the rows of its partitions
    once, besides what the fit makes of them; partitions that have been persisted are
    held by dask as well.

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
    parts = _parts_of(X, y, sample_weight)
    cluster = _Cluster(
        client or distributed.default_client(), interface, float(timeout)
    )
    try:
        shared = clone(estimator).set_params(distributed="auto")
        fitted = cluster.fit(shared, cluster.hand_out(parts))
    finally:
        cluster.clean_up()
    return fitted.set_params(distributed=estimator.distributed)


# On the client ------------------------------------------------------------------------


def _parts_of(*collections: Any) -> list[tuple[Any, ...]]:
    """Pair the partitions of table, target and weights; names stand for themselves."""
    X = collections[0]
    if not hasattr(X, "to_delayed"):
        raise TypeError(
            f"X is a {type(X).__name__}, but must be a dask DataFrame or Array. Use "
            "dask.dataframe.from_pandas or dask.array.from_array, or call fit of the "
            "estimator itself."
        )
    if getattr(X, "ndim", 2) == 2 and not hasattr(X, "columns"):
        X = X.rechunk({1: -1})
    n_parts: int | None = None
    columns: list[Any] = []
    for name, given in zip(
        ("X", "y", "sample_weight"), (X, *collections[1:]), strict=True
    ):
        if given is None or isinstance(given, str):
            columns.append(given)
            continue
        parts = np.asarray(given.to_delayed(), dtype=object).ravel().tolist()
        n_parts = n_parts or len(parts)
        if len(parts) != n_parts:
            raise ValueError(
                f"{name} has {len(parts)} partitions, but X has {n_parts}. Repartition "
                "it like X, or pass the name of a column of X."
            )
        columns.append(parts)
    return [
        tuple(one if not isinstance(one, list) else one[i] for one in columns)
        for i in range(n_parts or 0)
    ]


class _Cluster:
    """The workers that take part in one fit, as the client sees them."""

    def __init__(self, client: Any, interface: str | None, timeout: float) -> None:
        self._client, self._timeout = client, timeout
        self._token = uuid.uuid4().hex
        places = client.run(_place, interface)
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

    def hand_out(self, parts: list[tuple[Any, ...]]) -> list[str]:
        """Give each worker a stretch of the partitions; names those that have rows."""
        import dask

        stretches = np.array_split(np.arange(len(parts)), len(self._workers))
        tasks, workers = [], []
        for worker, stretch in zip(self._workers, stretches, strict=True):
            for index in stretch:
                with dask.annotate(workers=[worker], allow_other_workers=False):
                    task = dask.delayed(_take, pure=False)
                    tasks.append(task(self._token, int(index), *parts[index]))
                workers.append(worker)
        futures = self._client.compute(tasks, optimize_graph=False)
        counts = dict.fromkeys(workers, 0)
        answers = self._wait_for(dict(enumerate(futures)), workers)
        for worker, (n_rows, taker) in zip(workers, answers, strict=True):
            if taker != worker:
                raise DistributedError(
                    f"Rows for worker {worker} have come to {taker}: has it been "
                    "restarted? Try again."
                )
            counts[worker] += n_rows
        return [worker for worker in self._workers if counts.get(worker)]

    def fit(self, estimator: BaseEstimator, workers: list[str]) -> BaseEstimator:
        """Let the workers fit together, and return what the first one has."""
        if not workers:
            raise ValueError("X has no rows. Pass a table with at least two.")
        host = self._places[workers[0]][3]
        address = None
        if len(workers) > 1:
            port = self._submit(workers[0], _open_store, host, self._timeout)
            address = host, self._wait_for({0: port}, workers[:1])[0]
        futures = {
            rank: self._submit(
                worker,
                _fit_rank,
                estimator,
                address,
                rank,
                len(workers),
                self._places[worker][2],
                self._timeout,
            )
            for rank, worker in enumerate(workers)
        }
        return self._wait_for(futures, workers)[0]

    def _submit(self, worker: str, function: Any, *given: Any) -> Any:
        return self._client.submit(
            function,
            self._token,
            *given,
            workers=[worker],
            allow_other_workers=False,
            pure=False,
        )

    def _wait_for(self, futures: dict[int, Any], workers: list[str]) -> list[Any]:
        """Wait for all, as long as the workers live and none has failed."""
        import distributed

        waiting, looks_left = list(futures.values()), _LAST_LOOKS
        try:
            while any(not future.done() for future in waiting) and looks_left:
                with contextlib.suppress(distributed.TimeoutError):
                    distributed.wait(waiting, timeout=_LOOK)
                gone = sorted(set(workers) - set(self._client.nthreads()))
                if gone:
                    raise DistributedError(
                        f"The worker {', '.join(gone)} has died during the fit, which "
                        "has ended on all others. Look at its log (was there too "
                        "little memory?) and fit again."
                    )
                failed = [one for one in waiting if one.status == "error"]
                looks_left -= bool(failed)
            for future in waiting:
                if future.status == "error":
                    future.result()
            return [future.result() for future in waiting]
        finally:
            self._client.cancel([one for one in waiting if not one.done()])

    def clean_up(self) -> None:
        """Let the workers that are left forget this fit."""
        import distributed

        for worker in set(self._workers) & set(self._client.nthreads()):
            distributed.fire_and_forget(self._submit(worker, _forget))


# On the workers -----------------------------------------------------------------------


def _place(interface: str | None) -> tuple[str, int, str | None, str | None]:
    """Tell where a worker is: machine, process, interface and its address."""
    import psutil

    for name, addresses in sorted(psutil.net_if_addrs().items()):
        for one in addresses:
            is_loopback = one.address.startswith("127.")
            wanted = is_loopback if interface is None else name == interface
            if one.family == socket.AF_INET and wanted:
                return socket.gethostname(), os.getpid(), name, one.address
    return socket.gethostname(), os.getpid(), None, None


def _take(
    token: str, index: int, X: Any, y: Any, sample_weight: Any
) -> tuple[int, str]:
    """Hold a part of the rows."""
    import distributed

    shard = _shards.setdefault(token, Shard())
    return shard.add(index, X, y, sample_weight), distributed.get_worker().address


def _open_store(token: str, host: str, timeout: float) -> int:
    """Open the store where the processes meet."""
    _stores[token], port = open_store(host, timeout)
    return port


def _fit_rank(
    token: str,
    estimator: BaseEstimator,
    address: tuple[str, int] | None,
    rank: int,
    size: int,
    interface: str,
    timeout: float,
) -> BaseEstimator | None:
    """Fit on the rows held here, together with the others."""
    X, y, sample_weight = _shards.pop(token).join()
    try:
        if address is None:
            return estimator.fit(X, y, sample_weight)
        with join_group(address, rank, size, interface=interface, timeout=timeout):
            estimator.fit(X, y, sample_weight)
        return estimator if rank == 0 else None
    finally:
        _forget(token)


def _forget(token: str) -> None:
    """Hold nothing more for a fit."""
    _shards.pop(token, None)
    _stores.pop(token, None)
