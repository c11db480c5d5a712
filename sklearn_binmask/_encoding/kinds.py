"""Which kind each column of a table is: said by the user, or by the dtype."""

from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from ..exceptions import ParameterError
from .columns import COLUMN_KINDS
from .naming import column_mask
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
        chosen = column_mask(
            categorical_features, table.n_columns, names, "categorical_features"
        )
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
