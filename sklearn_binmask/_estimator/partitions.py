"""A dask collection, taken apart into the partitions that it says it has."""

from typing import Any

import numpy as np

__all__ = ["parts_of"]


def parts_of(X: Any, **others: Any) -> list[tuple[Any, ...]]:
    """Pair the partitions of a table with those of what belongs to its rows.

    Parameters
    ----------
    X : dask DataFrame or Array
        The table.
    **others : dask collection, str or None
        What belongs to its rows, by the names that messages give it; the name of a
        column, and None, stand for themselves.

    Returns
    -------
    parts : list of tuple
        A partition of each, in this order.
    """
    if not hasattr(X, "to_delayed"):
        raise TypeError(
            f"X is a {type(X).__name__}, but must be a dask DataFrame or Array. Use "
            "dask.dataframe.from_pandas or dask.array.from_array, or call fit of the "
            "estimator itself."
        )
    if getattr(X, "ndim", 2) == 2 and not hasattr(X, "columns"):
        X = X.rechunk({1: -1})
    columns: list[Any] = [_delayed(X)]
    n_parts = len(columns[0])
    for name, given in others.items():
        if given is None or isinstance(given, str):
            columns.append([given] * n_parts)
            continue
        columns.append(_delayed(given))
        if len(columns[-1]) != n_parts:
            raise ValueError(
                f"{name} has {len(columns[-1])} partitions, but X has {n_parts}. "
                "Repartition it like X, or pass the name of a column of X."
            )
    return list(zip(*columns, strict=True))


def _delayed(collection: Any) -> list[Any]:
    """Take a collection apart, into the partitions that it says it has."""
    from dask.delayed import Delayed
    from dask.optimization import cull

    if hasattr(collection, "simplify"):
        # reads no more columns than it needs; a full optimization would also join
        # partitions, and those of X and of y not alike
        parts = collection.simplify().to_delayed(optimize_graph=False)
    else:
        parts = np.asarray(collection.to_delayed(), dtype=object).ravel().tolist()
    # what makes one partition, and no other: those of a frame in memory are its rows
    delayed = []
    for part in parts:
        graph = part.__dask_graph__()
        if isinstance(graph, dict):  # of frames, in dask of early 2025
            tasks, _ = cull(graph, [part.key])
        else:
            tasks = graph.cull({part.key}).to_dict()
        delayed.append(Delayed(part.key, tasks))
    return delayed
