"""Sparse tables: columns are learned from, and encoded by, the cells that they hold.

All zeros of a column are one cell that weighs as much as all of them. So what is
learned is what would be learned from the same table as an array, and it takes time and
memory in proportion to the cells that are there.
"""

from collections.abc import Iterator
from typing import Any, final

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from .cells import SparseInputs
from .columns import encode_numbers, find_levels
from .reading import Block, Table
from .schema import LevelState, NumberState

__all__ = ["SparseTable", "encode_cells"]


@final
class SparseTable(Table):
    """A table of numbers, column by column (CSC), whose missing cells are zeros."""

    def __init__(self, X: Any) -> None:
        columns = sparse.csc_array(X)
        if not columns.has_canonical_format:
            columns = columns.copy()  # the user's arrays are not ours to sort
            columns.sum_duplicates()
        self.n_rows, self.n_columns = columns.shape
        self.starts = columns.indptr[:-1].astype(np.intp)
        self.counts = np.diff(columns.indptr).astype(np.intp)
        self.values, self.rows = columns.data, columns.indices

    def number_blocks(
        self, columns: NDArray[np.intp], weights: NDArray[np.float64], n_cells: int
    ) -> Iterator[Block]:
        """Read columns, those with as many cells together; their zeros come last."""
        total = weights.sum()
        for block in self.blocks(columns, n_cells):
            values, rows, there = self.cells(block)
            cell_weights = np.where(there, weights[rows], 0.0)
            has_zeros = self.counts[block] < self.n_rows
            rest = np.where(has_zeros, total - cell_weights.sum(axis=1), 0.0)
            # where there is no zero, nothing must look like one
            filling = np.where(has_zeros, 0.0, values[:, 0])
            values[~there] = np.broadcast_to(filling[:, None], values.shape)[~there]
            yield (
                block,
                np.column_stack([values, filling]),
                np.column_stack([cell_weights, np.maximum(rest, 0.0)]),
            )

    def blocks(
        self, columns: NDArray[np.intp], n_cells: int
    ) -> Iterator[NDArray[np.intp]]:
        """Part columns, those with few cells first, so that a block has `n_cells`."""
        columns = columns[np.argsort(self.counts[columns], kind="stable")]
        widths = self.counts[columns] + 1
        start = 0
        while start < max(1, len(columns)):
            cells = np.arange(1, 1 + len(columns) - start) * widths[start:]
            n_taken = max(1, int(np.searchsorted(cells, n_cells, side="right")))
            yield columns[start : start + n_taken]
            start += n_taken

    def cells(
        self, columns: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.bool_]]:
        """Read the cells of columns, (n_columns, most cells of one).

        Returns
        -------
        values, rows : ndarray
            What the cells hold, and the rows they are in.
        there : ndarray of bool
            Which of these are cells.
        """
        counts = self.counts[columns][:, None]
        place = np.arange(max(1, counts.max(initial=0)))
        there = place < counts
        where = np.where(there, self.starts[columns][:, None] + place, 0)
        if not len(self.values):
            return np.zeros(where.shape), where, there
        return self.values[where].astype(np.float64), self.rows[where], there

    def weighted_levels(
        self, column: int, weights: NDArray[np.float64]
    ) -> tuple[list[Any], NDArray[np.bool_], NDArray[np.float64]]:
        """Read the values of a column with what each weighs, zero as one of them."""
        (values,), (rows,), (there,) = self.cells(np.array([column]))
        values, rows = values[there], rows[there]
        own = weights[rows]
        if len(values) < self.n_rows:
            values = np.append(values, 0.0)
            own = np.append(own, max(0.0, weights.sum() - own.sum()))
        present = ~np.isnan(values)
        return values[present].tolist(), present, own

    def numbers(self, columns: NDArray[np.intp]) -> NDArray[np.float64]:
        """Write columns out, zeros and all."""
        values, rows, there = self.cells(columns)
        block = np.zeros((len(columns), self.n_rows))
        block[np.nonzero(there)[0], rows[there]] = values[there]
        return block

    def levels(self, column: int) -> tuple[list[Any], NDArray[np.bool_]]:
        """Read the numbers of a column as Python scalars, zeros and all."""
        (values,) = self.numbers(np.array([column]))
        present = ~np.isnan(values)
        return values[present].tolist(), present


