"""From arrays to tensors, and parts of both."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["load_array", "take_columns", "take_rows"]


def load_array(array: NDArray, dtype: torch.dtype, device: str) -> Tensor:
    """Turn an array into a tensor.

    Parameters
    ----------
    array : ndarray
        Numbers; shared with the tensor where that can be.
    dtype : torch.dtype
        Of the tensor.
    device : str
        Of the tensor.

    Returns
    -------
    tensor : Tensor
        Of the same shape.
    """
    # torch warns of arrays that are read-only, such as those of a worker process
    array = np.require(array, np.dtype(str(dtype)[6:]), ["C", "W"])
    return torch.from_numpy(array).to(device)


def take_columns(inputs: Any, columns: Any) -> Any:
    """Take columns by number, the quickest way there is for what the inputs are."""
    if isinstance(inputs, np.ndarray):
        return inputs.take(columns, axis=1)
    if isinstance(inputs, Tensor):
        return inputs.index_select(1, columns)
    return inputs[:, columns]


def take_rows(inputs: Any, used: NDArray[np.bool_]) -> Any:
    """Take the rows of a mask; without a copy if these are all."""
    return inputs if used.all() else inputs[used]
