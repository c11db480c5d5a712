"""Few columns are read more finely than many.

Beside its value and its folds, a column of numbers then has a step at each of its
octiles, behind the same gate::

    S3    ___|------      1 where a value is over the third octile

A small network makes a slope of its own into a step, or a thin band, only after long
training; from steps it makes them at once. Each encoded column is also a way to fit
noise, so this is for the few columns that are left of many.

All that a step needs is known from the octiles: no row is looked at again.

NOTE[DIFF] No part of the paper's recipe.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import FINE, unfold_numbers
from .drawn import DrawnInputs
from .schema import NumberState
from .table import TableEncoding, finish_table

__all__ = ["finer_encoding", "finer_inputs"]


def finer_encoding(encoding: TableEncoding) -> TableEncoding:
    """Add steps to the columns of numbers that have folds.

    Parameters
    ----------
    encoding : TableEncoding
        As learned from a table, or of some columns of it.

    Returns
    -------
    encoding : TableEncoding
        The same if no column has folds.
    """
    if not _has_folds(encoding):
        return encoding
    numbers = _with_steps(encoding.numbers)
    return finish_table(encoding.kinds, numbers, encoding.levels)


def _has_folds(encoding: TableEncoding) -> bool:
    return bool(encoding.numbers.kept[:, 1:-1].any())


def _with_steps(state: NumberState) -> NumberState:
    """Put the slots of the steps between those of the folds and the missing flag."""
    (edges,) = state.knots
    n_columns, n_steps = len(edges), edges.shape[1] - 2
    over = 1 - np.arange(1, n_steps + 1) / (n_steps + 1)
    # of octiles that are one value, the last says how many rows are over it; and where
    # that value is the largest one, none is
    ends: NDArray[np.bool_] = np.diff(edges[:, 1:], axis=1) > 0
    has_folds: NDArray[np.bool_] = np.any(state.kept[:, 1:-1], axis=1)
    ends &= has_folds[:, None]

    def between(slots: NDArray, steps: NDArray) -> NDArray:
        steps = np.broadcast_to(steps, (n_columns, n_steps))
        return np.column_stack([slots[:, :-1], steps, slots[:, -1:]])

    return replace(
        state,
        encoding=FINE,
        center=between(state.center, over),
        scale=between(state.scale, np.sqrt(over * (1 - over))),
        kept=between(state.kept, ends),
    )


def finer_inputs(
    inputs: Any, encoding: TableEncoding, support: NDArray[np.bool_]
) -> tuple[Any, TableEncoding] | None:
    """Read some columns of an encoded table more finely.

    Parameters
    ----------
    inputs : ndarray, DrawnInputs or SparseInputs of shape (n_rows, n_outputs)
        The encoded table.
    encoding : TableEncoding
        How it was encoded.
    support : ndarray of bool of shape (n_inputs,)
        Columns of the user.

    Returns
    -------
    inputs, encoding : ndarray or DrawnInputs, and TableEncoding
        Of these columns; None if nothing is to be gained, and for a sparse table, most
        cells of which are one number.
    """
    is_drawn = isinstance(inputs, DrawnInputs)
    # asked at each point of a path: to restrict an encoding of many columns takes time
    if not _has_folds(encoding) or not (is_drawn or isinstance(inputs, np.ndarray)):
        return None
    fewer = encoding.restrict(support)
    finer = finer_encoding(fewer)
    if finer.n_outputs == fewer.n_outputs:
        return None
    if is_drawn:
        outputs = np.arange(finer.n_outputs)
        return replace(inputs, encoding=finer, outputs=outputs), finer
    return _unfolded(inputs[:, support[encoding.input_of_output]], fewer, finer), finer


def _unfolded(
    inputs: NDArray, encoding: TableEncoding, finer: TableEncoding
) -> NDArray:
    """Compute the slots of numbers anew from their values; levels stay as they are."""
    fine = np.empty((len(inputs), finer.n_outputs), dtype=inputs.dtype)
    values = standardized_values(inputs, encoding)
    numbers = finer.numbers
    fine[:, finer.outputs_of(numbers.columns)] = unfold_numbers(values, numbers).T
    for state in encoding.levels:
        before, after = (
            each.input_to_outputs[state.column] for each in (encoding, finer)
        )
        fine[:, after] = inputs[:, before]
    return fine


def standardized_values(inputs: NDArray, encoding: TableEncoding) -> NDArray:
    """Find the values behind encoded columns, (n_columns, n_rows); NaN is missing."""
    kept = encoding.numbers.kept
    slots = np.zeros((*kept.shape, len(inputs)), dtype=inputs.dtype)
    slots[kept] = inputs[:, encoding.outputs_of(encoding.numbers.columns)].T
    values, flag = slots[:, 0], slots[:, -1]
    values[flag > 0] = np.nan
    return values