def encode_cells(
    X: Any,
    numbers: NumberState,
    levels: tuple[LevelState, ...],
    input_of_output: NDArray[np.intp],
    dtype: DTypeLike,
    n_cells: int,
) -> SparseInputs:
    """Encode a sparse table.

    Parameters
    ----------
    X : sparse array of shape (n_rows, n_inputs)
        The table.
    numbers, levels, input_of_output : object
        Of the `TableEncoding`.
    dtype : dtype
        Of the outcome.
    n_cells : int
        Cells to encode at a time.

    Returns
    -------
    inputs : SparseInputs
        Equal to the encoding of the same table as an array.
    """
    table = SparseTable(X)
    writer = _Writer(table, input_of_output, dtype)
    place_of = np.full(table.n_columns, -1)
    place_of[numbers.columns] = np.arange(len(numbers.columns))
    for columns in table.blocks(numbers.columns, n_cells):
        state = numbers.take(place_of[columns])
        values, rows, there = table.cells(columns)
        zero = encode_numbers(np.zeros((len(columns), 1)), state)
        of_output, _ = np.nonzero(state.kept)
        writer.write(columns, of_output, encode_numbers(values, state), zero, rows)
    for level in levels:
        column = np.array([level.column])
        values, rows, there = table.cells(column)
        present = there[0] & ~np.isnan(values[0])
        codes = find_levels(values[0][present].tolist(), present, level)
        zero_code = find_levels([0.0], np.ones(1, dtype=bool), level)
        of_output = np.zeros(level.table.shape[1], dtype=np.intp)
        writer.write(
            column, of_output, level.table[codes].T, level.table[zero_code].T, rows
        )
    return writer.inputs()


class _Writer:
    """Puts encoded cells where they belong."""

    def __init__(
        self, table: SparseTable, input_of_output: NDArray[np.intp], dtype: DTypeLike
    ) -> None:
        n_outputs = len(input_of_output)
        self.shape = table.n_rows, n_outputs
        self.counts = table.counts
        sizes = table.counts[input_of_output]
        self.starts = np.concatenate([[0], np.cumsum(sizes)])
        self.first_output = np.searchsorted(input_of_output, np.arange(table.n_columns))
        self.data = np.empty(self.starts[-1], dtype=dtype)
        self.rows = np.empty(self.starts[-1], dtype=table.rows.dtype)
        self.rest = np.empty(n_outputs, dtype=dtype)

    def write(
        self,
        columns: NDArray[np.intp],
        of_output: NDArray[np.intp],
        encoded: NDArray[np.float64],
        zero: NDArray[np.float64],
        rows: NDArray[np.intp],
    ) -> None:
        """Write the outputs of some columns, (n_outputs, n_cells), column by column."""
        n_before = np.searchsorted(of_output, np.arange(len(columns)))
        slot = np.arange(len(of_output)) - n_before[of_output]
        outputs = self.first_output[columns[of_output]] + slot
        self.rest[outputs] = zero[:, 0]
        place = np.arange(encoded.shape[1])
        there = place < self.counts[columns[of_output]][:, None]
        where = (self.starts[outputs][:, None] + place)[there]
        self.data[where] = (encoded - zero)[there]
        self.rows[where] = rows[of_output][there]

    def inputs(self) -> SparseInputs:
        """Join all that was written."""
        by_column = sparse.csc_array(
            (self.data, self.rows, self.starts), shape=self.shape
        )
        cells = by_column.tocsr()
        cells.eliminate_zeros()
        return SparseInputs(cells, self.rest)
