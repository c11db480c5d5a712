"""Many resamples of one table, and what each member of each run does with each row.

A resample says how often it has each row. Inside it, rows are split in three parts: a
member of its committee trains on two of them and judges the gates on the third. Rows
that are not in the resample tell how well its supports predict.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .._engine.problem import Roles
from .resample import RowOrder, hold_out

__all__ = ["RESAMPLINGS", "resample_roles"]

_PARTS = 3
# Rows on which supports are compared; a point of the path has this many for each run.
_MOST_EVALUATED = 2000

Counts = NDArray[np.uint8]


def _halves(order: RowOrder, rng: np.random.Generator, n_resamples: int) -> Counts:
    """Split the rows in halves, anew for each pair of resamples."""
    counts = np.zeros((len(order.keys), n_resamples), dtype=np.uint8)
    for first in range(0, n_resamples, 2):
        half = order.shuffled_ranks(rng) % 2
        counts[:, first : first + 2] = half[:, None] == np.arange(2)
    return counts[:, :n_resamples]


def _bootstrap(order: RowOrder, rng: np.random.Generator, n_resamples: int) -> Counts:
    """Draw as many rows as there are, with replacement; copies come together."""
    distinct, row_of = np.unique(order.keys, return_inverse=True)
    n = len(distinct)
    drawn = [
        np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(n_resamples)
    ]
    return np.minimum(np.column_stack(drawn), 255).astype(np.uint8)[row_of]


# How the rows of a resample are drawn; what it returns has the shape
# (n_rows, n_resamples).
RESAMPLINGS: dict[str, Callable[[RowOrder, np.random.Generator, int], Counts]] = {
    "halves": _halves,
    "bootstrap": _bootstrap,
}


def resample_roles(
    order: RowOrder,
    weights: NDArray[np.float64],
    rng: np.random.Generator,
    counts: Counts,
    n_members: int,
) -> Roles:
    """Give the rows of each resample to the members of a run of its own.

    Parameters
    ----------
    order : RowOrder
        The rows.
    weights : ndarray of shape (n_rows,)
        Of the rows.
    rng : numpy.random.Generator
        Source of the splits.
    counts : ndarray of shape (n_rows, n_runs)
        How often each resample has each row.
    n_members : int
        Members of each run.

    Returns
    -------
    roles : Roles
        `trains` and `judges` count rows that a resample has more than once.
    """
    n_rows, n_runs = counts.shape
    trains = np.zeros((n_rows, n_runs, n_members), dtype=np.uint8)
    judges = np.zeros_like(trains)
    for run in range(n_runs):
        rows = np.flatnonzero(counts[:, run])
        inner = order.among(rows)
        for member in range(n_members):
            if member % _PARTS == 0:
                part = inner.shuffled_ranks(rng) % _PARTS
            apart = part == member % _PARTS
            alone = apart.all() or not apart.any()  # too few rows to be split
            trains[rows, run, member] = counts[rows, run] * (~apart | alone)
            judges[rows, run, member] = counts[rows, run] * (apart | alone)
    some = hold_out(order, rng, min(1.0, _MOST_EVALUATED / n_rows))
    evaluates = np.repeat(((counts == 0) & some[:, None])[:, :, None], n_members, 2)
    without = ~evaluates.any(axis=(0, 2))  # a resample may have every row
    evaluates[:, without] = some[:, None, None]
    effective = [
        order.effective_rows(weights, evaluates[:, run, 0]) for run in range(n_runs)
    ]
    return Roles(trains, judges, evaluates, np.array(effective))
