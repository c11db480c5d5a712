"""Rows that belong together, as the user says: those of one patient, day or machine."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._path.resample import RowOrder, order_groups
from ..exceptions import ParameterError

__all__ = ["check_groups", "order_by_groups", "refuse_few_groups"]


def check_groups(groups: Any, n_rows: int) -> NDArray | None:
    """Refuse what does not say of each row which group it is in.

    Parameters
    ----------
    groups : array-like of shape (n_rows,) or None
        As the user gave them.
    n_rows : int
        Rows of the table.

    Returns
    -------
    groups : ndarray of shape (n_rows,) or None
        Numbers or text.
    """
    if groups is None:
        return None
    labels = np.asarray(groups)
    if labels.shape != (n_rows,):
        raise ValueError(
            f"groups has shape {labels.shape}, but X has {n_rows} rows. Pass one label "
            "for each row, or groups=None."
        )
    if labels.dtype == object:
        missing = np.flatnonzero([_is_missing(label) for label in labels])
    else:
        missing = np.flatnonzero(labels != labels)
    if len(missing):
        raise ValueError(
            f"groups is missing in {len(missing)} rows, the first of which is row "
            f"{missing[0]}. Give these rows labels of their own, or leave them out."
        )
    kinds = {type(label).__name__ for label in labels if labels.dtype == object}
    if len(kinds) > 1:
        raise TypeError(
            f"groups holds labels of several types ({', '.join(sorted(kinds))}). Pass "
            "labels of one type, such as text."
        )
    # as text, what has no order or cannot be sent to another process
    return labels if labels.dtype.kind in "biuf" else labels.astype(str)


def _is_missing(label: Any) -> bool:
    try:
        return label is None or bool(label != label)
    except TypeError:  # pandas.NA is neither equal to itself nor not
        return True


def order_by_groups(
    groups: NDArray, strata: NDArray[np.intp], weights: NDArray[np.float64]
) -> RowOrder:
    """Describe rows for splitting by the user's groups, of which there must be two.

    Parameters
    ----------
    groups : ndarray of shape (n_rows,)
        Label of each row.
    strata : ndarray of shape (n_rows,)
        Class of each row, or zeros.
    weights : ndarray of shape (n_rows,)
        Of the rows.

    Returns
    -------
    order : RowOrder
        By group.
    """
    names, codes = np.unique(groups, return_inverse=True)
    one, *others = names.tolist()
    if not others:
        raise ParameterError(
            f"groups has one label only, {one!r}, but whole groups are to be split in "
            "halves. Pass at least two, or groups=None."
        )
    return order_groups(codes.reshape(-1), strata, weights)


def refuse_few_groups(order: RowOrder, validation_fraction: float | None) -> None:
    """Refuse to hold out a share of the groups that is less than one of them."""
    clusters = order.clusters
    if clusters is None or validation_fraction is None:
        return
    n_groups = int(clusters.max()) + 1
    if n_groups * validation_fraction < 1:
        raise ParameterError(
            f"validation_fraction={validation_fraction} of {n_groups} groups is less "
            f"than one to hold out. Ask for {math.ceil(1000 / n_groups) / 1000:g} or "
            "more, or pass groups=None."
        )
