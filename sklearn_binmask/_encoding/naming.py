"""Columns named by the user: as a mask, by index, by name, or in groups."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exceptions import ParameterError


def column_mask(
    given: Any, n_columns: int, names: Sequence[str] | None, parameter: str
) -> NDArray[np.bool_]:
    """Turn a mask, indices or names into a mask.

    Parameters
    ----------
    given : None, mask, or list of int or str
        What the user said.
    n_columns : int
        Columns of the table.
    names : sequence of str or None
        Their names, where they have any.
    parameter : str
        For the error messages.

    Returns
    -------
    mask : ndarray of bool of shape (n_columns,)
        True for the columns named.
    """
    items = [] if given is None else list(given)
    if items and all(isinstance(item, bool | np.bool_) for item in items):
        if len(items) != n_columns:
            raise ParameterError(
                f"{parameter} is a boolean mask of length {len(items)}, but X has "
                f"{n_columns} columns; give one bool a column."
            )
        return np.array(items, dtype=bool)
    mask = np.zeros(n_columns, dtype=bool)
    mask[_indices(items, n_columns, names, parameter)] = True
    return mask


def column_groups(
    given: Any, n_columns: int, names: Sequence[str] | None
) -> NDArray[np.intp]:
    """Turn groups of columns into one group number per column.

    Parameters
    ----------
    given : None, list of lists, or array-like of shape (n_columns,)
        Columns (by index or name) of each group, those not named being groups of
        their own; or the group's label of each column.
    n_columns : int
        Columns of the table.
    names : sequence of str or None
        Their names, where they have any.

    Returns
    -------
    group_of_column : ndarray of shape (n_columns,)
        Numbers from 0, in the order in which groups first appear.
    """
    if given is None:
        return np.arange(n_columns)
    groups = list(given) if not isinstance(given, str) else [given]
    if not any(isinstance(group, list | tuple | set | np.ndarray) for group in groups):
        return _groups_of_labels(groups, n_columns)
    label = np.arange(n_columns)
    taken = np.zeros(n_columns, dtype=bool)
    for number, group in enumerate(groups):
        if not isinstance(group, list | tuple | set | np.ndarray):
            raise ParameterError(
                f"feature_groups holds lists and also {group!r}; it must be a list of "
                "lists of columns, or one label per column."
            )
        members = _indices(list(group), n_columns, names, "feature_groups")
        if taken[members].any() or len(set(members)) < len(members):
            raise ParameterError(
                f"feature_groups holds a column of {list(group)!r} twice; a column "
                "belongs to one group at most."
            )
        taken[members] = True
        label[members] = n_columns + number
    return _first_seen(label)


def _groups_of_labels(labels: list[Any], n_columns: int) -> NDArray[np.intp]:
    if len(labels) != n_columns:
        raise ParameterError(
            f"feature_groups holds {len(labels)} labels, but X has {n_columns} "
            "columns; give one label a column, or a list of lists of columns."
        )
    numbers: dict[Any, int] = {}
    return _first_seen([numbers.setdefault(label, len(numbers)) for label in labels])


def _first_seen(labels: Any) -> NDArray[np.intp]:
    """Replace labels by numbers, in the order in which they first appear."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.intp)
    place[np.argsort(first)] = np.arange(len(first))
    return place[inverse]


def _indices(
    items: list[Any], n_columns: int, names: Sequence[str] | None, parameter: str
) -> list[int]:
    """Find columns given by index or by name."""
    if all(isinstance(item, str) for item in items):
        return _indices_of_names(items, names, n_columns, parameter)
    if all(
        isinstance(item, int | np.integer) and not isinstance(item, bool)
        for item in items
    ):
        outside = [int(item) for item in items if not 0 <= item < n_columns]
        if outside:
            raise ParameterError(
                f"{parameter} holds the indices {outside}, but they must be in "
                f"[0, {n_columns - 1}] as X has {n_columns} columns."
            )
        return [int(item) for item in items]
    raise ParameterError(
        f"{parameter} must hold only bools, only integers or only strings, "
        f"got {items!r}."
    )


def _indices_of_names(
    given: list[str], names: Sequence[str] | None, n_columns: int, parameter: str
) -> list[int]:
    if not given:
        return []
    if names is None:
        raise ParameterError(
            f"{parameter} holds the names {given}, but the columns of X have no "
            "names; pass a data frame, or indices."
        )
    place = {name: column for column, name in enumerate(names)}
    unknown = sorted(set(given) - set(place))
    if unknown:
        raise ParameterError(
            f"{parameter} holds the names {unknown}, which are not columns of X; the "
            f"columns are {list(names)[:20]}{'...' * (n_columns > 20)}."
        )
    return [place[name] for name in given]
