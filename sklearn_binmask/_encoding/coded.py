"""Rows in code: a number is its standardized value, a level is one byte.

A table that comes in parts is held so, once its encoding is known and whatever held a
part before is let go of. A number takes four bytes, and what is encoded of it later,
when its row is drawn, is to the last bit what the table itself would give.
"""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from .columns import find_levels, standardize_numbers, unfold_numbers
from .reading import ArrayTable, FrameTable, open_table
from .schema import LevelState
from .table import TableEncoding, blocks_of

__all__ = ["CodedRows", "level_codes"]

# Rows of a column of levels that are Python objects at a time.
_CHUNK = 2**16


@final
class CodedRows:
    """Rows of a table, as far as an encoding reads them.

    Parameters
    ----------
    n_rows : int
        How many are to be put there.
    encoding : TableEncoding
        Of the table.
    """

    def __init__(self, n_rows: int, encoding: TableEncoding) -> None:
        self.encoding = encoding
        columns = encoding.numbers.columns
        self._numbers = np.empty((n_rows, len(columns)), dtype=np.float32)
        self._codes = np.empty((n_rows, len(encoding.levels)), dtype=np.uint8)
        levels = [state.column for state in encoding.levels]
        self._places = {column: place for place, column in enumerate(levels)}

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._numbers)

    def put(self, place: slice, part: Any, rows: NDArray[np.intp]) -> None:
        """Put some rows of a part of the table in their place.

        Parameters
        ----------
        place : slice
            Where they belong.
        part : ndarray or data frame of shape (n_part_rows, n_inputs)
            Numbers of all its rows are looked at, so that none is infinite.
        rows : ndarray of int
            Which of its rows are meant.
        """
        table, first = open_table(part), 0
        for state in blocks_of(self.encoding.numbers, table.n_rows):
            values = table.numbers(state.columns)[:, rows]
            columns = slice(first, first + len(values))
            self._numbers[place, columns] = standardize_numbers(values, state).T
            first += len(values)
        for column, level in enumerate(self.encoding.levels):
            self._codes[place, column] = level_codes(table, level)[rows]

    def encode(
        self, rows: NDArray[np.intp], encoding: TableEncoding
    ) -> NDArray[np.float32]:
        """Encode some rows, (n_rows, n_outputs), by the encoding or a part of it."""
        encoded = np.empty((len(rows), encoding.n_outputs), dtype=np.float32)
        numbers = encoding.numbers
        if len(numbers.columns) == self._numbers.shape[1]:
            values = self._numbers[rows]
        else:
            known = self.encoding.numbers.columns
            places = np.searchsorted(known, numbers.columns)
            values = self._numbers[rows[:, None], places]
        unfolded = unfold_numbers(np.ascontiguousarray(values.T), numbers)
        encoded[:, encoding.outputs_of(numbers.columns)] = unfolded.T
        for state in encoding.levels:
            codes = self._codes[rows, self._places[state.column]]
            encoded[:, encoding.input_to_outputs[state.column]] = state.table[codes]
        return encoded


def level_codes(table: ArrayTable | FrameTable, state: LevelState) -> NDArray[np.uint8]:
    """Find the row of `state.table` that each row of a column becomes, as a byte."""
    codes = np.empty(table.n_rows, dtype=np.uint8)
    for start in range(0, table.n_rows, _CHUNK):
        some = slice(start, start + _CHUNK)
        levels = table.stretch(some).levels(state.column)
        codes[some] = find_levels(*levels, state)
    return codes
