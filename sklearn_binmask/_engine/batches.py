"""Rows that train and judge, and batches of them.

A weight says what a row is to a network, 0 where it is nothing. Where networks leave
out many rows, as do those that train on one half of a table and judge on the other,
most of a batch that all read would be work for nothing. There each group of networks
with the same rows has a batch of its own, see `groups`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from .groups import Groups, find_groups

__all__ = ["Batch", "BatchRows", "MovingRows"]


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

    def batches(
        self, size: int, generators: Sequence[torch.Generator]
    ) -> Iterator[Batch]:
        """Yield batches without end: all rows if they are few, else shuffled.

        Parameters
        ----------
        size : int
            Rows of a batch; of one with rows for each group, as many as a group would
            find in it.
        generators : sequence of torch.Generator
            One for each run.
        """
        if len(self.x) <= size:
            return self._everything()
        groups = None
        if self.apart:
            n_runs = len(generators)
            groups = find_groups(
                self.train_weights, self.judge_weights, n_runs, self.n_units
            )
        if groups is None:
            return self._shared(size, generators[0])
        return self._apart(size, generators, groups)

    def _batch(self, x: Any, y: Tensor, weigh: Callable[[Tensor], Tensor]) -> Batch:
        """Let the networks train and judge on the same rows."""
        trains = BatchRows(x, y, weigh(self.train_weights))
        if self.judge_weights is self.train_weights:
            return Batch(trains, lambda: trains)
        return Batch(trains, lambda: BatchRows(x, y, weigh(self.judge_weights)))

    def _everything(self) -> Iterator[Batch]:
        batch = self._batch(self.x, self.y, Tensor.t)
        while True:
            yield batch

    def _shared(self, size: int, generator: torch.Generator) -> Iterator[Batch]:
        n_rows = len(self.x)
        take = _Taker(self.x)

        def draw(rows: Tensor) -> Batch:
            x, y = take(rows), self.y.index_select(0, rows)
            return self._batch(x, y, lambda w: w.index_select(0, rows).t())

        while True:
            order = torch.randperm(n_rows, generator=generator).to(self.x.device)
            for start in range(0, n_rows - size + 1, size):
                yield draw(order[start : start + size])

    def _apart(
        self, size: int, generators: Sequence[torch.Generator], groups: Groups
    ) -> Iterator[Batch]:
        device, n_groups = self.x.device, len(groups.rows)
        n_rows = min(len(rows) for rows in groups.rows)
        size = max(1, round(size * n_rows / len(self.x)))
        generators = [g for g in generators for _ in range(n_groups // len(generators))]
        take = _Taker(self.x)
        place = torch.arange(n_groups, device=device)[:, None]
        n_members = self.train_weights.shape[1] // n_groups

        def of_networks(values: Tensor, rows: Tensor) -> Tensor:
            per_group = values.view(len(values), n_groups, n_members)[rows, place]
            return per_group.transpose(1, 2).reshape(n_groups * n_members, -1)

        def draw(rows: Tensor) -> Batch:
            x = take(rows)
            y = self.y[rows].repeat_interleave(n_members, 0)
            if groups.partners is None:
                return self._batch(x, y, lambda w: of_networks(w, rows))
            trains = BatchRows(x, y, of_networks(self.train_weights, rows))
            return Batch(trains, lambda: swapped(trains))

        def swapped(trains: BatchRows) -> BatchRows:
            """Let each group judge what its partner trains on."""
            y, weights = (
                part.unflatten(0, (n_groups, -1))
                .index_select(0, partners)
                .view_as(part)
                for part in (trains.y, trains.weights)
            )
            return BatchRows(trains.x.index_select(0, partners), y, weights)

        if groups.partners is not None:
            partners = torch.tensor(groups.partners, device=device)
        while True:
            orders = [
                rows[torch.randperm(len(rows), generator=g).to(device)[:n_rows]]
                for rows, g in zip(groups.rows, generators, strict=True)
            ]
            order = torch.stack(orders)
            for start in range(0, n_rows - size + 1, size):
                yield draw(order[:, start : start + size])


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
