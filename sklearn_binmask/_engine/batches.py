"""Rows that train and judge, and batches of them.

All networks read the rows of one batch; a weight says what a row is to a network, 0
where it is nothing. Where every run leaves out many rows, as on halves of a table, most
of that would be work for nothing: there a batch has rows of its own for each run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["Batch", "MovingRows"]

# Share of the rows that a run uses, on average, under which it is given its own.
_SPARSE_USE = 0.75


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows of one step.

    Attributes
    ----------
    x : Tensor or SparseRows of shape (n_rows, n_inputs) or (n_runs, n_rows, n_inputs)
        Encoded columns, of all runs together or of each.
    y : Tensor of shape (n_rows, n_outputs) or (n_networks, n_rows, n_outputs)
        Targets.
    train_weights, judge_weights : Tensor of shape (n_networks, n_rows)
        What each row is to each network; one and the same tensor if these are equal.
    """

    x: Any
    y: Tensor
    train_weights: Tensor
    judge_weights: Tensor


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
        Whether a batch may have rows of its own for each run.
    """

    x: Any
    y: Tensor
    train_weights: Tensor
    judge_weights: Tensor
    apart: bool = True

    def batches(
        self, size: int, generators: Sequence[torch.Generator]
    ) -> Iterator[Batch]:
        """Yield batches without end: all rows if they are few, else shuffled.

        Parameters
        ----------
        size : int
            Rows of a batch; of one with rows for each run, as many as a run would find
            in it.
        generators : sequence of torch.Generator
            One for each run.
        """
        if len(self.x) <= size:
            return self._everything()
        own = self._rows_of_runs(len(generators))
        if own is None:
            return self._shared(size, generators[0])
        return self._apart(size, generators, own)

    def _rows_of_runs(self, n_runs: int) -> list[Tensor] | None:
        """List the rows of each run, where that is worth it."""
        used = ((self.train_weights > 0) | (self.judge_weights > 0)).view(
            len(self.x), n_runs, -1
        )
        used = used.any(2)
        if n_runs == 1 or not self.apart or float(used.float().mean()) >= _SPARSE_USE:
            return None
        return [torch.nonzero(column)[:, 0] for column in used.t()]

    def _everything(self) -> Iterator[Batch]:
        train = judge = self.train_weights.t()
        if self.judge_weights is not self.train_weights:
            judge = self.judge_weights.t()
        while True:
            yield Batch(self.x, self.y, train, judge)

    def _shared(self, size: int, generator: torch.Generator) -> Iterator[Batch]:
        n_rows = len(self.x)
        while True:
            order = torch.randperm(n_rows, generator=generator).to(self.x.device)
            for start in range(0, n_rows - size + 1, size):
                rows = order[start : start + size]
                train = judge = self.train_weights[rows].t()
                if self.judge_weights is not self.train_weights:
                    judge = self.judge_weights[rows].t()
                yield Batch(self.x[rows], self.y[rows], train, judge)

    def _apart(
        self, size: int, generators: Sequence[torch.Generator], own: list[Tensor]
    ) -> Iterator[Batch]:
        n_runs, n_rows = len(own), min(len(rows) for rows in own)
        n_members = self.train_weights.shape[1] // n_runs
        size = max(1, round(size * n_rows / len(self.x)))
        run = torch.arange(n_runs, device=self.x.device)[:, None]

        def of_members(weights: Tensor, rows: Tensor) -> Tensor:
            per_run = weights.view(len(weights), n_runs, n_members)[rows, run]
            return per_run.transpose(1, 2).reshape(n_runs * n_members, -1)

        while True:
            order = torch.stack(
                [
                    rows[
                        torch.randperm(len(rows), generator=g).to(rows.device)[:n_rows]
                    ]
                    for rows, g in zip(own, generators, strict=True)
                ]
            )
            for start in range(0, n_rows - size + 1, size):
                rows = order[:, start : start + size]
                train = judge = of_members(self.train_weights, rows)
                if self.judge_weights is not self.train_weights:
                    judge = of_members(self.judge_weights, rows)
                y = self.y[rows].repeat_interleave(n_members, 0)
                yield Batch(self.x[rows], y, train, judge)
