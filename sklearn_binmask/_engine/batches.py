"""Rows that train and judge, and batches of them.

A weight says what a row is to a network, 0 where it is nothing. Where networks leave
out many rows, as do those that train on one half of a table and judge on the other,
most of a batch that all read would be work for nothing. There each group of networks
with the same rows has a batch of its own, see `groups`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any

import torch
from torch import Tensor

from .groups import Groups, find_groups

__all__ = ["Batch", "BatchRows", "Drawing", "MovingRows"]


@dataclass(frozen=True, eq=False)
class BatchRows:
    """Rows that the networks read in one step.

    Attributes
    ----------
    x : Tensor or SparseRows of shape (n_rows, n_inputs) or (n_groups, n_rows, n_inputs)
        Encoded columns, of all networks together or of groups of as many each.
    y : Tensor of shape (n_rows, n_outputs) or (n_networks, n_rows, n_outputs)
        Targets.
    weights : Tensor of shape (n_networks, n_rows)
        What each row is to each network.
    """

    x: Any
    y: Tensor
    weights: Tensor


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows of one step.

    Attributes
    ----------
    trains : BatchRows
        On which the weights are trained.
    judging : callable
        Gives those on which the gates are judged; called only if they are.
    """

    trains: BatchRows
    judging: Callable[[], BatchRows]

    @cached_property
    def judges(self) -> BatchRows:
        """Rows on which the gates are judged: the same ones, or with other weights."""
        return self.judging()


@dataclass(frozen=True, eq=False)
class Drawing:
    """Batches without end: which rows each has, and how to take them.

    Attributes
    ----------
    numbers : iterator of Tensor or None
        Of the rows of each batch; None stands for all rows.
    take : callable
        Gives the batch of such numbers.
    """

    numbers: Iterator[Tensor | None]
    take: Callable[[Any], Batch]


@dataclass(eq=False)
class MovingRows:
    """All rows that train or judge.

    Attributes
    ----------
    x : Tensor or SparseRows of shape (n_rows, n_inputs)
        Encoded columns.
    y : Tensor of shape (n_rows, n_outputs)
        Targets.
    train_weights, judge_weights : Tensor of shape (n_rows, n_networks)
        What each row is to each network; one and the same tensor if these are equal.
    apart : bool
        Whether networks may have rows of their own.
    n_units : int
        Of the first hidden layer of a network.
    """

    x: Any
    y: Tensor
    train_weights: Tensor
    judge_weights: Tensor
    apart: bool = True
    n_units: int = 1

    def batches(self, size: int, generators: Sequence[torch.Generator]) -> Drawing:
        """Draw batches: all rows if they are few, else shuffled.

        Parameters
        ----------
        size : int
            Rows of a batch; of one with rows for each group, as many as a group would
            find in it.
        generators : sequence of torch.Generator
            One for each run.
        """
        if len(self.x) <= size:
            batch = self.batch(self.x, self.y, Tensor.t)
            return Drawing(repeat(None), lambda _: batch)
        groups = None
        if self.apart:
            n_runs = len(generators)
            groups = find_groups(
                self.train_weights, self.judge_weights, n_runs, self.n_units
            )
        if groups is None:
            return self._shared(size, generators[0])
        apart = _Apart(self, size, groups)
        return Drawing(apart.numbers(generators), apart.take)

    def batch(self, x: Any, y: Tensor, weigh: Callable[[Tensor], Tensor]) -> Batch:
        """Let the networks train and judge on the same rows."""
        trains = BatchRows(x, y, weigh(self.train_weights))
        if self.judge_weights is self.train_weights:
            return Batch(trains, lambda: trains)
        return Batch(trains, lambda: BatchRows(x, y, weigh(self.judge_weights)))

    def _shared(self, size: int, generator: torch.Generator) -> Drawing:
        n_rows, device = len(self.x), self.x.device
        take = _Taker(self.x)

        def numbers() -> Iterator[Tensor]:
            while True:
                order = _shuffled(n_rows, generator, device)
                for start in range(0, n_rows - size + 1, size):
                    yield order[start : start + size]

        def batch(rows: Tensor) -> Batch:
            x, y = take(rows), self.y.index_select(0, rows)
            return self.batch(x, y, lambda w: w.index_select(0, rows).t())

        return Drawing(numbers(), batch)


