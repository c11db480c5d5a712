r"""Gates: each a 0 or 1 in front of all encoded columns of one group.

A gate is ``m = 1[score >= price]``. The gradient passes through the step unchanged (the
identity straight-through estimator of the paper), so what a batch says of gate j is
``dL/dm_j``, whether the gate is open or closed.

NOTE[DIFF] Two departures from the paper's recipe:

* Curvature (``SolverConfig.curvature=False`` leaves it out). ``-dL/dm`` predicts
  what closing an open gate costs only to first order, and a trained network has
  ``dL/dm`` near 0 for every gate that matters: its weights stand at their optimum. So
  the next term of Taylor's series is added. With `C` the derivative of a row's outputs
  with respect to the gate, and `K` the curvature of the loss there::

      L(closed) - L(open)  =  -dL/dm  +-  1/2 mean(C^T K C)     (+ open, - closed)

* Scores that decay. The paper's scores are integrators, clamped at the end of their
  range, where they tie. Here the score decays towards what the last batches say: a
  step of size `mask_learning_rate` on ``-worth * score + score ** 2 / 2``. It then is
  a running mean of the *worth* of the gate, in units of the loss; it is compared with
  the price of a gate, and scores can be ranked.
"""

from functools import cached_property
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["GateLayout", "Scores"]


class GateLayout:
    """Where the encoded columns of each gate stand in the network's first layer.

    Gates come in the order of their number of columns, widest first, and columns slot
    by slot, so that per-gate sums are sums of a few contiguous blocks::

        gate            g0 g1 g2 | g0 g1 | g0
        slot            0        | 1     | 2

    Parameters
    ----------
    gate_of_input : ndarray of shape (n_inputs,)
        Gate of each encoded column.
    rank : ndarray of shape (n_gates,)
        Order among gates of the same width.

    Attributes
    ----------
    gates : ndarray of shape (n_gates,)
        Gate ids in the order of the layout; a gate without any column has no place.
    inputs : ndarray of shape (n_inputs,)
        Encoded columns in the order of the layout.
    slot_sizes : list of int
        Number of gates in each slot.
    """

    def __init__(
        self, gate_of_input: NDArray[np.intp], rank: NDArray[np.intp] | None = None
    ) -> None:
        widths = np.bincount(gate_of_input)
        rank = np.arange(len(widths)) if rank is None else rank[: len(widths)]
        gates = np.lexsort((rank, -widths))
        self.gates = gates[widths[gates] > 0]
        place = np.empty(len(widths), dtype=np.intp)
        place[gates] = np.arange(len(widths))
        by_gate = np.argsort(gate_of_input, kind="stable")
        starts = np.repeat(np.cumsum(widths) - widths, widths)
        slot = np.empty(len(by_gate), dtype=np.intp)
        slot[by_gate] = np.arange(len(by_gate)) - starts
        self.inputs = np.lexsort((place[gate_of_input], slot))
        self.slot_sizes = [int(n) for n in np.bincount(slot)] or [0]

    @cached_property
    def _blocks(self) -> list[tuple[int, int, int]]:
        """List where slots of one size begin, how many there are, and their size."""
        blocks, start = [], 0
        for size, slots in groupby(self.slot_sizes):
            n_slots = len(list(slots))
            blocks.append((start, n_slots, size))
            start += n_slots * size
        return blocks

    def sum_per_gate(self, values: Tensor) -> Tensor:
        """Sum over the columns of each gate: (n_inputs, ...) to (n_gates, ...)."""
        if len(self.slot_sizes) == 1:
            return values
        total = values.new_zeros(self.slot_sizes[0], *values.shape[1:])
        for start, n_slots, width in self._blocks:
            block = values[start : start + n_slots * width]
            total[:width] += block.view(n_slots, width, *block.shape[1:]).sum(0)
        return total

    def sum_per_gate_last(self, values: Tensor) -> Tensor:
        """Sum over the columns of each gate: (..., n_inputs) to (..., n_gates).

        Works in place: `values` are not to be used again.
        """
        for start, n_slots, width in self._blocks:
            block = values[..., start : start + n_slots * width]
            while n_slots > 1:  # several slots at a time, the last ones to the first
                n_added = n_slots // 2
                n_slots -= n_added
                added = block[..., n_slots * width : (n_slots + n_added) * width]
                block[..., : n_added * width].add_(added)
            if start:
                values[..., :width].add_(block[..., :width])
        return values[..., : self.slot_sizes[0]]

    def spread(self, per_gate: Tensor) -> Tensor:
        """Repeat a value of each gate for its columns: (n_gates, ...) to inputs."""
        return torch.cat([per_gate[:size] for size in self.slot_sizes])

    def keep(self, kept: NDArray[np.bool_]) -> tuple["GateLayout", NDArray[np.intp]]:
        """Drop gates for good.

        Parameters
        ----------
        kept : ndarray of bool of shape (n_gates,)
            In the order of the layout.

        Returns
        -------
        layout : GateLayout
            Of the gates kept, in the same order.
        positions : ndarray
            Places of the kept columns in the layout so far.
        """
        positions = np.flatnonzero(
            np.concatenate([kept[:size] for size in self.slot_sizes])
        )
        smaller = object.__new__(GateLayout)
        smaller.gates = self.gates[kept]
        smaller.inputs = self.inputs[positions]
        sizes = [int(kept[:size].sum()) for size in self.slot_sizes]
        smaller.slot_sizes = [size for size in sizes if size] or [0]
        return smaller, positions


class Scores:
    """The score behind each gate: a running mean of what the gate is worth.

    Parameters
    ----------
    n_gates, n_runs : int
        Size of the table of scores.
    learning_rate : float
        Share of the score that one batch replaces.
    like : Tensor
        Gives dtype and device.
    """

    def __init__(
        self, n_gates: int, n_runs: int, learning_rate: float, like: Tensor
    ) -> None:
        self.sums = torch.zeros(n_gates, n_runs, dtype=like.dtype, device=like.device)
        self._weight = 0.0
        self._learning_rate = learning_rate

    def update(self, worth: Tensor) -> None:
        """Take in what one batch says, (n_gates, n_runs)."""
        self.sums.lerp_(worth, self._learning_rate)
        self._weight += self._learning_rate * (1 - self._weight)

    @property
    def values(self) -> Tensor:
        """Scores, free of the bias towards their start at 0."""
        return self.sums / max(self._weight, 1e-12)

    def keep(self, kept: Tensor) -> None:
        """Drop gates for good."""
        self.sums = self.sums[kept]
