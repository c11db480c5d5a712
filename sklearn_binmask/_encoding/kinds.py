"""Which kind each column of a table is: said by the user, or by the dtype."""

from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from ..exceptions import ParameterError
from .columns import COLUMN_KINDS
from .reading import FrameTable, Table


def find_kinds(
    table: Table, categorical_features: Any, names: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the row of `COLUMN_KINDS` of each column.

    Parameters
    ----------
    table : Table
        The table learned from.
    categorical_features : "from_dtype", None or array-like
        As in `learn_table`.
    names : sequence of str or None
        Names of the columns, where they have any.

    Returns
    -------
    kinds : tuple of str
        One per column.
    """
    by_dtype = _is_from_dtype(categorical_features)
    chosen = np.zeros(table.n_columns, dtype=bool)
    if not by_dtype:
        chosen = _categorical_mask(categorical_features, table.n_columns, names)
    if not isinstance(table, FrameTable):
        return tuple("categorical" if said else "numeric" for said in chosen)
    kinds = [
        _kind_of(table.series(column), table.names[column], said)
        for column, said in enumerate(chosen)
    ]
    if not by_dtype:
        _refuse_text(table, kinds, chosen)
    return tuple(kinds)


def _is_from_dtype(categorical_features: Any) -> bool:
    """Tell the one allowed string from a list, and refuse any other string."""
    if not isinstance(categorical_features, str):
        return False
    if categorical_features != "from_dtype":
        raise ParameterError(
            "categorical_features must be 'from_dtype', None, a boolean mask, or a "
            f"list of indices or names, got {categorical_features!r}; for one column, "
            f"pass [{categorical_features!r}]."
        )
    return True


def _categorical_mask(
    categorical_features: Any, n_columns: int, names: Sequence[str] | None
) -> NDArray[np.bool_]:
    """Turn a mask, indices or names into a mask."""
    mask = np.zeros(n_columns, dtype=bool)
    given = [] if categorical_features is None else list(categorical_features)
    if not given:
        return mask
    if all(isinstance(item, bool | np.bool_) for item in given):
        if len(given) != n_columns:
            raise ParameterError(
                "categorical_features is a boolean mask of length "
                f"{len(given)}, but X has {n_columns} columns; give one bool a column."
            )
        return np.array(given, dtype=bool)
    if all(isinstance(item, str) for item in given):
        return mask | _mask_of_names(given, names, n_columns)
    if all(
        isinstance(item, int | np.integer) and not isinstance(item, bool)
        for item in given
    ):
        outside = [int(item) for item in given if not 0 <= item < n_columns]
        if outside:
            raise ParameterError(
                f"categorical_features holds the indices {outside}, but they must be "
                f"in [0, {n_columns - 1}] as X has {n_columns} columns."
            )
        mask[given] = True
        return mask
    raise ParameterError(
        "categorical_features must hold only bools, only integers or only strings, "
        f"got {given!r}."
    )


def _mask_of_names(
    given: list[str], names: Sequence[str] | None, n_columns: int
) -> NDArray[np.bool_]:
    """Find columns by name."""
    if names is None:
        raise ParameterError(
            f"categorical_features holds the names {given}, but the columns of X have "
            "no names; pass a data frame, or indices."
        )
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ParameterError(
            f"categorical_features holds the names {unknown}, which are not columns "
            f"of X; the columns are {list(names)[:20]}{'...' * (n_columns > 20)}."
        )
    return np.isin(np.array(names, dtype=object), given)


def _kind_of(series: nw.Series, name: str, is_categorical: np.bool_) -> str:
    """Recognise a column of a frame by its dtype, or else by its values."""
    dtype = series.dtype
    for kind, row in COLUMN_KINDS.items():
        if row.recognises(dtype):
            if row.read_as == "numbers" and not is_categorical:
                return kind
            return "numeric" if series.is_null().all() else "categorical"
    types = {type(value) for value in series.drop_nulls().to_list()}
    if not types:
        return "numeric"
    if is_categorical and all(found.__hash__ for found in types):
        return "categorical"
    for kind, row in COLUMN_KINDS.items():
        if all(issubclass(found, row.python_types) for found in types):
            return kind
    names = ", ".join(sorted(found.__name__ for found in types)[:5])
    raise TypeError(
        f"Column {name!r} of X has dtype {series.dtype} and holds values of type "
        f"{names}, which is no kind of column known here. Convert it to numbers, "
        "booleans or text; to take other values as levels, name the column in "
        "'categorical_features'."
    )


def _refuse_text(
    table: FrameTable, kinds: list[str], chosen: NDArray[np.bool_]
) -> None:
    """Raise if a column of text was not named as categorical."""
    for column, kind in enumerate(kinds):
        if COLUMN_KINDS[kind].read_as == "levels" and not chosen[column]:
            name = table.names[column]
            raise ValueError(
                f"Column {name!r} of X has dtype {table.series(column).dtype}, but "
                "'categorical_features' does not name it, so it could not convert "
                "its text to numbers. Add it to 'categorical_features', or use "
                "'from_dtype'."
            )
