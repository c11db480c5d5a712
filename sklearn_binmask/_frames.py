"""Columns of a user's frame, taken out as they are."""

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from ._estimator import _is_frame, check_table

__all__ = ["select_columns"]


def select_columns(
    estimator: BaseEstimator, X: Any, support: NDArray[np.bool_]
) -> Any | None:
    """Select columns of a data frame, of whatever library, dtypes and index kept.

    Parameters
    ----------
    estimator : estimator
        Fitted; its columns are compared with those of `X`.
    X : data frame or anything else
        The user's table.
    support : ndarray of bool of shape (n_features_in_,)
        Columns to keep.

    Returns
    -------
    selected : data frame or None
        None if `X` is no data frame.
    """
    if not _is_frame(X):
        return None
    frame = nw.from_native(check_table(estimator, X, reset=False), eager_only=True)
    return nw.to_native(frame[:, np.flatnonzero(support).tolist()])
