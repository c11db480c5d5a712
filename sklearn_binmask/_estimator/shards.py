"""Rows that come to a process in parts, and are held there once.

A part is taken apart as it comes, so that its memory can be given back column by column
while the parts are joined: at no time are there two copies of all rows.
"""

from typing import Any

import numpy as np
import pandas as pd

from .rows import is_frame

__all__ = ["Shard"]


class Shard:
    """The rows of one process, given in parts, in whatever order."""

    def __init__(self) -> None:
        self._parts: dict[int, tuple[Any, Any, Any]] = {}
        self._names: pd.Index | None = None

    def add(self, index: int, X: Any, y: Any, sample_weight: Any) -> int:
        """Take the part of some number, with columns of X named in place of values.

        Parameters
        ----------
        index : int
            Place of the part among all.
        X : ndarray or data frame of shape (n_rows, n_columns)
            Columns.
        y, sample_weight : str, or array-like of shape (n_rows,), or None
            Where it is a name, that column is taken out of `X`.

        Returns
        -------
        n_rows : int
            Rows of this part.
        """
        named = {name for name in (y, sample_weight) if isinstance(name, str)}
        y, sample_weight = (
            X[given] if isinstance(given, str) else given
            for given in (y, sample_weight)
        )
        if is_frame(X):
            X = X.drop(columns=list(named))
            self._names = X.columns
            # copies of their own: a column of a frame keeps its whole block in memory
            X = [X.iloc[:, place].copy() for place in range(X.shape[1])]
        if len(y):
            self._parts[index] = (X, y, sample_weight)
        return len(y)

    def join(self) -> tuple[Any, Any, Any]:
        """Put the parts one after the other; the shard is empty afterwards."""
        tables: list[Any] = []
        y: list[Any] = []
        weights: list[Any] = []
        for index in sorted(self._parts):
            part = self._parts.pop(index)
            tables.append(part[0])
            y.append(part[1])
            weights.append(part[2])
        del part  # nothing but the list may hold the last table
        sample_weight = None if weights[0] is None else _joined(weights)
        if self._names is None:
            return _stacked(tables), _joined(y), sample_weight
        columns = {}
        for place in range(len(self._names)):
            columns[place] = _joined([table[place] for table in tables])
            for table in tables:
                table[place] = None
        X = pd.DataFrame(columns, copy=False)
        X.columns = self._names
        return X, _joined(y), sample_weight


def _joined(pieces: list[Any]) -> Any:
    """Join pieces of one column; levels that only some of them know are kept."""
    if not isinstance(pieces[0], pd.Series | pd.DataFrame):
        return np.concatenate([np.asarray(piece) for piece in pieces])
    if all(isinstance(piece.dtype, pd.CategoricalDtype) for piece in pieces):
        levels = pd.api.types.union_categoricals(pieces, ignore_order=True)
        return pd.Series(levels, name=pieces[0].name)
    return pd.concat(pieces, ignore_index=True)


def _stacked(tables: list[Any]) -> Any:
    """Stack arrays, and let go of each once it has been copied."""
    n_rows, n_columns = sum(map(len, tables)), tables[0].shape[1]
    stacked = np.empty((n_rows, n_columns), dtype=np.result_type(*tables))
    end = n_rows
    while tables:
        table = tables.pop()
        stacked[end - len(table) : end] = table
        end -= len(table)
    return stacked
