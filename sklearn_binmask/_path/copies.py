"""Copies of columns that look like the originals and know nothing of the target.

A copy shows how often a column is selected that does not matter. A plain permutation of
a column breaks its ties to the other columns too, and such a copy is selected more
rarely than a column that resembles one that matters. So the values change places only
between rows for which the *other columns* predict much the same value::

    row     predicted   value  ->  copy
    7         -1.31     -1.02      -1.60
    2         -1.30     -1.60      -0.88
    9         -1.28     -0.88      -1.02

What the others say of the column is kept, what it says beyond them is gone. It is a
permutation test given the rest: Strobl, Boulesteix, Kneib, Augustin and Zeileis (2008),
"Conditional variable importance for random forests", BMC Bioinformatics 9:307; the idea
of copies that keep the ties among columns is that of the knockoffs of Candes, Fan,
Janson and Lv (2018), J. R. Statist. Soc. B 80, 551-577.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .resample import written_out

__all__ = ["permute_given_others"]

# Rows among which values change places.
_NEIGHBOURS = 4
# The columns most like it that predict a column, and most rows to learn that from.
_MOST_COLUMNS, _MOST_ROWS = 100, 5000
# Ridge penalty, as a share of the rows: correlations under about this are left out.
_RIDGE = 0.1


def permute_given_others(
    values: Any,
    weights: NDArray[np.float64],
    column: int,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Draw a permutation of the rows for a copy of one column.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        One number per row and column, standardized; or what is indexed and multiplied
        like an array, and has ``toarray``.
    weights : ndarray of shape (n_rows,)
        Of the rows.
    column : int
        To be copied.
    rng : numpy.random.Generator
        Source of the draw.

    Returns
    -------
    permutation : ndarray of shape (n_rows,)
        Row whose value each row of the copy takes, never its own if there are others.
    """
    predicted = _predict(values, weights, column, rng)
    n_rows = len(predicted)
    luck = rng.random(n_rows)
    order = np.lexsort((luck, predicted))
    n_blocks = max(1, n_rows // _NEIGHBOURS)
    block = np.minimum(np.arange(n_rows) // _NEIGHBOURS, n_blocks - 1)
    # inside a block each row takes the value of the next one, in an order of luck
    taken = np.lexsort((luck[order], block))
    first = np.searchsorted(block, block, side="left")
    last = np.searchsorted(block, block, side="right") - 1
    following = np.where(np.arange(n_rows) == last, first, np.arange(n_rows) + 1)
    permutation = np.empty(n_rows, dtype=np.intp)
    permutation[order[taken]] = order[taken[following]]
    return permutation


def _predict(
    values: Any,
    weights: NDArray[np.float64],
    column: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Predict a column from those most like it, each half from the other half."""
    target = written_out(values[:, [column]])[:, 0]
    alike = np.abs((weights * target) @ values)
    alike[column] = -np.inf
    n_used = min(_MOST_COLUMNS, values.shape[1] - 1)
    used = np.argsort(-alike, kind="stable")[:n_used]
    x_all = written_out(values[:, used])
    half = rng.permutation(len(values)) % 2
    predicted = np.zeros(len(values))
    for fold in (0, 1):
        learns = np.flatnonzero(half != fold)[:_MOST_ROWS]
        told = np.flatnonzero(half == fold)
        x, w = x_all[learns], weights[learns]
        inner = (x.T * w) @ x
        inner[np.diag_indices(n_used)] += _RIDGE * w.sum()
        slopes = np.linalg.solve(inner, x.T @ (w * target[learns]))
        predicted[told] = x_all[told] @ slopes
    return predicted
