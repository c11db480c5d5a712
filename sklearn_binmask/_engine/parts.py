"""Parts of inputs, taken the quickest way there is for what the inputs are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["dense_part", "take_columns", "take_rows"]


def take_columns(inputs: Any, columns: Any) -> Any:
    """Take columns of an array, a tensor or inputs of another kind by number."""
    if isinstance(inputs, np.ndarray):
        return inputs.take(columns, axis=1)
    if hasattr(inputs, "index_select"):
        return inputs.index_select(1, columns)
    return inputs[:, columns]


def take_rows(inputs: Any, used: NDArray[np.bool_]) -> Any:
    """Take the rows of a mask; without a copy if these are all."""
    return inputs if used.all() else inputs[used]


def dense_part(
    inputs: Any, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray:
    """Take some rows and columns of inputs as an array."""
    if isinstance(inputs, np.ndarray):
        return inputs[rows[:, None], columns]
    return inputs[rows, columns].toarray()