class _Apart:
    """Batches in which each group of networks has rows of its own.

    Parameters
    ----------
    moving : MovingRows
        All rows.
    size : int
        Rows of a batch that all would read.
    groups : Groups
        And the rows of each.
    """

    def __init__(self, moving: MovingRows, size: int, groups: Groups) -> None:
        device, self.groups, self.moving = moving.x.device, groups, moving
        lengths = torch.tensor([len(rows) for rows in groups.rows], device=device)
        self.n_groups, self.n_rows = len(lengths), int(lengths.min())
        self.size = max(1, round(size * self.n_rows / len(moving.x)))
        self._taker = _Taker(moving.x)
        self._place = torch.arange(self.n_groups, device=device)[:, None]
        # where groups have more rows, a batch has a smaller share of these
        self._scale: Tensor | None = None
        if bool((lengths != self.n_rows).any()):
            scale = (lengths / self.n_rows)[:, None, None]
            self._scale = scale.to(moving.train_weights.dtype)
        if groups.partners is not None:
            self._partners = torch.tensor(groups.partners, device=device)

    def numbers(self, generators: Sequence[torch.Generator]) -> Iterator[Tensor]:
        """Yield the rows of each group's batch, without end."""
        per_run = self.n_groups // len(generators)
        while True:
            orders = []
            for group, rows in enumerate(self.groups.rows):
                generator = generators[group // per_run]
                order = _shuffled(len(rows), generator, rows.device)
                orders.append(rows[order[: self.n_rows]])
            order = torch.stack(orders)
            for start in range(0, self.n_rows - self.size + 1, self.size):
                yield order[:, start : start + self.size]

    def take(self, rows: Tensor) -> Batch:
        """Take the rows of each group, (n_groups, n)."""
        moving, x = self.moving, self._taker(rows)
        n_members = moving.train_weights.shape[1] // self.n_groups
        y = moving.y[rows].repeat_interleave(n_members, 0)
        if self.groups.partners is None:
            return moving.batch(x, y, lambda w: self._of_networks(w, rows))
        trains = BatchRows(x, y, self._of_networks(moving.train_weights, rows))
        return Batch(trains, lambda: self._swapped(trains))

    def _of_networks(self, weights: Tensor, rows: Tensor) -> Tensor:
        """Find what rows (n_groups, n) are to each network, (n_networks, n)."""
        per_group = weights.unflatten(1, (self.n_groups, -1))[rows, self._place]
        if self._scale is not None:
            per_group *= self._scale
        return per_group.transpose(1, 2).flatten(0, 1)

    def _swapped(self, trains: BatchRows) -> BatchRows:
        """Let each group judge what its partner trains on."""
        y, weights = (
            part.unflatten(0, (self.n_groups, -1))
            .index_select(0, self._partners)
            .view_as(part)
            for part in (trains.y, trains.weights)
        )
        return BatchRows(trains.x.index_select(0, self._partners), y, weights)


def _shuffled(n_rows: int, generator: torch.Generator, device: torch.device) -> Tensor:
    """Shuffle, in the same order on every device, and without waiting for one."""
    order = torch.randperm(n_rows, generator=generator)
    return order.to(device, non_blocking=True)


class _Taker:
    """Takes rows of any shape; those taken before are overwritten where that can be.

    Memory that is asked for and given back in every step costs more than the copy.

    Parameters
    ----------
    x : Tensor or SparseRows of shape (n_rows, n_inputs)
        From which rows are taken.
    """

    def __init__(self, x: Any) -> None:
        self.x = x
        self._taken: Tensor | None = None

    def __call__(self, rows: Tensor) -> Any:
        """Take rows."""
        if not isinstance(self.x, Tensor):
            return self.x[rows]
        shape = (*rows.shape, self.x.shape[1])
        if self._taken is None or self._taken.shape != shape:
            self._taken = self.x.new_empty(shape)
        torch.index_select(
            self.x, 0, rows.flatten(), out=self._taken.view(-1, shape[-1])
        )
        return self._taken
