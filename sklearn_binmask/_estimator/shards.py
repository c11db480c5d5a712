"""Rows that come to a process in parts, and are held there once.

A part is held as a few large arrays, one for the numbers of each type, in memory that
goes back to the system as soon as an array is let go of (what `malloc` gave may stay
with the process). That is done one by one as they are joined, so at no time are there
two copies of all rows.
"""

import mmap
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .rows import is_frame

__all__ = ["Shard"]


@dataclass
class _Part:
    """Some rows of the table: arrays of numbers by their type, and other columns."""

    numbers: dict[str, NDArray]
    others: dict[int, Any]
    y: Any
    sample_weight: Any


class Shard:
    """The rows of one process, given in parts, in whatever order."""

    def __init__(self) -> None:
        self._parts: dict[int, _Part] = {}
        self._names: pd.Index | None = None
        # Places of the columns of each type, the same in all parts
        self._places: dict[str, list[int]] = {}

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
        if len(y) == 0:
            return 0
        if is_frame(X):
            part = self._part_of_frame(X.drop(columns=list(named)))
        else:
            self._places = {"": list(range(X.shape[1]))}
            part = _Part({"": _set_apart(X)}, {}, None, None)
        part.y, part.sample_weight = y, sample_weight
        self._parts[index] = part
        return len(y)

    def _part_of_frame(self, X: pd.DataFrame) -> _Part:
        """Sort the columns by their types, as they are in the first part."""
        if self._names is None:
            self._names = X.columns
            for place, dtype in enumerate(X.dtypes):
                is_plain = isinstance(dtype, np.dtype) and dtype.kind in "fiub"
                self._places.setdefault(str(dtype) * is_plain, []).append(place)
        numbers = {
            name: _set_apart(X.iloc[:, places].to_numpy())
            for name, places in self._places.items()
            if name
        }
        others = {place: X.iloc[:, place].copy() for place in self._places.get("", [])}
        return _Part(numbers, others, None, None)

    def join(self) -> tuple[Any, Any, Any]:
        """Put the parts one after the other; the shard is empty afterwards."""
        parts = [self._parts.pop(index) for index in sorted(self._parts)]
        y = _joined([part.y for part in parts])
        weights = [part.sample_weight for part in parts]
        sample_weight = None if weights[0] is None else _joined(weights)
        if self._names is None:
            return _stacked(parts, ""), y, sample_weight
        columns: dict[int, Any] = {}
        for name, places in self._places.items():
            if name:
                columns.update(zip(places, _stacked(parts, name).T, strict=True))
            else:
                columns.update(
                    (place, _joined([part.others.pop(place) for part in parts]))
                    for place in places
                )
        X = pd.DataFrame(
            {place: columns[place] for place in sorted(columns)}, copy=False
        )
        X.columns = self._names
        return X, y, sample_weight


def _set_apart(array: NDArray) -> NDArray:
    """Copy an array to memory of its own."""
    memory = mmap.mmap(-1, max(1, array.nbytes))
    apart = np.frombuffer(memory, array.dtype, array.size).reshape(array.shape)
    apart[:] = array
    return apart


def _joined(pieces: list[Any]) -> Any:
    """Join pieces of one column; levels that only some of them know are kept."""
    if not isinstance(pieces[0], pd.Series | pd.DataFrame):
        return np.concatenate([np.asarray(piece) for piece in pieces])
    if all(isinstance(piece.dtype, pd.CategoricalDtype) for piece in pieces):
        levels = pd.api.types.union_categoricals(pieces, ignore_order=True)
        return pd.Series(levels, name=pieces[0].name)
    return pd.concat(pieces, ignore_index=True)


def _stacked(parts: list[_Part], name: str) -> NDArray:
    """Stack the arrays of one type, and let go of each once it has been copied."""
    arrays = [part.numbers[name] for part in parts]
    shape = sum(map(len, arrays)), arrays[0].shape[1]
    stacked = np.empty(shape, dtype=np.result_type(*arrays))
    del arrays
    start = 0
    for part in parts:
        array = part.numbers.pop(name)
        stacked[start : start + len(array)] = array
        start += len(array)
    return stacked
