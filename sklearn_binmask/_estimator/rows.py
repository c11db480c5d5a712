"""The user's table and target, checked and otherwise as they were."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_consistent_length, validate_data

from .._engine.agreement import ALONE, Agreement
from .._sklearn import _check_sample_weight, _num_samples, _safe_indexing
from .grouped import check_groups
from .mapped import refuse_infinite
from .pointers import refuse_outside

__all__ = [
    "LARGE_ARRAY",
    "Rows",
    "check_rows",
    "check_table",
    "is_frame",
    "is_parted",
    "select_columns",
]

# Cells beyond which no part of a table is copied, nor encoded before it is drawn.
LARGE_ARRAY = 2**24
# The same of a table that comes in parts, of which there is nothing in memory yet.
LARGE_PARTED = 2**22


@dataclass(frozen=True, eq=False)
class Rows:
    """The user's rows, checked, those of zero weight left out.

    Attributes
    ----------
    X : ndarray, sparse array, data frame or PartedTable of shape (n_rows, n_columns)
        The table.
    y : array-like of shape (n_rows,) or (n_rows, n_targets)
        The target.
    sample_weight : ndarray of shape (n_rows,) or None
        Positive weights.
    seen : dict
        ``n_features_in_`` and, where columns have names, ``feature_names_in_``.
    kept : ndarray of int of shape (n_rows,) or None
        Which of the user's rows they are, where some are left out.
    places : ndarray of int of shape (n_rows,) or None
        Which rows of `X` they are, where it is too large to be copied without others.
    own : slice
        Where several processes share a fit, which of all rows `X` holds; `y` and
        `sample_weight` are then those of all rows, `kept` and `places` of its own.
    agreement : Agreement
        Among these processes.
    groups : ndarray of shape (n_rows,) or None
        Labels of rows that belong together, of all processes.
    """

    X: Any
    y: Any
    sample_weight: NDArray[np.float64] | None
    seen: dict[str, Any]
    kept: NDArray[np.intp] | None = None
    places: NDArray[np.intp] | None = None
    own: slice = field(default_factory=lambda: slice(None))
    agreement: Agreement = ALONE
    groups: NDArray | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows, of all processes."""
        return int(_num_samples(self.y))

    @property
    def is_large(self) -> bool:
        """Whether the table, of all processes, is not to be copied."""
        n_cells = 0 if issparse(self.X) else self.X.shape[0] * self.X.shape[1]
        most = LARGE_PARTED if is_parted(self.X) else LARGE_ARRAY
        return self.agreement.total(n_cells) > most

    def own_among(self, taken: NDArray[np.intp]) -> tuple[NDArray[np.intp], slice]:
        """Find the rows of this process among some of all: which, and where there."""
        start, stop, _ = self.own.indices(self.n_rows)
        first, last = np.searchsorted(taken, [start, stop])
        return taken[first:last] - start, slice(int(first), int(last))

    def table(self, rows: NDArray[np.intp] | None = None) -> Any:
        """Take the table, or some of its rows."""
        if is_parted(self.X):
            known = np.arange(len(self.X)) if self.places is None else self.places
            return self.X.read(known if rows is None else known[rows])
        if self.places is None:
            return self.X if rows is None else _safe_indexing(self.X, rows)
        places = self.places if rows is None else self.places[rows]
        return _safe_indexing(self.X, places)

    @property
    def names(self) -> Sequence[str] | None:
        """Names of the columns."""
        return self.seen.get("feature_names_in_")


def is_frame(X: Any) -> bool:
    """Tell data frames, which keep their columns' kinds, from arrays."""
    # a lazy frame has no shape, and warns when it is asked for its columns
    return hasattr(X, "shape") and hasattr(X, "columns") and hasattr(X, "dtypes")


def is_parted(X: Any) -> bool:
    """Tell a table that is somewhere else, and comes in parts when it is read."""
    return hasattr(X, "parts")


