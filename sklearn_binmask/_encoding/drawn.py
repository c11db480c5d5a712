"""A large array whose rows are encoded when they are drawn.

Three or four encoded columns for each column of a large array are more than memory may
hold, and most rows are drawn into a batch a few times only. So the array stays as it
is, and with it which of its rows are meant, and which encoded columns.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .coded import CodedRows
from .columns import encode_numbers
from .held import HeldColumns
from .table import TableEncoding

__all__ = ["DrawnFrame", "DrawnInputs", "drawn_from", "drawn_from_code"]

# Rows encoded at a time: their float64 copies stay in cache.
_CHUNK = 512


@dataclass(frozen=True, eq=False)
class DrawnInputs:
    """Encoded columns of a large array; as much of an array as its users need.

    Attributes
    ----------
    X : ndarray of shape (n_all_rows, n_inputs)
        Numbers, NaN for missing. Not copied.
    encoding : TableEncoding
        Of numbers alone.
    outputs : ndarray of shape (n_outputs,)
        Its encoded columns, in the order they are wanted.
    rows : ndarray of int of shape (n_rows,), default=None
        Rows of `X`; by default all.
    """

    X: NDArray
    encoding: TableEncoding
    outputs: NDArray[np.intp]
    rows: NDArray[np.intp] | None = None

    held_as = "drawn"
    ndim = 2
    dtype = np.dtype(np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and encoded columns."""
        return len(self), len(self.outputs)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.X if self.rows is None else self.rows)

    def __getitem__(self, index: Any) -> "DrawnInputs":
        """Take rows, or with ``[rows, columns]`` columns too, without drawing any."""
        rows, columns = index if isinstance(index, tuple) else (index, slice(None))
        taken = self
        if not (isinstance(rows, slice) and rows == slice(None)):
            known = np.arange(len(self.X)) if self.rows is None else self.rows
            taken = replace(taken, rows=known[rows])
        outputs = self.outputs[columns]
        if len(outputs) < len(self.outputs):
            used = np.zeros(self.encoding.n_outputs, dtype=bool)
            used[outputs] = True
            place = np.cumsum(used) - 1
            encoding = self.encoding.keep_outputs(used)
            return replace(taken, encoding=encoding, outputs=place[outputs])
        return replace(taken, outputs=outputs)

    def draw(self, rows: NDArray[np.intp] | slice) -> NDArray[np.float32]:
        """Encode some of the rows, (n_rows, n_outputs)."""
        if isinstance(rows, slice):
            rows = np.arange(len(self))[rows]
        drawn = np.empty((len(rows), len(self.outputs)), dtype=self.dtype)
        for start in range(0, len(rows), _CHUNK):
            part = slice(start, start + _CHUNK)
            drawn[part] = self._encode(rows[part])
        return drawn

    def _encode(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        rows = rows if self.rows is None else self.rows[rows]
        columns = self.encoding.numbers.columns
        if 4 * len(columns) > self.X.shape[1]:
            values = self.X[rows]
            if len(columns) < self.X.shape[1]:
                values = values[:, columns]
        else:
            values = self.X[rows[:, None], columns]
        values = np.ascontiguousarray(values.T, dtype=np.float64)
        encoded = encode_numbers(values, self.encoding.numbers, np.float32)
        return encoded[self.outputs].T

    def toarray(self) -> NDArray[np.float32]:
        """Encode all rows."""
        return self.draw(slice(None))

    def astype(self, dtype: DTypeLike) -> NDArray:
        """Encode all rows, as another type."""
        return self.toarray().astype(dtype, copy=False)


@dataclass(frozen=True, eq=False)
class DrawnFrame(DrawnInputs):
    """The same of what encodes itself: `HeldColumns` of a frame, or `CodedRows`."""

    X: Any

    def _encode(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        rows = rows if self.rows is None else self.rows[rows]
        return self.X.encode(rows, self.encoding)[:, self.outputs]


def drawn_from(
    X: Any, encoding: TableEncoding, rows: NDArray[np.intp] | None
) -> DrawnInputs:
    """Leave an array of numbers, or a data frame, as it is until rows are drawn.

    Parameters
    ----------
    X : ndarray or data frame of shape (n_all_rows, n_inputs)
        The table.
    encoding : TableEncoding
        Of its columns.
    rows : ndarray of int of shape (n_rows,) or None
        Rows that are meant.

    Returns
    -------
    inputs : DrawnInputs
        All encoded columns of these rows.
    """
    outputs = np.arange(encoding.n_outputs)
    if isinstance(X, np.ndarray):
        return DrawnInputs(X, encoding, outputs, rows)
    return DrawnFrame(HeldColumns(X, encoding), encoding, outputs, rows)


def drawn_from_code(coded: CodedRows) -> DrawnInputs:
    """Draw from rows that are in code, all of them and all encoded columns."""
    outputs = np.arange(coded.encoding.n_outputs)
    return DrawnFrame(coded, coded.encoding, outputs)
