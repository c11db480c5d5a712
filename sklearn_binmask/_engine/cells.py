"""Sparse inputs: products that touch the cells that are there, and nothing else.

The encoded table is `cells` plus one row, `rest`, which is added to every row (what a
zero becomes; see `_encoding.cells`). So with weights `W`, errors `E` of the first layer
and the sum `e` of the errors over rows::

    x @ W    =  cells @ W    +  rest @ W
    x.t @ E  =  cells.t @ E  +  rest (outer) e

What a batch costs is in proportion to its cells, besides these passes over the weights.
"""

from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from .masks import GateLayout
from .networks import Committee

__all__ = ["SparseCommittee", "SparseRows"]

# Numbers that are gathered at a time.
_MOST_GATHERED = 2**22


class SparseRows:
    """Rows of sparse inputs on a device; it is indexed as a tensor is.

    Parameters
    ----------
    starts : Tensor of int of shape (n_rows + 1,)
        Where the cells of each row begin.
    columns : Tensor of int of shape (n_cells,)
        Column of each cell.
    values : Tensor of shape (n_cells,)
        By how much it differs from `rest`.
    rest : Tensor of shape (n_inputs,)
        Added to each row.
    """

    ndim = 2

    def __init__(
        self, starts: Tensor, columns: Tensor, values: Tensor, rest: Tensor
    ) -> None:
        self.starts, self.columns, self.values, self.rest = (
            starts,
            columns,
            values,
            rest,
        )

    @classmethod
    def load(cls, inputs: Any, dtype: torch.dtype, device: str) -> "SparseRows":
        """Copy inputs with ``cells``, in CSR, and ``rest``."""
        cells = inputs.cells
        parts = (cells.indptr, cells.indices, cells.data, inputs.rest)
        types = (torch.int64, torch.int64, dtype, dtype)
        return cls(
            *(
                torch.tensor(part, dtype=kind, device=device)
                for part, kind in zip(parts, types, strict=True)
            )
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and inputs."""
        return len(self.starts) - 1, len(self.rest)

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self.rest.device

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.starts) - 1

    def __getitem__(self, index: Any) -> "SparseRows":
        """Take rows, or ``[:, columns]``, or ``[..., rows, :]``."""
        if not isinstance(index, tuple):
            return self._rows(index)
        if index[0] is Ellipsis:
            return self._rows(index[1])
        return self._columns(index[1])

    def _rows(self, rows: Tensor | slice) -> "SparseRows":
        if isinstance(rows, slice):
            rows = torch.arange(len(self), device=self.device)[rows]
        counts = (self.starts[1:] - self.starts[:-1])[rows]
        starts = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        shift = torch.repeat_interleave(self.starts[:-1][rows] - starts[:-1], counts)
        where = shift + torch.arange(len(shift), device=self.device)
        return SparseRows(starts, self.columns[where], self.values[where], self.rest)

    def _columns(self, kept: Tensor | slice) -> "SparseRows":
        if isinstance(kept, slice):
            kept = torch.arange(len(self.rest), device=self.device)[kept]
        place = torch.full_like(self.rest, -1, dtype=torch.int64)
        place[kept] = torch.arange(len(kept), device=self.device)
        columns = place[self.columns]
        stays = columns >= 0
        before = torch.cat([self.starts.new_zeros(1), stays.cumsum(0)])
        return SparseRows(
            before[self.starts], columns[stays], self.values[stays], self.rest[kept]
        )

    def to_dense(self) -> Tensor:
        """Write out every number."""
        dense = self.rest.repeat(len(self), 1)
        dense[self.rows, self.columns] += self.values
        return dense

    @cached_property
    def rows(self) -> Tensor:
        """Row of each cell."""
        counts = self.starts[1:] - self.starts[:-1]
        return torch.repeat_interleave(
            torch.arange(len(self), device=self.device), counts
        )

    def square(self) -> "SparseRows":
        """Square every number."""
        values = self.values * (self.values + 2 * self.rest[self.columns])
        return SparseRows(self.starts, self.columns, values, self.rest.square())

    def __matmul__(self, weights: Tensor) -> Tensor:
        """Multiply with weights (n_inputs, n)."""
        product = embedding_bag(
            self.columns,
            weights,
            self.starts[:-1],
            mode="sum",
            per_sample_weights=self.values,
        )
        return product.add_(self.rest @ weights)

    @cached_property
    def _by_column(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Sort cells by column: columns, where each begins, rows and values."""
        order = self.columns.argsort(stable=True)
        seen, counts = self.columns[order].unique_consecutive(return_counts=True)
        return seen, counts.cumsum(0) - counts, self.rows[order], self.values[order]

    def outer(self, errors: Tensor, out: Tensor) -> Tensor:
        """Sum over rows of input times error (n_rows, n): (n_inputs, n)."""
        torch.outer(self.rest, errors.sum(0), out=out)
        seen, starts, rows, values = self._by_column
        sums = embedding_bag(
            rows, errors, starts, mode="sum", per_sample_weights=values
        )
        return out.index_add_(0, seen, sums)


class SparseCommittee(Committee):
    """Networks whose inputs are `SparseRows`, read by all of them."""

    def outer_first(self, x: Any, errors: Tensor, out: Tensor | None = None) -> Tensor:
        """Sum over rows of input times error: the gradient of the first layer."""
        out = torch.empty_like(self.weights[0]) if out is None else out
        flat = errors.permute(1, 0, 2).reshape(len(x), -1)
        x.outer(flat, out.flatten(1))
        return out

    def bend_first(
        self,
        x: Any,
        errors: Tensor,
        weights: Tensor,
        row_weights: Tensor,
        layout: GateLayout,
    ) -> Tensor:
        """Sum over rows, weighted, the square of what a gate adds to errors.

        Where a row has no cell behind a gate, that is ``errors @ still`` with what
        `rest` lets through the gate: a quadratic form over all rows. Then the cells
        correct it where they are.
        """
        still = layout.sum_per_gate(x.rest[:, None, None] * weights)
        heavy = errors * row_weights.transpose(1, 2)
        form = errors.transpose(1, 2).bmm(heavy)
        by_network = still.transpose(0, 1).contiguous()
        total = by_network.bmm(form).mul_(by_network).sum(2).t().contiguous()
        if len(layout.slot_sizes) == 1:
            gates, rows = x.columns, x.rows
            dots = _dots(weights, errors, gates, rows)
            moved, at_rest = dots * x.values[:, None], dots * x.rest[gates, None]
        else:
            gates, rows, moved = _cells_of_gates(x, errors, weights, layout)
            at_rest = _dots(still, errors, gates, rows)
        more = moved * (moved + 2 * at_rest) * row_weights[:, 0].t()[rows]
        return total.index_add_(0, gates, more)


def _dots(weights: Tensor, errors: Tensor, places: Tensor, rows: Tensor) -> Tensor:
    """Multiply weights (n, C, H) at places with errors (C, B, H) of rows, (n, C)."""
    share = max(1, _MOST_GATHERED // weights[0].numel())
    by_row = errors.transpose(0, 1).contiguous()
    parts = zip(places.split(share), rows.split(share), strict=True)
    return torch.cat([(weights[place] * by_row[row]).sum(2) for place, row in parts])


def _cells_of_gates(
    x: SparseRows, errors: Tensor, weights: Tensor, layout: GateLayout
) -> tuple[Tensor, Tensor, Tensor]:
    """Find by how much the cells of a row move what a gate adds to its errors.

    Returns
    -------
    gates, rows : Tensor of int of shape (n,)
        Pairs that have cells.
    moved : Tensor of shape (n, n_networks)
        The sum over their cells.
    """
    rows = x.rows
    moved = _dots(weights, errors, x.columns, rows) * x.values[:, None]
    gate_of = layout.spread(torch.arange(len(layout.gates), device=x.device))
    pairs = gate_of[x.columns] * len(x) + rows
    pairs, which = pairs.unique(return_inverse=True)
    together = moved.new_zeros(len(pairs), moved.shape[1]).index_add_(0, which, moved)
    return pairs // len(x), pairs % len(x), together
