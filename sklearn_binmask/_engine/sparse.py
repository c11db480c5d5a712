"""A masked network: trained dense, closed gate by gate, and trained on.

First all gates are open and the network is trained until it is of no more use. Then
gates close, stage by stage, those worth least for what they cost first; a closed gate
may open again. What is kept of this path, by number, by price or by the loss on
held-out rows, is trained on with its masks fixed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .fixed import Leg, Record, repeat, settle
from .problem import MaskedNetwork, Network, Problem, Size, SolverConfig, StopReason
from .schedules import SparseSchedule
from .threads import one_thread
from .training import Trainer

__all__ = ["train_masked"]

OnLook = Callable[[], bool]
# Stages after which a price is taken to have closed what it closes.
_MOST_STAGES = 60


@dataclass(frozen=True, eq=False)
class _Snapshot:
    """A point of the path that can be gone back to."""

    loss: float
    point: int
    parameters: Tensor
    is_open: Tensor
    legs: tuple[Leg, ...] = ()


def train_masked(
    problem: Problem,
    config: SolverConfig,
    size: Size,
    schedule: SparseSchedule,
    *,
    start: Network | None = None,
    on_look: OnLook | None = None,
) -> MaskedNetwork:
    """Train a network and its gates.

    Parameters
    ----------
    problem : Problem
        One run of one member. Rows that are evaluated are held out.
    config : SolverConfig
        How to train; ``config.granularity`` says what has a gate.
    size : Size
        How many gates stay open.
    schedule : SparseSchedule
        When to look, how long to wait, how fast gates close.
    start : Network, default=None
        Weights to begin with.
    on_look : callable, default=None
        Called at each look at the held-out loss and after each stage; where it returns
        True the training ends.

    Returns
    -------
    solution : MaskedNetwork
        The trained network.
    """
    with one_thread(), torch.inference_mode():
        walk = _Walk(problem, config, size, schedule, on_look)
        if start is not None:
            walk.trainer.load(start)
        walk.train_dense()
        if not walk.stopped and size.price != 0.0:
            walk.close_gates()
            if size.is_auto:
                walk.compare()
            walk.train_chosen()
        walk.train_on_all_rows()
        return walk.solution()


class _Walk:
    """A training under way."""

    def __init__(
        self,
        problem: Problem,
        config: SolverConfig,
        size: Size,
        schedule: SparseSchedule,
        on_look: OnLook | None,
    ) -> None:
        self.problem, self.config, self.size = problem, config, size
        self.schedule, self._on_look = schedule, on_look
        self.trainer = Trainer(problem, config)
        self.record = Record()
        self.stopped = False
        self.price = 0.0
        self.points: list[tuple] = []
        self.rate = config.learning_rate * schedule.path_rate
        self.snapshots: list[_Snapshot] = []
        self.legs: list[Leg] = []

    def look(self) -> bool:
        """Ask the caller whether to stop."""
        self.stopped = self.stopped or (self._on_look is not None and self._on_look())
        return self.stopped

    def train_dense(self) -> None:
        """Train with all gates open."""
        last = self.size.price == 0.0
        settled = settle(
            self.trainer,
            self.config.learning_rate,
            self.schedule.looks,
            self.record,
            anneals=None if last else 0,
            on_look=self.look,
        )
        self.legs = settled.legs[1:]
        self.note(settled.loss)

    def close_gates(self) -> None:
        """Follow the path until it has reached its size, or leads nowhere."""
        schedule, trainer = self.schedule, self.trainer
        self._train(schedule.listen)
        while not self.stopped:
            is_open = self.next_gates()
            if is_open is None:
                break
            trainer.open_only(is_open)
            self._train(schedule.stage_steps)
            self.note(trainer.held_out_loss())
            self.look()
            if self.size.is_auto and self.is_hopeless():
                break

    def _train(self, n_steps: int) -> None:
        for _ in range(n_steps):
            self.trainer.step(self.rate, judge=True)
        self.record.n_steps += n_steps

    def note(self, loss: float) -> None:
        """Remember a point of the path, and its state if it is the best so far."""
        trainer = self.trainer
        n_open = int(trainer.is_open.sum())
        if self.points:
            self.points[-1] = (self.price, *self.points[-1][1:])
        features = self._features(trainer.is_open)
        point = (
            np.inf,
            n_open,
            self._n_weights(trainer.is_open),
            float(trainer.train_loss),
            loss,
            features,
        )
        self.points.append(point)
        if not self.size.is_auto:
            self.snapshots.clear()  # the last one counts
        elif not self._is_alive():
            return
        self.snapshots.append(self._snapshot(loss, len(self.points) - 1))

    def _snapshot(self, loss: float, point: int) -> _Snapshot:
        parameters = self.trainer.networks.parameters.clone()
        return _Snapshot(loss, point, parameters, self.trainer.is_open.clone())

    def _go_back(self, snapshot: _Snapshot) -> None:
        self.trainer.open_only(snapshot.is_open)
        self.trainer.networks.parameters.copy_(snapshot.parameters)
        self.trainer.adam.forget()

    def is_hopeless(self) -> bool:
        """Tell whether the loss has been worse than the best for long."""
        best = min(self.snapshots, key=lambda snapshot: snapshot.loss)
        since = len(self.points) - 1 - best.point
        last = self.points[-1][4]
        return since >= self.schedule.patience and last > best.loss * (
            1 + self.schedule.hopeless
        )

    def compare(self) -> None:
        """Train points all along the path on in fine steps, and keep the best.

        On the path itself the losses of neighbours differ by luck: weights are moving.
        """
        schedule, snapshots = self.schedule, self.snapshots
        self.rate = self.config.learning_rate * schedule.fine_rate
        looks = replace(schedule.looks, patience=schedule.compare_patience)
        places = np.linspace(0, len(snapshots) - 1, schedule.compared).round()
        places = np.append(places, np.argmin([one.loss for one in snapshots]))
        settled = []
        for place in np.unique(places.astype(int)):
            self._go_back(snapshots[place])
            outcome = settle(
                self.trainer,
                self.rate,
                looks,
                self.record,
                anneals=0,
                on_look=self.look,
            )
            one = self._snapshot(outcome.loss, snapshots[place].point)
            settled.append(replace(one, legs=tuple(outcome.legs)))
            if self.stopped:
                break
        least = min(one.loss for one in settled)
        least += schedule.slack * abs(least)
        self.snapshots = [one for one in settled if one.loss <= least][-1:]

    def train_chosen(self) -> None:
        """Train on with the masks of the chosen point."""
        chosen = self.snapshots[-1]
        self._go_back(chosen)
        if not self.stopped:
            settled = settle(
                self.trainer,
                self.rate,
                self.schedule.looks,
                self.record,
                on_look=self.look,
            )
            self.legs = [*chosen.legs, *settled.legs]

    def train_on_all_rows(self) -> None:
        """Repeat the last training with the rows that have been held out.

        They have said how long to train, and may now be learned from.
        """
        schedule, trainer = self.schedule, self.trainer
        if not (schedule.last_on_all and trainer.holds_out and self.legs):
            return
        if self.stopped:
            return
        looks = schedule.looks
        first, *others = self.legs
        least = min(schedule.least_on_all * looks.check_every, self.config.max_steps)
        first = replace(first, n_steps=max(least, first.n_steps))
        trainer.train_on_all_rows()
        self.record.n_steps += repeat(trainer, [first, *others], looks, self.look)

    def _is_alive(self) -> bool:
        """Tell whether open weights join any input to an output."""
        reached = None
        for mask in self._open_weights(self.trainer.is_open):
            reached = mask if reached is None else mask[reached.any(0)]
        return reached is not None and bool(reached.any())

    # --- which gates ------------------------------------------------------------------

    def next_gates(self) -> Tensor | None:
        """Choose the gates that are open in the next stage; None at the end."""
        size, trainer = self.size, self.trainer
        scores = trainer.scores.values[:, 0].clone()
        scores[: trainer.gates.sizes[0]][self._mandatory()] = torch.inf
        if size.price is not None:
            return self._gates_worth(scores, size.price)
        target = self._target()
        now = self._count(trainer.is_open)
        if now <= target or now == 0:
            return None
        wanted = max(target, min(now - 1, round(now * (1 - self.schedule.closing))))
        return self._gates_of_size(scores, wanted)

    def _mandatory(self) -> Tensor:
        layout = self.trainer.layout
        if self.trainer.gates.names[0] != "features":
            return torch.zeros(0, dtype=torch.long)
        return torch.from_numpy(np.flatnonzero(self.problem.mandatory[layout.gates]))

    def _target(self) -> int:
        """Count what is to stay open in the end, in the unit of `_count`."""
        size = self.size
        if size.n_features is not None:
            return size.n_features
        if size.sparsity is None:
            return 0
        total = self._count(torch.ones_like(self.trainer.is_open))
        return total - round(size.sparsity * total)

    def _count(self, is_open: Tensor) -> int:
        """Count what the size speaks of: feature gates, open weights, or gates."""
        gates = self.trainer.gates
        if self.size.n_features is not None:
            return int(gates.split(is_open)["features"].sum())
        if "weights" in gates.names:
            return self._n_weights(is_open)
        return int(is_open.sum())

    def _n_weights(self, is_open: Tensor) -> int:
        """Count the weights that no gate closes."""
        return sum(int(mask.sum()) for mask in self._open_weights(is_open))

    def _open_weights(self, is_open: Tensor) -> list[Tensor]:
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
            for layer, part in enumerate(units.split(self.config.hidden_layer_sizes)):
                masks[layer] = masks[layer] & part
        return masks

    def _gates_worth(self, scores: Tensor, price: float) -> Tensor | None:
        """Open what is worth its price, closing no more than a stage may."""
        now = self.trainer.is_open[:, 0]
        is_open = scores >= price
        n_now, n_next = int(now.sum()), int(is_open.sum())
        least = int(n_now * (1 - self.schedule.closing))
        if n_next < least:
            kept = scores.argsort(descending=True, stable=True)[:least]
            is_open = torch.zeros_like(is_open).index_fill_(0, kept, True)
        self.price = price
        settled = bool((is_open == now).all())
        return None if settled or len(self.points) > _MOST_STAGES else is_open[:, None]

    def _gates_of_size(self, scores: Tensor, wanted: int) -> Tensor:
        """Keep as many gates as wanted, those worth most for what they cost."""
        gates = self.trainer.gates
        value = scores / self._costs().to(scores)
        if self.size.n_features is not None:
            value[gates.sizes[gates.names.index("features")] :] = torch.inf
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
        closed = scores[~is_open[:, 0]]
        if len(closed):
            self.price = max(self.price, float(closed.max()))
        return is_open

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
        masks = [mask.to(trainer.dtype) for mask in self._open_weights(own)]
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

    def _features(self, is_open: Tensor) -> NDArray[np.bool_]:
        """Tell which feature gates are open, in the order of the problem."""
        features = np.ones(self.problem.n_gates, dtype=bool)
        if "features" in self.trainer.gates.names:
            part = self.trainer.gates.split(is_open)["features"][:, 0]
            features[self.trainer.layout.gates] = part.cpu().numpy()
        return features

    # --- the outcome ------------------------------------------------------------------

    def solution(self) -> MaskedNetwork:
        """Publish the network with zeros behind closed gates."""
        trainer = self.trainer
        masks = self._masks()
        trainer.close_weights()
        reason = StopReason.CALLBACK if self.stopped else self.record.reason
        curves = (self.record.train_curve, self.record.curve)
        network = trainer.network(curves, self.record.n_steps, reason)
        coefs = [w * mask for w, mask in zip(network.coefs, masks, strict=True)]
        penalty, n_open, n_weights, train_loss, loss, features = (
            np.array(column) for column in zip(*self.points, strict=True)
        )
        return MaskedNetwork(
            replace(network, coefs=tuple(coefs)),
            tuple(masks),
            self._open_gates(),
            penalty,
            n_open,
            n_weights,
            train_loss,
            loss,
            features,
            self.snapshots[-1].point,
        )

    def _open_gates(self) -> dict[str, NDArray[np.bool_]]:
        """Tell which gates are open, columns in the order of the problem."""
        trainer = self.trainer
        parts = {
            name: part[:, 0].cpu().numpy().copy()
            for name, part in trainer.gates.split(trainer.is_open).items()
        }
        if "features" in parts:
            parts["features"] = self._features(trainer.is_open)
        if "weights" in parts:
            n_inputs, _, n_units = trainer.networks.weights[0].shape
            first, others = np.split(parts["weights"], [n_inputs * n_units])
            back = np.argsort(trainer.layout.inputs)
            first = first.reshape(n_inputs, n_units)[back].ravel()
            parts["weights"] = np.concatenate([first, others])
        return parts

    def _masks(self) -> list[NDArray[np.bool_]]:
        """Tell which weights are open, columns in the order of the problem."""
        masks = [m.cpu().numpy() for m in self._open_weights(self.trainer.is_open)]
        masks[0] = masks[0][np.argsort(self.trainer.layout.inputs)]
        return masks
