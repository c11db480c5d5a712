"""A whole table: which kind each column is, and where its encoded columns go.

Encoded columns keep the order of the input columns, and those of one input column
stay together::

    input columns      age                city        const   weight
    encoded columns    0  1  2  3         4  5  6       -     7  8  9  10
    input_of_output    0  0  0  0         1  1  1             3  3  3  3
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from scipy.sparse import issparse

from ..exceptions import ParameterError
from .columns import (
    COLUMN_KINDS,
    NUMERIC_ENCODINGS,
    encode_numbers,
    encode_values,
    find_levels,
    learn_levels,
    learn_numbers,
)
from .kinds import find_kinds
from .reading import Table, open_table
from .schema import LevelState, NumberState
from .sparse import SparseTable, encode_cells

# Cells of a block of columns: the float64 copies of a block (2 MB each) stay in cache.
BLOCK_CELLS = 2**18


@dataclass(frozen=True, eq=False)
class TableEncoding:
    """How each column of a table becomes encoded columns.

    Attributes
    ----------
    n_inputs, n_outputs : int
        Number of columns of the user's table, and of encoded columns.
    kinds : tuple of str
        Kind of each input column: ``"numeric"``, ``"boolean"`` or ``"categorical"``.
    input_of_output : ndarray of shape (n_outputs,)
        Input column behind each encoded column, non-decreasing.
    input_to_outputs : tuple of ndarray
        Encoded columns of each input column.
    informative : ndarray of bool of shape (n_inputs,)
        Whether an input column has any encoded column.
    """

    kinds: tuple[str, ...]
    numbers: NumberState
    levels: tuple[LevelState, ...]
    input_of_output: NDArray[np.intp]
    input_to_outputs: tuple[NDArray[np.intp], ...]
    informative: NDArray[np.bool_]

    @property
    def n_inputs(self) -> int:
        """Number of columns of the user's table."""
        return len(self.kinds)

    @property
    def n_outputs(self) -> int:
        """Number of encoded columns."""
        return len(self.input_of_output)

    @property
    def input_kinds(self) -> list[str]:
        """Kind of each input column, "constant" for one that does not vary."""
        return [
            kind if varies else "constant"
            for kind, varies in zip(self.kinds, self.informative, strict=True)
        ]

    def encode(self, X: Any, dtype: DTypeLike = np.float32) -> Any:
        """Encode a table with the columns of the one learned from.

        Parameters
        ----------
        X : ndarray, sparse array or data frame of shape (n_rows, n_inputs)
            The table; missing values and levels never seen are welcome.
        dtype : dtype, default=numpy.float32
            Of the outcome. The arithmetic is done in float64.

        Returns
        -------
        encoded : ndarray or SparseInputs of shape (n_rows, n_outputs)
            Finite numbers, C-contiguous; sparse if `X` is.
        """
        if issparse(X):
            parts = self.numbers, self.levels, self.input_of_output
            n_slots = self.numbers.kept.shape[1]
            return encode_cells(X, *parts, dtype, BLOCK_CELLS // n_slots)
        if isinstance(X, np.ndarray) and self._is_plain:
            return encode_values(X, self.numbers).astype(dtype, copy=False)
        table = open_table(X)
        encoded = np.empty((table.n_rows, self.n_outputs), dtype=dtype)
        for state in blocks_of(self.numbers, table.n_rows):
            block = encode_numbers(table.numbers(state.columns), state)
            encoded[:, self.outputs_of(state.columns)] = block.T
        for level in self.levels:
            outputs = self.input_to_outputs[level.column]
            codes = find_levels(*table.levels(level.column), level)
            encoded[:, outputs] = level.table.astype(dtype)[codes]
        return encoded

    @property
    def _is_plain(self) -> bool:
        """Whether all outputs are standardized values of numbers."""
        kept = self.numbers.kept
        return not self.levels and bool(kept[:, 0].all() and not kept[:, 1:].any())

    def restrict(self, support: NDArray[np.bool_]) -> "TableEncoding":
        """Encode only some columns of the same table.

        Parameters
        ----------
        support : ndarray of bool of shape (n_inputs,)
            Input columns to encode; the others are not even read.

        Returns
        -------
        encoding : TableEncoding
            With the same inputs and only the outputs of the supported columns.
        """
        support = np.asarray(support, dtype=bool)
        return _lay_out(
            self.kinds,
            self.numbers.take(support[self.numbers.columns]),
            tuple(state for state in self.levels if support[state.column]),
        )

    def keep_outputs(self, kept: NDArray[np.bool_]) -> "TableEncoding":
        """Compute only some of the encoded columns.

        Parameters
        ----------
        kept : ndarray of bool of shape (n_outputs,)
            Encoded columns to keep.

        Returns
        -------
        encoding : TableEncoding
            With the same inputs and only these outputs.
        """
        numbers = self.numbers
        slots = numbers.kept.copy()
        slots[numbers.kept] = kept[self.outputs_of(numbers.columns)]
        levels = (
            replace(
                state, table=state.table[:, kept[self.input_to_outputs[state.column]]]
            )
            for state in self.levels
        )
        varies: NDArray[np.bool_] = np.any(slots, axis=1)
        return _lay_out(
            self.kinds,
            replace(numbers, kept=slots).take(varies),
            tuple(state for state in levels if state.table.size),
        )

    def outputs_of(self, columns: NDArray[np.intp]) -> NDArray[np.intp]:
        """Find the encoded columns of some input columns, in increasing order."""
        chosen = np.zeros(self.n_inputs, dtype=bool)
        chosen[columns] = True
        return np.flatnonzero(chosen[self.input_of_output])


def learn_table(
    X: Any,
    *,
    rows: NDArray[np.intp] | None = None,
    sample_weight: ArrayLike | None = None,
    categorical_features: Any = "from_dtype",
    numeric_encoding: str | None = "auto",
    feature_names: Sequence[str] | None = None,
    keep_constant: bool = False,
) -> TableEncoding:
    """Learn how to encode a table.

    Parameters
    ----------
    X : ndarray, sparse array or data frame of shape (n_rows, n_inputs)
        Numbers (NaN is missing), or a frame of numbers, booleans and text.
    rows : ndarray of int of shape (n_rows,), default=None
        Rows of an array to learn from; by default all.
    sample_weight : array-like of shape (n_rows,), default=None
        Positive weights of these rows.
    categorical_features : "from_dtype", None or array-like, default="from_dtype"
        Columns whose values are levels: by dtype, none, or a mask, indices or names.
    numeric_encoding : {"auto", "piecewise_linear"} or None, default="auto"
        Basis functions that a numeric column brings behind its gate.
    feature_names : sequence of str, default=None
        Names of the columns; by default those of the frame.
    keep_constant : bool, default=False
        Whether columns that do not vary are encoded too, because other rows may come.

    Returns
    -------
    encoding : TableEncoding
        Plain numpy and Python: no trace of `X` itself.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_binmask._encoding import learn_table
    >>> X = pd.DataFrame({"age": [31, 44, 58], "city": ["Rome", "Oslo", "Rome"]})
    >>> encoding = learn_table(X, numeric_encoding=None)
    >>> encoding.kinds
    ('numeric', 'categorical')
    >>> encoding.encode(X).shape
    (3, 3)
    """
    if numeric_encoding not in NUMERIC_ENCODINGS:
        raise ParameterError.of(
            "numeric_encoding",
            numeric_encoding,
            f"one of {list(NUMERIC_ENCODINGS)}",
            "the default, 'auto'",
        )
    table = SparseTable(X) if issparse(X) else open_table(X, rows)
    names = getattr(table, "names", None) if feature_names is None else feature_names
    kinds = find_kinds(table, categorical_features, names)
    weights = np.ones(table.n_rows)
    if sample_weight is not None:
        weights = np.asarray(sample_weight, dtype=np.float64)
        weights = weights / weights.max()  # their sum cannot overflow
    reading = np.array([COLUMN_KINDS[kind].read_as for kind in kinds], dtype=object)
    numbers = _learn_all_numbers(
        table,
        np.flatnonzero(reading == "numbers"),
        weights,
        numeric_encoding,
        keep_constant,
    )
    levels = (
        learn_levels(
            int(column), *table.weighted_levels(int(column), weights), keep_constant
        )
        for column in np.flatnonzero(reading == "levels")
    )
    return _lay_out(kinds, numbers, tuple(s for s in levels if s.table.size))


def finish_table(
    kinds: tuple[str, ...], numbers: NumberState, levels: tuple[LevelState, ...]
) -> TableEncoding:
    """Lay out what has been learned elsewhere, without columns that do not vary."""
    varies: NDArray[np.bool_] = np.any(numbers.kept, axis=1)
    varying = tuple(state for state in levels if state.table.size)
    return _lay_out(kinds, numbers.take(varies), varying)


def _learn_all_numbers(
    table: Table,
    columns: NDArray[np.intp],
    weights: NDArray[np.float64],
    encoding: str | None,
    keep_constant: bool,
) -> NumberState:
    """Learn the columns of numbers, block by block, and drop those without outputs."""
    n_slots = NUMERIC_ENCODINGS[encoding].n_functions + 2
    states = [
        learn_numbers(block, values, cell_weights, encoding, keep_constant)
        for block, values, cell_weights in table.number_blocks(
            columns, weights, BLOCK_CELLS // n_slots
        )
    ]
    knots = zip(*(state.knots for state in states), strict=True)
    learned = NumberState(
        np.concatenate([state.columns for state in states]),
        encoding,
        np.concatenate([state.unit for state in states]),
        tuple(np.concatenate(parts) for parts in knots),
        np.concatenate([state.center for state in states]),
        np.concatenate([state.scale for state in states]),
        np.concatenate([state.kept for state in states]),
    )
    varies: NDArray[np.bool_] = np.any(learned.kept, axis=1)
    order = np.argsort(learned.columns, kind="stable")
    return learned.take(order[varies[order]])


def blocks_of(state: NumberState, n_rows: int) -> Iterator[NumberState]:
    """Cut the columns of numbers into blocks that fit in the cache budget."""
    width = max(1, BLOCK_CELLS // (state.kept.shape[1] * max(1, n_rows)))
    for start in range(0, len(state.columns), width):
        yield state.take(slice(start, start + width))


def _lay_out(
    kinds: tuple[str, ...], numbers: NumberState, levels: tuple[LevelState, ...]
) -> TableEncoding:
    """Give each input column its place among the encoded columns."""
    sizes = np.zeros(len(kinds), dtype=np.intp)
    sizes[numbers.columns] = numbers.kept.sum(axis=1)
    for state in levels:
        sizes[state.column] = state.table.shape[1]
    input_of_output = np.repeat(np.arange(len(kinds)), sizes)
    # np.split takes ten times as long, which is felt where columns are many
    everything, ends = np.arange(len(input_of_output)), np.cumsum(sizes).tolist()
    outputs = tuple(everything[a:b] for a, b in pairwise([0, *ends]))
    return TableEncoding(kinds, numbers, levels, input_of_output, outputs, sizes > 0)
