"""What a gate stands in front of: input columns, hidden units, or single weights.

Every kind says how its gates look as factors of each layer's weights, and what the loss
says of them, for each network: its slope along a gate, and its curvature there. Tables
of gates have the shape (n_gates, n_networks).

To add a kind, add a row to `GRANULARITIES`; ``tests/contracts/test_granularities.py``
checks it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from .arrays import renewed
from .masks import GateLayout
from .networks import Committee, pull_back

__all__ = ["GRANULARITIES", "GateSet", "Look"]


class Look:
    """What a batch of rows says.

    Parameters
    ----------
    networks : Committee
        That looked.
    x : Tensor of shape (n_rows, n_inputs) or (n_runs, n_rows, n_inputs)
        What it looked at.
    outputs : list of Tensor of shape (n_networks, n_rows, n_units)
        Of each layer.
    errors : list of Tensor of shape (n_networks, n_rows, n_units)
        At what enters the units of each layer.
    gradients : list of Tensor, default=None
        Of the weights as the masks let them through, if they are known.
    """

    def __init__(
        self,
        networks: Committee,
        x: Tensor,
        outputs: list[Tensor],
        errors: list[Tensor],
        gradients: list[Tensor] | None = None,
    ) -> None:
        self.networks = networks
        self.inputs = [x, *outputs[:-1]]
        self.errors = errors
        self.gradients = gradients

    def gradient(self, layer: int) -> Tensor:
        """Sum over rows of what enters a layer times its error, shaped as weights."""
        if self.gradients is not None:
            return self.gradients[layer]
        if layer == 0:
            return self.networks.outer_first(self.inputs[0], self.errors[0])
        return self.inputs[layer].transpose(1, 2).bmm(self.errors[layer])

    def slopes(self, layer: int, behind: Tensor) -> Tensor:
        """Multiply the gradient of a layer by the weights behind its gates."""
        gradient = self.gradient(layer)
        if self.gradients is not None:
            return gradient * behind
        return gradient.mul_(behind)  # no one else has it, and new memory takes time


class Granularity(ABC):
    """Gates of one kind.

    Parameters
    ----------
    networks : Committee
        Whose weights they stand in front of.
    layout : GateLayout
        Of the input columns.
    """

    def __init__(self, networks: Committee, layout: GateLayout) -> None:
        self.networks = networks
        self.layout = layout

    @abstractmethod
    def costs(self) -> Tensor:
        """Count the weights behind each gate, (n_gates,)."""

    @abstractmethod
    def masks(self, factors: Tensor) -> list[Tensor | None]:
        """Turn factors (n_gates, n_networks) into factors of each layer's weights."""

    @abstractmethod
    def slope(self, look: Look, weights: Sequence[Tensor]) -> Tensor:
        """Take the derivative of the loss with respect to each gate.

        `weights` are what each layer holds behind these gates, were they open.
        """

    @abstractmethod
    def bend(
        self, look: Look, weights: Sequence[Tensor], row_weights: Tensor
    ) -> Tensor:
        """Sum over rows, weighted, the square of what a direction says of a gate.

        The errors of `look` are those of the direction, `row_weights` have the shape
        (n_networks, 1, n_rows).
        """


class FeatureGates(Granularity):
    """One gate in front of all encoded columns of an input column."""

    def costs(self) -> Tensor:
        widths = torch.ones(len(self.layout.inputs), 1)
        return self.layout.sum_per_gate(widths)[:, 0] * self.networks.layer_sizes[1]

    def masks(self, factors: Tensor) -> list[Tensor | None]:
        others = [None] * (len(self.networks.weights) - 1)
        return [self.layout.spread(factors)[:, :, None], *others]

    def slope(self, look: Look, weights: Sequence[Tensor]) -> Tensor:
        return self.layout.sum_per_gate(_sum_last(look.slopes(0, weights[0])))

    def bend(
        self, look: Look, weights: Sequence[Tensor], row_weights: Tensor
    ) -> Tensor:
        return self.networks.bend_first(
            look.inputs[0], look.errors[0], weights[0], row_weights, self.layout
        )


class UnitGates(Granularity):
    """One gate behind each hidden unit, layer after layer."""

    def costs(self) -> Tensor:
        sizes = self.networks.layer_sizes
        return torch.cat(
            [
                torch.full((n,), float(sizes[layer] + sizes[layer + 2]))
                for layer, n in enumerate(sizes[1:-1])
            ]
        )

    def masks(self, factors: Tensor) -> list[Tensor | None]:
        per_layer = factors.split(self.networks.layer_sizes[1:-1])
        return [None, *(part.t()[:, :, None] for part in per_layer)]

    def slope(self, look: Look, weights: Sequence[Tensor]) -> Tensor:
        layers = range(1, len(weights))
        parts = [look.slopes(layer, weights[layer]).sum(2).t() for layer in layers]
        return torch.cat(parts)

    def bend(
        self, look: Look, weights: Sequence[Tensor], row_weights: Tensor
    ) -> Tensor:
        parts = []
        for layer in range(1, len(weights)):
            entering = look.inputs[layer]
            back = pull_back(look.errors[layer], weights[layer], entering)
            square = (back * entering).square_()
            parts.append(torch.bmm(row_weights, square)[:, 0].t())
        return torch.cat(parts)


