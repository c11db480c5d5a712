"""Which gates are open in the next stage of a path, so that it comes to its size.

A size is a price that each open gate must be worth, or a number: of gates, of columns,
or of open weights. For a number, gates are ranked by what they are worth for each
weight behind them, and as many of the first are kept as the number allows. Where these
would not join any column to an output, so that the network could only say one thing,
those that do so best come first.

NOTE[DIFF] The paper closes what is not worth the one price that was given. Here a size
can be given and is kept to exactly, whatever price it takes.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from .problem import Size
from .training import Trainer

__all__ = ["Sizing"]

# Stages after which a price is taken to have closed what it closes.
_MOST_STAGES = 60
# Of a share of gates in float64.
_ROUNDING = 1e-9


class Sizing:
    """Chooses gates, stage by stage.

    Parameters
    ----------
    trainer : Trainer
        Whose scores say what a gate is worth.
    size : Size
        How many gates stay open in the end.
    closing : float
        Share of what is open that a stage closes.

    Attributes
    ----------
    price : float
        Up to which the gates chosen last are kept.
    """

    def __init__(self, trainer: Trainer, size: Size, closing: float) -> None:
        self.trainer, self.size = trainer, size
        self._closing = closing
        self._n_stages = 0
        self.price = 0.0

    def next_gates(self) -> Tensor | None:
        """Choose the gates that are open in the next stage; None at the end."""
        size, trainer = self.size, self.trainer
        self._n_stages += 1
        scores = trainer.scores.values[:, 0].clone()
        scores[: trainer.gates.sizes[0]][self._mandatory()] = torch.inf
        if size.price is not None:
            return self._gates_worth(scores, size.price)
        target = self._target()
        now = self._count(trainer.is_open)
        if now <= target or now == 0:
            return None
        wanted = max(target, min(now - 1, round(now * (1 - self._closing))))
        return self._gates_of_size(scores, wanted)

    def _n_mandatory(self) -> int:
        return len(self._mandatory())

    def _mandatory(self) -> Tensor:
        layout = self.trainer.layout
        if self.trainer.gates.names[0] != "features":
            return torch.zeros(0, dtype=torch.long)
        return torch.from_numpy(
            np.flatnonzero(self.trainer.problem.mandatory[layout.gates])
        )

    def _target(self) -> int:
        """Count what is to stay open in the end, in the unit of `_count`."""
        size = self.size
        if size.n_features is not None:
            return size.n_features
        if size.sparsity is None:
            return 0 if "weights" in self.trainer.gates.names else self._n_mandatory()
        total = self._count(torch.ones_like(self.trainer.is_open))
        target = total - round(size.sparsity * total)
        if target < self._least():
            # the other way to round may leave just enough to join something
            more = total - int(size.sparsity * total + _ROUNDING)
            target = more if more >= self._least() else target
        return target

    def _count(self, is_open: Tensor) -> int:
        """Count what the size speaks of: feature gates, open weights, or gates."""
        gates = self.trainer.gates
        if self.size.n_features is not None:
            return int(gates.split(is_open)["features"].sum())
        if "weights" in gates.names:
            return self.n_weights(is_open)
        return int(is_open.sum())

    def n_weights(self, is_open: Tensor) -> int:
        """Count the weights that no gate closes."""
        return sum(int(mask.sum()) for mask in self.open_weights(is_open))

    def open_weights(self, is_open: Tensor) -> list[Tensor]:
        """Tell which weights (n_in, n_out) are open; none is that a closed unit reads.

        Columns stand in the order of the layout.
        """
        trainer, gates = self.trainer, self.trainer.gates
        gates.set(is_open.to(trainer.dtype))
        masks = []
        for layer, weights in enumerate(trainer.networks.weights):
            mask = gates.masks[layer]
            factors = torch.ones_like(weights) if mask is None else mask
            both = factors.expand_as(weights) > 0
            masks.append(both[:, 0] if layer == 0 else both[0])
        gates.set(trainer.is_open.to(trainer.dtype))
        if "units" in gates.names:
            units = gates.split(is_open)["units"][:, 0]
            for layer, part in enumerate(
                units.split(trainer.config.hidden_layer_sizes)
            ):
                masks[layer] = masks[layer] & part
        return masks

    def joins(self, is_open: Tensor) -> bool:
        """Tell whether open weights join any input to an output."""
        reached = None
        for mask in self.open_weights(is_open):
            reached = mask if reached is None else mask[reached.any(0)]
        return reached is not None and bool(reached.any())

    def _gates_worth(self, scores: Tensor, price: float) -> Tensor | None:
        """Open what is worth its price, closing no more than a stage may."""
        now = self.trainer.is_open[:, 0]
        is_open = scores >= price
        n_now, n_next = int(now.sum()), int(is_open.sum())
        least = int(n_now * (1 - self._closing))
        if n_next < least:
            kept = scores.argsort(descending=True, stable=True)[:least]
            is_open = torch.zeros_like(is_open).index_fill_(0, kept, True)
        self.price = price
        settled = bool((is_open == now).all())
        return None if settled or self._n_stages > _MOST_STAGES else is_open[:, None]

    def _gates_of_size(self, scores: Tensor, wanted: int) -> Tensor:
        """Keep as many gates as wanted, those worth most for what they cost."""
        gates = self.trainer.gates
        value = scores / self._costs().to(scores)
        if self.size.n_features is not None:
            value[gates.sizes[gates.names.index("features")] :] = torch.inf
        is_open = self._best_of_size(value, wanted)
        if wanted >= self._least() and not self.joins(is_open):
            value[self._joining(value)] = torch.inf
            is_open = self._best_of_size(value, wanted)
        closed = scores[~is_open[:, 0]]
        if len(closed):
            self.price = max(self.price, float(closed.max()))
        return is_open

    def _best_of_size(self, value: Tensor, wanted: int) -> Tensor:
        """Keep as many gates as wanted, those of most value."""
        order = value.argsort(descending=True, stable=True)
        by_value, too_wide = order, -1
        while True:
            n_open = self._most(order, wanted)
            is_open = self._first(order, n_open)
            if n_open == len(order) or self._count(is_open) == wanted:
                break
            # the next gate has too many weights behind it: it stays closed, and there
            # may be room for some that come after it
            too_wide = int(order[n_open]) if too_wide < 0 else too_wide
            order = torch.cat([order[:n_open], order[n_open + 1 :]])
        if too_wide >= 0 and self._count(is_open) < wanted:
            is_open = self._trimmed(is_open, too_wide, by_value, wanted)
        return is_open

    def _joining(self, value: Tensor) -> Tensor:
        """Find the gates along one path from a column to an output, (n_gates,).

        Its least valuable gate is worth as much as that of any path, and so on: each
        gate found is the last that the gates before it need to join anything.
        """
        order = value.argsort(descending=True, stable=True)
        found = torch.zeros_like(self.trainer.is_open)
        while not self.joins(found):
            low, high = 1, len(order)
            while low < high:
                middle = (low + high) // 2
                if self.joins(found | self._first(order, middle)):
                    high = middle
                else:
                    low = middle + 1
            found[order[low - 1]] = True
        return found[:, 0]

    def _least(self) -> int:
        """Count the least that can join a column to an output, as `_count` counts."""
        gates, n_layers = self.trainer.gates, len(self.trainer.networks.weights)
        if self.size.n_features is not None:
            return 1
        if "weights" in gates.names:
            return n_layers
        n_units = (n_layers - 1) * ("units" in gates.names)
        return n_units + max(self._n_mandatory(), "features" in gates.names)

    def _trimmed(
        self, is_open: Tensor, gate: int, by_value: Tensor, wanted: int
    ) -> Tensor:
        """Open a wide gate, and close single weights until the number is right."""
        gates = self.trainer.gates
        if "weights" not in gates.names:
            return is_open
        is_open[gate] = True
        single = by_value >= len(is_open) - gates.sizes[-1]  # weights come last
        worst = by_value[single & is_open[by_value, 0]].flip(0)

        def without(n: int) -> Tensor:
            fewer = is_open.clone()
            fewer[worst[:n]] = False
            return fewer

        low, high = 0, len(worst)
        while low < high:
            middle = (low + high) // 2
            if self._count(without(middle)) <= wanted:
                high = middle
            else:
                low = middle + 1
        return without(low)

    def _costs(self) -> Tensor:
        """Count the weights behind each gate that no gate of their own closes.

        So a column is not blamed for weights that are long gone.
        """
        gates, trainer = self.trainer.gates, self.trainer
        if len(gates.names) == 1 or "weights" not in gates.names:
            return gates.costs
        own = trainer.is_open.clone()
        own[: len(own) - gates.sizes[-1]] = True
        masks = [mask.to(trainer.dtype) for mask in self.open_weights(own)]
        parts = {
            "features": trainer.layout.sum_per_gate(masks[0].sum(1, keepdim=True))[
                :, 0
            ],
            "weights": torch.ones(gates.sizes[-1]),
        }
        if len(masks) > 1:
            both = [a.sum(0) + b.sum(1) for a, b in pairwise(masks)]
            parts["units"] = torch.cat(both)
        costs = torch.cat([parts[name].to(masks[0]) for name in gates.names])
        return costs.clamp_(min=1.0)

    def _most(self, order: Tensor, wanted: int) -> int:
        """Find how many of the first gates may be open without being too many."""
        low, high = 0, len(order)
        while low < high:
            middle = (low + high + 1) // 2
            if self._count(self._first(order, middle)) <= wanted:
                low = middle
            else:
                high = middle - 1
        return low

    def _first(self, order: Tensor, n_open: int) -> Tensor:
        is_open = torch.zeros_like(self.trainer.is_open)
        is_open[order[:n_open]] = True
        return is_open
