"""A large array whose rows are encoded when they are drawn.

Three or four encoded columns for each column of a large array are more than memory may
hold, and most rows are drawn into a batch a few times only. So the array stays as it
is, and with it which of its rows are meant, and which encoded columns.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .columns import encode_numbers
from .table import TableEncoding

__all__ = ["DrawnInputs"]

# Rows encoded at a time when all are: their float64 copies stay in cache.
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
        rows = rows if self.rows is None else self.rows[rows]
        columns = self.encoding.numbers.columns
        if 4 * len(columns) > self.X.shape[1]:
            values = self.X[rows]
            if len(columns) < self.X.shape[1]:
                values = values[:, columns]
        elif isinstance(rows, slice):
            values = self.X[rows, columns]
        else:
            values = self.X[rows[:, None], columns]
        values = np.ascontiguousarray(values.T, dtype=np.float64)
        encoded = encode_numbers(values, self.encoding.numbers, np.float32)
        return np.ascontiguousarray(encoded[self.outputs].T)

    def toarray(self) -> NDArray[np.float32]:
        """Encode all rows."""
        drawn = np.empty(self.shape, dtype=self.dtype)
        for start in range(0, len(self), _CHUNK):
            rows = slice(start, min(start + _CHUNK, len(self)))
            drawn[rows] = self.draw(rows)
        return drawn

    def astype(self, dtype: DTypeLike) -> NDArray:
        """Encode all rows, as another type."""
        return self.toarray().astype(dtype, copy=False)
