"""The encoding of a table whose rows are spread over several processes.

It is the one that a single process with all rows would learn. Nobody ever holds the
whole table for that: columns of numbers are learned a block at a time, each process
being given all rows of a block of its own; of a column of levels each process tells
only how much every level weighs there.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .columns import (
    COLUMN_KINDS,
    NUMERIC_ENCODINGS,
    learn_levels,
    learn_numbers,
    weigh_levels,
)
from .kinds import find_kinds
from .reading import FrameTable, Table, open_table
from .schema import LevelState, NumberState
from .table import BLOCK_CELLS, TableEncoding, finish_table

__all__ = ["Partners", "learn_shared_table"]

Floats = NDArray[np.float64]


class Partners(Protocol):
    """The processes among which the rows are spread, in their order."""

    @property
    def rank(self) -> int: ...

    @property
    def size(self) -> int: ...

    def gather_words(self, word: Any) -> list[Any]: ...

    def gather_rows(self, rows: NDArray) -> NDArray: ...

    def exchange(self, parts: Sequence[NDArray]) -> list[NDArray]: ...


def learn_shared_table(
    X: Any,
    partners: Partners,
    own: slice,
    *,
    rows: NDArray[np.intp] | None = None,
    sample_weight: Floats | None,
    categorical_features: Any,
    numeric_encoding: str | None,
    feature_names: Sequence[str] | None,
) -> TableEncoding:
    """Learn how to encode a table; each process calls it with rows of its own.

    Parameters
    ----------
    X : ndarray or data frame of shape (n_own_rows, n_inputs)
        The rows of this process.
    partners : Partners
        The processes.
    own : slice
        Which of all rows they are.
    rows : ndarray of int of shape (n_own_rows,), default=None
        Rows of an array to learn from; by default all.
    sample_weight : ndarray of shape (n_rows,) or None
        Positive weights of the rows of all processes.
    categorical_features, numeric_encoding, feature_names : object
        As in `learn_table`.

    Returns
    -------
    encoding : TableEncoding
        The same for each process.
    """
    table = open_table(X, rows)
    names = getattr(table, "names", None) if feature_names is None else feature_names
    kinds = _agree_on_kinds(
        table, find_kinds(table, categorical_features, names), partners
    )
    weights = np.ones(sum(partners.gather_words(table.n_rows)))
    if sample_weight is not None:
        weights = sample_weight / sample_weight.max()
    reading = np.array([COLUMN_KINDS[kind].read_as for kind in kinds], dtype=object)
    numbers = _learn_numbers(
        table, np.flatnonzero(reading == "numbers"), weights, numeric_encoding, partners
    )
    levels = tuple(
        _learn_levels(table, int(column), weights[own], partners)
        for column in np.flatnonzero(reading == "levels")
    )
    return finish_table(kinds, numbers, levels)


def _agree_on_kinds(
    table: Table, kinds: tuple[str, ...], partners: Partners
) -> tuple[str, ...]:
    """Find the kind of each column; a process without a value in it has no say."""
    said = partners.gather_words(
        [[kind, _is_empty(table, column)] for column, kind in enumerate(kinds)]
    )
    return tuple(
        _common_kind(_name_of(table, column), [words[column] for words in said])
        for column in range(len(kinds))
    )


def _is_empty(table: Table, column: int) -> bool:
    if isinstance(table, FrameTable):
        return bool(table.series(column).is_null().all())
    return False


def _name_of(table: Table, column: int) -> Any:
    return table.names[column] if isinstance(table, FrameTable) else column


def _common_kind(name: Any, said: list[tuple[str, bool]]) -> str:
    """Find the kind that suits all processes, as it would all values at once."""
    kinds = [kind for kind, is_empty in said if not is_empty] or [said[0][0]]
    if set(kinds) == {"boolean", "numeric"}:
        return "numeric"
    if len(set(kinds)) > 1:
        found = ", ".join(
            f"{kind} on rank {rank}" for rank, (kind, _) in enumerate(said)
        )
        raise TypeError(
            f"Column {name!r} of X is not of one kind: {found}. Convert it to the same "
            "dtype everywhere."
        )
    return kinds[0]


def _learn_numbers(
    table: Table,
    columns: NDArray[np.intp],
    weights: Floats,
    encoding: str | None,
    partners: Partners,
) -> NumberState:
    """Learn the columns of numbers: a stretch of them for each process."""
    stretches = np.array_split(columns, partners.size)
    n_slots = NUMERIC_ENCODINGS[encoding].n_functions + 2
    width = max(1, BLOCK_CELLS // (n_slots * len(weights)))
    states = []
    for start in range(0, max(1, len(stretches[0])), width):
        blocks = [stretch[start : start + width] for stretch in stretches]
        parts = partners.exchange([table.numbers(block) for block in blocks])
        block = blocks[partners.rank]
        states.append(learn_numbers(block, np.hstack(parts), weights, encoding))

    def of_all(parts: list[NDArray]) -> NDArray:
        return partners.gather_rows(np.concatenate(parts))

    knots = zip(*(state.knots for state in states), strict=True)
    return NumberState(
        columns,
        encoding,
        of_all([state.unit for state in states]),
        tuple(of_all(list(parts)) for parts in knots),
        of_all([state.center for state in states]),
        of_all([state.scale for state in states]),
        of_all([state.kept for state in states]),
    )


def _learn_levels(
    table: Table, column: int, weights: Floats, partners: Partners
) -> LevelState:
    """Learn a column of levels from what each process knows of their weights.

    As many rows of one level are worth one row of their weight, each process gives one
    row for each of its levels, and one without a level for what is missing.
    """
    values, present = table.levels(column)
    said = partners.gather_words(
        [*weigh_levels(values, weights[present]), float(weights[~present].sum())]
    )
    levels = [level for names, _, _ in said for level in names]
    missing = [weight for _, _, weight in said if weight > 0]
    shares = [share for _, shares, _ in said for share in shares]
    return learn_levels(
        column,
        levels,
        np.repeat([True, False], [len(levels), len(missing)]),
        np.array([*shares, *missing]),
    )
