"""Columns of a large data frame as arrays that can be drawn from.

Numbers are the frame's own memory wherever it holds them as an array of numbers; a
column of levels becomes one byte for each row.
"""

from typing import Any, final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from .coded import level_codes
from .columns import encode_numbers
from .reading import FrameTable
from .table import TableEncoding

__all__ = ["HeldColumns"]


@final
class HeldColumns:
    """The columns of a frame that an encoding reads.

    Parameters
    ----------
    frame : data frame
        With missing values and levels never seen, if there are any.
    encoding : TableEncoding
        Whose columns are held.
    """

    def __init__(self, frame: Any, encoding: TableEncoding) -> None:
        table = FrameTable(nw.from_native(frame, eager_only=True))
        self._n_rows = table.n_rows
        self._columns: dict[int, NDArray] = {}
        for column in encoding.numbers.columns.tolist():
            self._columns[column] = _numbers_of(table, column)
        for state in encoding.levels:
            self._columns[state.column] = level_codes(table, state)

    def __len__(self) -> int:
        """Count the rows."""
        return self._n_rows

    def encode(
        self, rows: NDArray[np.intp], encoding: TableEncoding
    ) -> NDArray[np.float32]:
        """Encode some rows, (n_rows, n_outputs), by the encoding or a part of it."""
        numbers, n_rows = encoding.numbers, len(rows)
        encoded = np.empty((n_rows, encoding.n_outputs), dtype=np.float32)
        values = np.empty((len(numbers.columns), n_rows))
        for row, column in zip(values, numbers.columns.tolist(), strict=True):
            row[:] = self._columns[column][rows]
        outputs = [encoding.input_to_outputs[column] for column in numbers.columns]
        if outputs:
            encoded[:, np.concatenate(outputs)] = encode_numbers(
                values, numbers, np.float32
            ).T
        for state in encoding.levels:
            codes = self._columns[state.column][rows]
            encoded[:, encoding.input_to_outputs[state.column]] = state.table[codes]
        return encoded


def _numbers_of(table: FrameTable, column: int) -> NDArray:
    """Read a column of numbers without a copy, if the frame has it as such."""
    values = table.numbers(np.array([column]))[0]  # also refuses what is no number
    held = table.series(column).to_numpy()
    return held if held.dtype.kind in "fiub" else values
