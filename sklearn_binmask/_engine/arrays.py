"""From arrays to tensors, and memory for these."""

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Scratch", "load_array", "renewed"]

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


# Numbers up to which new memory is had as soon as that which is there.
_SMALL = 2**16


class Scratch:
    """Memory for what a step makes and forgets, used again by the next one.

    A processor's memory is given back to the system where much of it is free, and has
    to be laid out anew when it is asked for again, which takes as long as to fill it.
    """

    def __init__(self) -> None:
        self._held: dict[str, Tensor] = {}

    def __call__(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor:
        """Give a tensor of some shape; it is overwritten by the next of its name.

        Parameters
        ----------
        name : str
            Of what it is for.
        shape : sequence of int
            Of the tensor.
        like : Tensor
            Of its dtype and device.
        """
        size = math.prod(shape)
        if size <= _SMALL or like.device.type != "cpu":
            return like.new_empty(shape)
        held = self._held.get(name)
        if held is None or len(held) < size:
            held = self._held[name] = like.new_empty(size)
        return held[:size].view(shape)

    def clear(self) -> None:
        """Let go of all of it."""
        self._held.clear()