class WeightGates(Granularity):
    """One gate in front of each weight, layer after layer, row by row."""

    def costs(self) -> Tensor:
        return torch.ones(
            sum(w.numel() for w in self.networks.weights) // self.networks.n_networks
        )

    def masks(self, factors: Tensor) -> list[Tensor | None]:
        sizes = [len(self._table(w, i)) for i, w in enumerate(self.networks.weights)]
        masks: list[Tensor | None] = []
        for layer, part in enumerate(factors.split(sizes)):
            shape = self.networks.weights[layer].shape
            if layer == 0:
                masks.append(part.view(shape[0], shape[2], -1).permute(0, 2, 1))
            else:
                masks.append(part.view(shape[1], shape[2], -1).permute(2, 0, 1))
        return masks

    @staticmethod
    def _table(values: Tensor, layer: int) -> Tensor:
        """Lay out what is shaped as weights as (n_weights, n_networks)."""
        if layer == 0:
            return values.permute(0, 2, 1).reshape(-1, values.shape[1])
        return values.permute(1, 2, 0).reshape(-1, values.shape[0])

    def slope(self, look: Look, weights: Sequence[Tensor]) -> Tensor:
        return torch.cat(
            [
                self._table(look.slopes(layer, behind), layer)
                for layer, behind in enumerate(weights)
            ]
        )

    def bend(
        self, look: Look, weights: Sequence[Tensor], row_weights: Tensor
    ) -> Tensor:
        parts = []
        for layer, behind in enumerate(weights):
            square = look.errors[layer].square() * row_weights.transpose(1, 2)
            entering = look.inputs[layer].square()
            if layer == 0:
                total = self.networks.outer_first(entering, square)
            else:
                total = entering.transpose(1, 2).bmm(square)
            parts.append(self._table(total.mul_(behind.square()), layer))
        return torch.cat(parts)


GRANULARITIES: dict[str, type[Granularity]] = {
    "features": FeatureGates,
    "units": UnitGates,
    "weights": WeightGates,
}


class GateSet:
    """Gates of one or several kinds, one kind after the other in every table.

    Parameters
    ----------
    names : sequence of str
        Rows of `GRANULARITIES`.
    networks : Committee
        Whose weights they stand in front of.
    layout : GateLayout
        Of the input columns.
    """

    def __init__(
        self, names: Sequence[str], networks: Committee, layout: GateLayout
    ) -> None:
        self.names = tuple(names)
        self.networks = networks
        self.kinds = [GRANULARITIES[name](networks, layout) for name in names]
        self._costs = [kind.costs() for kind in self.kinds]
        self.sizes = [len(costs) for costs in self._costs]
        nothing: list[Tensor | None] = [None] * len(networks.weights)
        self._masks = [nothing for _ in self.kinds]
        self.masks = nothing

    @property
    def costs(self) -> Tensor:
        """Weights behind each gate, (n_gates,)."""
        return torch.cat(self._costs)

    def split(self, table: Tensor) -> dict[str, Tensor]:
        """Cut a table of all gates into those of each kind."""
        return dict(zip(self.names, table.split(self.sizes), strict=True))

    def set(self, factors: Tensor) -> None:
        """Make factors (n_gates, n_networks) the masks of the layers."""
        if bool((factors == 1).all()):
            self._masks = [[None] * len(self.masks) for _ in self.kinds]
        else:
            parts = factors.clone().split(self.sizes)  # masks may be views of it
            self._masks = [
                [renewed(*pair) for pair in zip(before, kind.masks(part), strict=True)]
                for before, kind, part in zip(
                    self._masks, self.kinds, parts, strict=True
                )
            ]
        self.masks = self._product(self._masks)

    def tensors(self) -> list[Tensor | None]:
        """List what steps read: masks of all kinds, and their product."""
        return [mask for masks in (*self._masks, self.masks) for mask in masks]

    def _product(self, masks: Sequence[list[Tensor | None]]) -> list[Tensor | None]:
        product: list[Tensor | None] = [None] * len(self.masks)
        for one in masks:
            for layer, mask in enumerate(one):
                so_far = product[layer]
                if mask is not None:
                    product[layer] = mask if so_far is None else so_far * mask
        return product

    def _behind(self, kind: int) -> list[Tensor]:
        """Weights behind the gates of one kind, as those of the others leave them."""
        others = self._product(self._masks[:kind] + self._masks[kind + 1 :])
        return [
            weights if mask is None else weights * mask
            for weights, mask in zip(self.networks.weights, others, strict=True)
        ]

    def slope(self, look: Look) -> Tensor:
        """Take the derivative of the loss along each gate, (n_gates, n_networks)."""
        return _join(
            [kind.slope(look, self._behind(i)) for i, kind in enumerate(self.kinds)]
        )

    def bend(self, look: Look, row_weights: Tensor) -> Tensor:
        """Sum the kinds' `Granularity.bend`, (n_gates, n_networks)."""
        return _join(
            [
                kind.bend(look, self._behind(i), row_weights)
                for i, kind in enumerate(self.kinds)
            ]
        )


def _sum_last(values: Tensor) -> Tensor:
    """Sum along a short last axis; as a product with ones, which is faster."""
    ones = values.new_ones(values.shape[-1])
    return torch.mv(values.flatten(0, -2), ones).view(values.shape[:-1])


def _join(tables: list[Tensor]) -> Tensor:
    """Put tables of gates below each other."""
    return tables[0] if len(tables) == 1 else torch.cat(tables)
