"""What the workers of a dask cluster do for a fit; the client calls these functions.

A fit has a token, by which a worker knows the rows that it holds for it.
"""

import os
import socket
import sys
from typing import Any

from sklearn.base import BaseEstimator

from ..exceptions import DistributedError
from .shards import Shard
from .together import join_group, open_store

__all__ = [
    "are_rows_wanted",
    "bring_part",
    "end_round",
    "find_place",
    "fit_rank",
    "forget",
    "open_meeting",
    "take_part",
]

# What a worker holds for the fits under way, by their tokens: rows, and on the first
# one the store where all meet.
_shards: dict[str, Shard] = {}
_stores: dict[str, Any] = {}


def find_place(interface: str | None) -> tuple[str, int, str | None, str | None]:
    """Tell where a worker is: machine, process, interface and its address."""
    import psutil

    for name, addresses in sorted(psutil.net_if_addrs().items()):
        for one in addresses:
            is_loopback = one.address.startswith("127.")
            wanted = is_loopback if interface is None else name == interface
            if one.family == socket.AF_INET and wanted:
                return socket.gethostname(), os.getpid(), name, one.address
    return socket.gethostname(), os.getpid(), None, None


def take_part(
    token: str,
    worker: str,
    index: int,
    X: Any,
    y: Any,
    sample_weight: Any,
    groups: Any,
    timeout: float,
) -> tuple[int, bool]:
    """Take rows: how many are of use, and whether there are too many to be held."""
    _refuse_stray(worker)
    _release_memory()
    shard = _shards.setdefault(token, Shard(timeout))
    return shard.add(index, X, y, sample_weight, groups), shard.is_parted


def bring_part(token: str, worker: str, index: int, X: Any, *_: Any) -> None:
    """Bring a part of the table to the fit that waits for it."""
    _refuse_stray(worker)
    _release_memory()
    if shard := _shards.get(token):
        shard.deliveries.bring(index, X)


def _release_memory() -> None:
    """Hand back to the system what is kept of partitions that are gone."""
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None:
        pyarrow.default_memory_pool().release_unused()


def _refuse_stray(worker: str) -> None:
    """Refuse rows that are not for this worker."""
    import distributed

    here = distributed.get_worker().address
    if here != worker:
        raise DistributedError(
            f"Rows for worker {worker} have come to {here}: has it been restarted? "
            "Try again."
        )


def are_rows_wanted(token: str) -> bool:
    """Tell whether the fit waits for rows, and it that somebody asks."""
    shard = _shards.get(token)
    return shard is not None and shard.deliveries.are_wanted()


def end_round(token: str) -> None:
    """Tell the fit that it has been brought all parts."""
    _release_memory()
    if shard := _shards.get(token):
        shard.deliveries.end()


def open_meeting(token: str, host: str, timeout: float) -> int:
    """Open the store where the processes meet."""
    _stores[token], port = open_store(host, timeout)
    return port


def fit_rank(
    token: str,
    estimator: BaseEstimator,
    address: tuple[str, int] | None,
    rank: int,
    size: int,
    interface: str,
    timeout: float,
    is_parted: bool,
) -> BaseEstimator | None:
    """Fit on the rows of this worker, together with the others."""
    shard = _shards[token]
    try:
        if is_parted:
            import distributed

            distributed.secede()  # the rows come through the thread that is free now
        X, y, sample_weight, groups = shard.join(parted=is_parted)
        if address is None:
            return estimator.fit(X, y, sample_weight, groups=groups)
        with join_group(address, rank, size, interface=interface, timeout=timeout):
            estimator.fit(X, y, sample_weight, groups=groups)
        return estimator if rank == 0 else None
    finally:
        forget(token)


def forget(token: str) -> None:
    """Hold nothing more for a fit."""
    if shard := _shards.pop(token, None):
        shard.deliveries.close()
    _stores.pop(token, None)
