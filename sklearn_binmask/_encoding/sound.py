"""Whether an encoding that comes from a file can be one that was learned.

The parts of a file may each be read, and yet belong to no one encoding: columns that
the table does not have, units that are no numbers. What is refused here would be an
odd error, or no number, in a prediction.
"""

import numpy as np

from .columns import CLIP, COLUMN_KINDS, NUMERIC_ENCODINGS
from .schema import LevelState, NumberState
from .table import TableEncoding, finish_table

__all__ = ["is_sound"]


def is_sound(encoding: TableEncoding) -> bool:
    """Tell whether the parts of an encoding fit together.

    Parameters
    ----------
    encoding : TableEncoding
        Whatever its attributes hold.

    Returns
    -------
    is_sound : bool
        Whether it encodes each table to finite numbers. Parts that are of other types
        altogether may raise any error.
    """
    numbers, levels = encoding.numbers, encoding.levels
    columns = [*numbers.columns.tolist(), *(state.column for state in levels)]
    if not (
        set(encoding.kinds) <= set(COLUMN_KINDS)
        and len(set(columns)) == len(columns)
        and all(column in range(len(encoding.kinds)) for column in columns)
        and _can_encode_numbers(numbers)
        and all(map(_can_encode_levels, levels))
    ):
        return False
    again = finish_table(encoding.kinds, numbers, levels)
    return (
        _same(encoding.input_of_output, again.input_of_output)
        and _same(encoding.informative, again.informative)
        and len(encoding.input_to_outputs) == len(again.input_to_outputs)
        and all(map(_same, encoding.input_to_outputs, again.input_to_outputs))
    )


def _can_encode_numbers(state: NumberState) -> bool:
    """Tell whether each column has what its basis and its slots need."""
    n_columns = len(state.columns)
    n_slots = NUMERIC_ENCODINGS[state.encoding].n_functions + 2
    slots = (n_columns, n_slots)
    return (
        state.columns.ndim == 1
        and state.columns.dtype.kind == "i"
        and bool((np.diff(state.columns) > 0).all())
        and state.kept.dtype == bool
        and state.kept.shape == slots
        and bool(state.kept.any(axis=1).all())
        and _are_numbers(state.unit, (n_columns,), positive=True)
        and _are_numbers(state.center, slots)
        and _are_numbers(state.scale, slots, positive=True)
        and len(state.knots) == (n_slots > 2)
        and all(_are_numbers(k, (n_columns, k.shape[-1])) for k in state.knots)
        and all(k.shape[1] > 1 for k in state.knots)
    )


def _can_encode_levels(state: LevelState) -> bool:
    """Tell whether each level, any other one and a missing one become something."""
    n_outputs = state.table.shape[-1]
    return (
        n_outputs > 0
        and _are_numbers(state.table, (len(state.levels) + 2, n_outputs))
        and bool(np.abs(state.table).max() <= CLIP)
    )


def _are_numbers(
    values: np.ndarray, shape: tuple[int, ...], positive: bool = False
) -> bool:
    """Tell whether an array holds finite numbers."""
    is_right = values.shape == shape and values.dtype.kind == "f"
    return is_right and bool(
        np.isfinite(values).all() and not (positive and (values <= 0).any())
    )


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype.kind == other.dtype.kind and np.array_equal(one, other)
