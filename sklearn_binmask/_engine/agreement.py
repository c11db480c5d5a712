"""How the processes of one fit agree: each has rows of its own, all make one network.

Whatever is a sum over rows is summed over the processes, whatever is said of single
rows is put together in the order of the processes, and where one must decide, the first
does. A training that asks its `Agreement` at these places does not know how many
processes there are; the one of a single process, `Alone`, hands back what it is given.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # records that carry an agreement are made without torch too
    import torch
    from torch import Tensor

__all__ = ["ALONE", "Agreement", "Alone", "find_agreement"]


class Agreement(ABC):
    """What the processes of one fit ask each other.

    All of them ask the same questions in the same order.

    Attributes
    ----------
    rank, size : int
        Number of this process, from 0, and how many there are.
    """

    rank: int
    size: int

    @abstractmethod
    def sum_(self, *tensors: Tensor) -> None:
        """Sum tensors of one dtype over the processes, in place."""

    @abstractmethod
    def follow_first_(self, *tensors: Tensor) -> None:
        """Take over the tensors of the first process, in place."""

    @abstractmethod
    def join_rows(self, values: Tensor, dim: int = 0) -> Tensor:
        """Put the rows of all processes one after the other."""

    @abstractmethod
    def gather_rows(self, rows: NDArray) -> NDArray:
        """Put the rows of all processes one after the other; no Python objects."""

    @abstractmethod
    def exchange(self, parts: Sequence[NDArray]) -> list[NDArray]:
        """Give each process its part; get from each what it has for this one."""

    @abstractmethod
    def gather_words(self, word: Any) -> list[Any]:
        """Tell each process what all say: None, numbers, text, and lists of these."""

    @abstractmethod
    def part_ways(self, generators: Sequence[torch.Generator]) -> None:
        """Let each process draw numbers of its own, from here on."""

    def first(self, word: Any) -> Any:
        """Take over what the first process says."""
        return self.gather_words(word)[0]

    def any(self, flag: bool) -> bool:
        """Tell whether any process says so."""
        return any(self.gather_words(bool(flag)))

    def total(self, number: int) -> int:
        """Sum a number over the processes."""
        return sum(self.gather_words(int(number)))

    def part_of(self, most: int, n_rows: int) -> int:
        """Share a number of rows among processes, to each as it has rows."""
        share = most / max(1, self.total(n_rows))
        return n_rows if share >= 1 else max(1, round(share * n_rows))

    def among_first(self, most: int, n_rows: int) -> int:
        """Count the rows, of those that this process has, among the first of all."""
        before = sum(self.gather_words(n_rows)[: self.rank])
        return min(n_rows, max(0, most - before))

    def sum_array(self, array: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum an array over the processes."""
        import torch

        total = torch.from_numpy(np.array(array, dtype=np.float64))
        self.sum_(total)
        return total.numpy()


@final
class Alone(Agreement):
    """The agreement of a process with itself."""

    rank, size = 0, 1

    def sum_(self, *tensors: Tensor) -> None:
        """Leave them as they are."""

    def follow_first_(self, *tensors: Tensor) -> None:
        """Leave them as they are."""

    def join_rows(self, values: Tensor, dim: int = 0) -> Tensor:
        """Hand them back."""
        return values

    def gather_rows(self, rows: NDArray) -> NDArray:
        """Hand them back."""
        return rows

    def exchange(self, parts: Sequence[NDArray]) -> list[NDArray]:
        """Hand them back."""
        return list(parts)

    def gather_words(self, word: Any) -> list[Any]:
        """Hear oneself."""
        return [word]

    def part_ways(self, generators: Sequence[torch.Generator]) -> None:
        """Go on."""

    def sum_array(self, array: NDArray[np.float64]) -> NDArray[np.float64]:
        """Hand it back."""
        return array


ALONE = Alone()


def find_agreement(distributed: str | None) -> AbstractContextManager[Agreement]:
    """Find those with whom a fit is shared.

    Parameters
    ----------
    distributed : "auto" or None
        "auto" for all processes of the group of `torch.distributed` that is active, if
        there is one; None for this process alone.

    Returns
    -------
    context : context manager
        Gives an `Agreement`, for the length of a ``with``.
    """
    # a group cannot be active where torch has not even been imported
    dist = sys.modules.get("torch.distributed")
    if distributed is None or dist is None or not dist.is_available():
        return nullcontext(ALONE)
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return nullcontext(ALONE)
    from .process_group import Together

    return Together()
