"""How the inputs of a problem are held, and which networks read them.

A new way is a row of `HELD_AS`; inputs that are no plain array name theirs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from .arrays import load_array
from .cells import SparseCommittee, SparseRows
from .drawn import DrawnRows
from .networks import Committee

__all__ = ["HELD_AS", "Holding", "held_as"]


@dataclass(frozen=True)
class Holding:
    """One row of the table of ways to hold inputs.

    Attributes
    ----------
    load : callable
        (inputs, dtype, device): rows that are indexed as a tensor is.
    committee : type of Committee
        Networks that read what such an index gives.
    shares_rows : bool
        Whether all runs must read the same rows of a batch.
    is_sparse : bool
        Whether most cells are 0.
    """

    load: Callable[[Any, torch.dtype, str], Any]
    committee: type[Committee]
    shares_rows: bool = False
    is_sparse: bool = False


def held_as(inputs: Any) -> Holding:
    """Find the row of `HELD_AS` for inputs."""
    return HELD_AS[getattr(inputs, "held_as", "array")]


HELD_AS = {
    "array": Holding(load_array, Committee),
    "drawn": Holding(DrawnRows.load, Committee),
    "sparse": Holding(
        SparseRows.load, SparseCommittee, shares_rows=True, is_sparse=True
    ),
}
