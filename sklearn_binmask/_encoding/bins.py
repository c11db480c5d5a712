"""In which of a few bins each cell of some columns lies.

A column of numbers has its eighths, and a bin of its own for missing cells; a column of
levels has one for each of its most frequent levels, the last one being for all others.
So what two columns tell together is a table of at most nine rows and nine columns,
whatever its shape.

All that is needed is known from the encoding: no quantile is learned here.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .finer import standardized_values
from .schema import LevelState
from .table import TableEncoding

__all__ = ["N_BINS", "binned"]

# Eighths of a column of numbers, and missing cells.
N_BINS = 9


def binned(
    inputs: Any,
    encoding: TableEncoding,
    rows: NDArray[np.intp],
    support: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """Find the bins of some cells.

    Parameters
    ----------
    inputs : ndarray or DrawnInputs of shape (n_rows, n_outputs)
        The encoded table.
    encoding : TableEncoding
        How it was encoded; numbers have folds.
    rows : ndarray of int of shape (n_taken,)
        Rows to take.
    support : ndarray of bool of shape (n_inputs,)
        Columns of the user to take, all of which are encoded.

    Returns
    -------
    bins : ndarray of shape (n_taken, n_columns)
        Less than `N_BINS`.
    """
    fewer = encoding.restrict(support)
    outputs = np.flatnonzero(support[encoding.input_of_output])
    if isinstance(inputs, np.ndarray):
        taken = inputs[rows[:, None], outputs]
    else:
        taken = inputs[rows, outputs].toarray()
    place = np.cumsum(support) - 1
    bins = np.empty((len(rows), int(support.sum())), dtype=np.uint8)
    if len(fewer.numbers.columns):
        values = standardized_values(taken, fewer)
        found = np.zeros(values.shape, dtype=np.uint8)
        for edge in _edges(fewer.numbers.knots[0].astype(values.dtype)).T:
            found += values > edge[:, None]
        found[np.isnan(values)] = N_BINS - 1
        bins[:, place[fewer.numbers.columns]] = found.T
    for state in fewer.levels:
        levels = taken[:, fewer.input_to_outputs[state.column]].argmax(axis=1)
        bins[:, place[state.column]] = _bin_of_level(state)[levels]
    return bins


def _edges(knots: NDArray) -> NDArray:
    """Find the largest values of all bins but the last, (n_columns, n_bins - 1).

    Where the largest value is an octile too, none is over it; then it is over others.
    """
    octiles = knots[:, 1:-1]
    below = np.nextafter(octiles, octiles.dtype.type(-np.inf))
    return np.where(octiles < knots[:, -1:], octiles, below)


def _bin_of_level(state: LevelState) -> NDArray[np.uint8]:
    """Give each encoded level of a column its bin, the first to the most frequent."""
    # what a row of another level has in a column is the share of its level, negative
    order = np.argsort(state.table.min(axis=0), kind="stable")
    bin_of_level = np.empty(len(order), dtype=np.uint8)
    bin_of_level[order] = np.minimum(np.arange(len(order)), N_BINS - 1)
    return bin_of_level
