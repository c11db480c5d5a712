"""From arrays to tensors."""

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["load_array", "renewed"]

T = TypeVar("T", Tensor, Tensor | None)


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


def renewed(before: T, now: T) -> T:
    """Write what a tensor is now where it was before, if it fits in there."""
    if before is None or now is None or before.shape != now.shape:
        return now
    return before.copy_(now)
