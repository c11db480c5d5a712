"""Large tables: no copy of the user's, and no more rows than it takes.

A path needs enough rows to tell columns apart, not all rows again and again. So up to
100,000 rows all are used, and beyond, as many more as the cube root of their number
grows: 215,000 of a million. Which ones is drawn without regard to what they hold, the
same for each `random_state`; of each class one at least is among them.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from .._encoding import target_array
from .._engine.agreement import ALONE, Agreement
from .._sklearn import _safe_indexing
from .mapped import is_mapped, read_rows
from .rows import Rows, is_parted
from .together import check_all_rows

__all__ = ["check_enough_rows", "row_budget", "within_budget"]

# Rows up to which all are used.
ALL_ROWS = 100_000


def row_budget(n_rows: int) -> int:
    """Count the rows that a selection uses.

    Examples
    --------
    >>> from sklearn_binmask._estimator.large import row_budget
    >>> row_budget(100_000), row_budget(1_000_000)
    (100000, 215443)
    """
    if n_rows <= ALL_ROWS:
        return n_rows
    return int(ALL_ROWS * (n_rows / ALL_ROWS) ** (1 / 3))


def check_enough_rows(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    sample_weight: Any,
    groups: Any = None,
    agreement: Agreement = ALONE,
) -> Rows:
    """Check what ``fit`` was given, and take as many rows as a selection uses."""
    rows = check_all_rows(agreement, estimator, X, y, sample_weight, groups)
    return within_budget(rows)


def within_budget(rows: Rows) -> Rows:
    """Take as many rows as a selection uses.

    An array in memory is not copied, only the numbers of the rows are written down; of
    one in a file the rows are read, in one pass.
    """
    n_rows = rows.n_rows
    most = row_budget(n_rows)
    if most == n_rows:
        return rows
    rng = np.random.default_rng(0)
    taken = rng.choice(n_rows, most, replace=False, shuffle=False)
    taken = np.union1d(taken, _one_of_each_class(rows.y, most))
    mine, own = rows.own_among(taken)
    fewer = replace(
        rows,
        y=_safe_indexing(rows.y, taken),
        sample_weight=_taken(rows.sample_weight, taken),
        groups=_taken(rows.groups, taken),
        kept=mine if rows.kept is None else rows.kept[mine],
        own=own,
    )
    places = mine if rows.places is None else rows.places[mine]
    if is_mapped(rows.X):
        return replace(fewer, X=read_rows(rows.X, places), places=None)
    if rows.is_large or isinstance(rows.X, np.ndarray) or is_parted(rows.X):
        return replace(fewer, places=places)
    return replace(fewer, X=_safe_indexing(rows.X, places))


def _taken(values: NDArray | None, rows: NDArray[np.intp]) -> NDArray | None:
    return None if values is None else values[rows]


def _one_of_each_class(y: Any, most: int) -> NDArray[np.intp]:
    """Find a row of each class, if there are classes."""
    values = target_array(y)
    if values.ndim > 1 and values.shape[1] > 1:
        return np.empty(0, dtype=np.intp)
    _, first = np.unique(values.ravel(), return_index=True)
    return first if len(first) < most // 10 else np.empty(0, dtype=np.intp)
