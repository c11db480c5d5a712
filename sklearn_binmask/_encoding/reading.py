"""Columns of an array or of a data frame, read as plain numbers or plain levels.

All that depends on a frame library is here, behind narwhals. What comes out is
float64 arrays with NaN for missing, or lists of Python values and where they are.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import compress
from typing import Any, final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

TEXT_DTYPES = (nw.String, nw.Categorical, nw.Enum)
TIME_DTYPES = (nw.Datetime, nw.Date, nw.Duration)

Floats = NDArray[np.float64]
# Columns, their cells (n_columns, n_cells), and what each cell weighs, or each row.
Block = tuple[NDArray[np.intp], Floats, Floats]


class Table(ABC):
    """A table whose columns are read by position."""

    n_rows: int
    n_columns: int

    @abstractmethod
    def numbers(self, columns: NDArray[np.intp]) -> NDArray[np.float64]:
        """Read columns as float64 of shape ``(len(columns), n_rows)``, NaN missing."""

    @abstractmethod
    def levels(self, column: int) -> tuple[list[Any], NDArray[np.bool_]]:
        """Read the present values of a column, and the mask of the rows they are in."""

    def number_blocks(
        self, columns: NDArray[np.intp], weights: Floats, n_cells: int
    ) -> Iterator[Block]:
        """Read columns of numbers, about `n_cells` at a time, with their weights."""
        width = max(1, n_cells // max(1, self.n_rows))
        for start in range(0, max(1, len(columns)), width):
            block = columns[start : start + width]
            yield block, self.numbers(block), weights

    def weighted_levels(
        self, column: int, weights: Floats
    ) -> tuple[list[Any], NDArray[np.bool_], Floats]:
        """Read what `levels` reads, with the weight of each value, present or not."""
        return *self.levels(column), weights


@final
class ArrayTable(Table):
    """Rows of a two-dimensional array of finite numbers and NaN, by default all."""

    def __init__(self, values: NDArray, rows: NDArray[np.intp] | None = None) -> None:
        self.values, self.rows = values, rows
        self.n_rows = len(values if rows is None else rows)
        self.n_columns = values.shape[1]

    def _read(self, columns: NDArray[np.intp]) -> NDArray:
        if self.rows is None:
            return self.values[:, columns]
        return self.values[self.rows[:, None], columns]

    def numbers(self, columns: NDArray[np.intp]) -> NDArray[np.float64]:
        """Read a block of columns, transposed."""
        return np.ascontiguousarray(self._read(columns).T, dtype=np.float64)

    def stretch(self, rows: slice) -> "ArrayTable":
        """Take some rows, without a copy of the array."""
        if self.rows is None:
            return ArrayTable(self.values[rows])
        return ArrayTable(self.values, self.rows[rows])

    def levels(self, column: int) -> tuple[list[Any], NDArray[np.bool_]]:
        """Read the numbers of a column as Python scalars."""
        values = self._read(np.array([column]))[:, 0]
        present = ~np.isnan(values)
        return values[present].tolist(), present


@final
class FrameTable(Table):
    """A data frame of any library that narwhals understands."""

    def __init__(self, frame: nw.DataFrame) -> None:
        self.frame = frame
        self.names = frame.columns
        self.n_rows, self.n_columns = frame.shape

    def series(self, column: int) -> nw.Series:
        """Return one column."""
        return self.frame.get_column(self.names[column])

    def numbers(self, columns: NDArray[np.intp]) -> NDArray[np.float64]:
        """Read columns of numbers, booleans or times, whatever holds them."""
        block = np.empty((len(columns), self.n_rows))
        for row, column in zip(block, columns, strict=True):
            row[:] = _as_numbers(self.series(column), self.names[column])
        infinite = np.isinf(block).any(axis=1)
        if infinite.any():
            name = self.names[columns[infinite.argmax()]]
            raise ValueError(
                f"Input X contains infinity: column {name!r} holds an infinite number. "
                "Replace it by a finite number, or by a missing value."
            )
        return block

    def stretch(self, rows: slice) -> "FrameTable":
        """Take some rows, without a copy."""
        return FrameTable(self.frame[rows])

    def levels(self, column: int) -> tuple[list[Any], NDArray[np.bool_]]:
        """Read the present values of a column as Python objects."""
        series = self.series(column)
        present = ~_is_missing(series)
        return list(compress(series.to_list(), present.tolist())), present


def open_table(X: Any, rows: NDArray[np.intp] | None = None) -> ArrayTable | FrameTable:
    """Return the `Table` over an array or an eager data frame, or some of its rows."""
    if isinstance(X, np.ndarray):
        return ArrayTable(X, rows)
    frame = nw.from_native(X, eager_only=True)
    return FrameTable(frame if rows is None else frame[rows, :])


def _is_missing(series: nw.Series) -> NDArray[np.bool_]:
    """Tell nulls, and NaN where the dtype can hold one, from values."""
    missing = series.is_null()
    if series.dtype.is_float():
        missing = missing | series.is_nan().fill_null(True)
    return missing.to_numpy().astype(bool)


def _as_numbers(series: nw.Series, name: str) -> NDArray[np.float64]:
    """Read one column as float64; times become microseconds."""
    dtype = series.dtype
    if dtype in (nw.Datetime, nw.Date):
        series = series.dt.timestamp("us")
    elif dtype == nw.Duration:
        series = series.dt.total_microseconds()
    elif dtype in TEXT_DTYPES and not series.is_null().all():
        raise ValueError(
            f"Column {name!r} of X held numbers in fit and now has dtype {dtype}. "
            "Convert it to numbers, or fit again on text."
        )
    try:
        return series.cast(nw.Float64).to_numpy()
    except Exception as error:  # each frame library raises classes of its own
        raise TypeError(
            f"Column {name!r} of X, of dtype {dtype}, cannot be read as numbers: "
            f"{error}"
        ) from error