def check_table(
    estimator: BaseEstimator, X: Any, *, reset: bool, least: int | None = None
) -> Any:
    """Check shape and names of a table; arrays also hold numbers or NaN only.

    Sparse arrays and matrices of other formats become CSR.

    Parameters
    ----------
    estimator : estimator
        Whose ``n_features_in_`` and ``feature_names_in_`` are set or compared.
    X : array-like or data frame
        As given by the user.
    reset : bool
        Whether to set them, in ``fit``.
    least : int, default=None
        Rows that there must be; by default 2 in ``fit``, else 1.

    Returns
    -------
    X : ndarray, sparse array or data frame
        A frame as it was; anything else as an array, sparse if it was.
    """
    least = (2 if reset else 1) if least is None else least
    if hasattr(X, "collect"):
        raise TypeError(
            f"X is a {type(X).__name__}, which holds no rows yet. Pass X.collect()."
        )
    if is_parted(X):  # the parts are checked when they come
        validate_data(estimator, X.empty, reset=reset, skip_check_array=True)
        return X
    if not is_frame(X):
        if issparse(X):
            refuse_outside(X)
        X = validate_data(
            estimator,
            X,
            reset=reset,
            accept_sparse=("csr", "csc"),
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan" if issparse(X) else False,
            ensure_min_samples=least,
        )
        if isinstance(X, np.ndarray):  # block by block, which needs no memory
            refuse_infinite(X, type(estimator).__name__)
        return X
    n_rows, n_columns = X.shape
    if n_columns == 0 or n_rows < least:
        what = "feature(s)" if n_columns == 0 else "sample(s)"
        raise ValueError(
            f"X is a data frame with {n_columns if n_columns == 0 else n_rows} {what} "
            f"(shape={X.shape}) while a minimum of {1 if n_columns == 0 else least} is "
            f"required by {type(estimator).__name__}. Pass a table with more of them."
        )
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    return X


def check_rows(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    sample_weight: Any,
    groups: Any = None,
    *,
    least: int = 2,
) -> Rows:
    """Check what ``fit`` was given, without touching the estimator."""
    draft = copy.copy(estimator)
    if y is None or np.isscalar(y):
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            f"{y!r}. Pass the class or number to be predicted for each row."
        )
    X = check_table(draft, X, reset=True, least=least)
    check_consistent_length(X, y)
    seen = {
        name: getattr(draft, name)
        for name in ("n_features_in_", "feature_names_in_")
        if hasattr(draft, name)
    }
    labels = check_groups(groups, _num_samples(X))
    if sample_weight is None:
        return Rows(X, y, None, seen, groups=labels)
    weights = _check_sample_weight(
        sample_weight,
        X,
        dtype=np.float64,
        ensure_non_negative=True,
        allow_all_zero_weights=True,  # refused below, in words
    )
    used = weights > 0
    if not used.any():
        raise ValueError(
            "sample_weight is zero for every row. Give at least two rows a positive "
            "weight, or pass sample_weight=None."
        )
    if used.all():
        return Rows(X, y, weights, seen, groups=labels)
    kept = np.flatnonzero(used)
    y = _safe_indexing(y, kept)
    labels = None if labels is None else labels[kept]
    if is_parted(X) or (isinstance(X, np.ndarray) and X.size > LARGE_ARRAY):
        return Rows(X, y, weights[kept], seen, kept, kept, groups=labels)
    X = _safe_indexing(X, kept)
    return Rows(X, y, weights[kept], seen, kept, groups=labels)


def select_columns(frame: Any, support: NDArray[np.bool_]) -> Any:
    """Select columns of a data frame of any library, dtypes and index kept."""
    columns = np.flatnonzero(support).tolist()
    if not columns:  # narwhals would forget how many rows there are
        return _safe_indexing(frame, columns, axis=1)
    selected = nw.from_native(frame, eager_only=True)
    return nw.to_native(selected[:, columns])
