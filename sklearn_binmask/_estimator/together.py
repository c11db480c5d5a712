"""Rows that are spread over several processes, checked by all of them.

Each process has rows of the table; targets, weights and roles of rows are small, and
every process comes to know those of all. What the processes must have in common (the
columns, the parameters) is compared before anything else.
"""

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator

from .._encoding import target_array
from .._engine.agreement import Agreement
from .._version import __version__
from ..exceptions import DistributedError
from .rows import Rows, check_rows, is_frame

__all__ = ["check_all_rows", "join_group", "open_store"]

# Parameters that each process may have of its own.
_OWN = {"device", "random_state", "verbose", "n_jobs"}


def check_all_rows(
    agreement: Agreement,
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    sample_weight: Any,
    groups: Any = None,
) -> Rows:
    """Check what ``fit`` was given on each process, without touching the estimator.

    Parameters
    ----------
    agreement : Agreement
        Among the processes.
    estimator : estimator
        The one that is fitted.
    X, y, sample_weight, groups : object
        The rows of this process.

    Returns
    -------
    rows : Rows
        Those of this process, with targets, weights and groups of all.
    """
    if agreement.size == 1:
        return check_rows(estimator, X, y, sample_weight, groups)
    rows = check_rows(estimator, X, y, sample_weight, groups, least=1)
    if issparse(rows.X):
        raise TypeError(
            "X is sparse, but the processes of a shared fit take arrays and data "
            "frames only. Pass X.toarray(), or fit with distributed=None."
        )
    targets = target_array(rows.y)
    _compare(agreement, _head(estimator, rows, targets))
    n_rows = agreement.gather_words(len(targets))
    start = sum(n_rows[: agreement.rank])
    weights, labels = rows.sample_weight, rows.groups
    return replace(
        rows,
        y=_gather_targets(agreement, targets),
        groups=None if labels is None else agreement.gather_rows(labels),
        sample_weight=None if weights is None else agreement.gather_rows(weights),
        own=slice(start, start + len(targets)),
        agreement=agreement,
    )


def _head(estimator: BaseEstimator, rows: Rows, targets: NDArray) -> dict[str, Any]:
    """Name what all processes must have in common."""
    names = rows.names
    parameters = estimator.get_params(deep=False).items()
    return {
        "version of sklearn_binmask": __version__,
        "estimator": type(estimator).__name__,
        "number of columns": rows.seen["n_features_in_"],
        "names of columns": None if names is None else list(names),
        "data frame": is_frame(rows.X),
        "shape of a target": list(targets.shape[1:]),
        "sample_weight": rows.sample_weight is not None,
        "groups": _kind(rows.groups),
        **{name: repr(value) for name, value in parameters if name not in _OWN},
    }


def _kind(groups: NDArray | None) -> str:
    if groups is None:
        return "none"
    return "text" if groups.dtype.kind == "U" else "numbers"


def _compare(agreement: Agreement, head: dict[str, Any]) -> None:
    """Refuse to go on where a process differs from the first one."""
    first, *others = agreement.gather_words(head)
    for rank, other in enumerate(others, start=1):
        for name, value in first.items():
            if other.get(name) != value:
                raise DistributedError(
                    f"The processes of a fit must be alike, but rank {rank} differs "
                    f"from rank 0 in {name}: {_short(other.get(name))} there, "
                    f"{_short(value)} here. Give all of them the same parameters, and "
                    "tables with the same columns."
                )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _gather_targets(agreement: Agreement, targets: NDArray) -> NDArray:
    """Join the targets of all processes, as if they had been given as one."""
    kinds = {kind == "U" for kind in agreement.gather_words(targets.dtype.kind)}
    objects = agreement.any(targets.dtype == object)
    if not objects and len(kinds) == 1:
        return agreement.gather_rows(targets)
    joined = [
        value for part in agreement.gather_words(targets.tolist()) for value in part
    ]
    values = np.empty(len(joined), dtype=object)
    values[:] = joined
    return target_array(values)


def open_store(host: str, timeout: float) -> tuple[Any, int]:
    """Open a store where processes meet: the store, and its port."""
    from .._engine.rendezvous import open_store

    return open_store(host, timeout)


def join_group(
    address: tuple[str, int], rank: int, size: int, *, interface: str, timeout: float
) -> AbstractContextManager[None]:
    """Be one of several processes for a while."""
    from .._engine.rendezvous import join_group

    return join_group(address, rank, size, interface=interface, timeout=timeout)
