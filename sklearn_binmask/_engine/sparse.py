"""A masked network: trained dense, closed gate by gate, and trained on.

First all gates are open and the network is trained until it is of no more use. Then
gates close, stage by stage, those worth least for what they cost first; a closed gate
may open again. What is kept of this path, by number, by price or by the loss on
held-out rows, is trained on with its masks fixed.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .diverging import refuse_divergence
from .fixed import Leg, Record, repeat, settle
from .problem import MaskedNetwork, Network, Problem, Size, SolverConfig, StopReason
from .schedules import SparseSchedule
from .sizing import Sizing
from .threads import one_thread
from .training import Trainer

__all__ = ["train_masked"]

# Makes the network as it stands, and its masks; costs nothing unless it is called.
NetworkAt = Callable[[], tuple[Network, tuple[NDArray[np.bool_], ...]]]
OnLook = Callable[[NetworkAt], bool]


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
    on_interrupt: Callable[[MaskedNetwork], None] | None = None,
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
        Called at each look at the held-out loss and after each stage, with a function
        that makes the network as it stands; where it returns True the training ends.
    on_interrupt : callable, default=None
        Takes the best state so far that is of the size asked for, if there is one, when
        the training is interrupted; the interrupt goes on.

    Returns
    -------
    solution : MaskedNetwork
        The trained network.
    """
    with one_thread(), torch.inference_mode():
        walk = _Walk(problem, config, size, schedule, on_look)
        if start is not None:
            walk.trainer.load(start)
        try:
            walk.train_dense()
            if not walk.stopped and size.price != 0.0:
                walk.close_gates()
                walk.of_size = True
                if size.is_auto:
                    walk.compare()
                walk.train_chosen()
            walk.train_on_all_rows()
            return walk.solution()
        except KeyboardInterrupt:
            if on_interrupt is not None:
                with suppress(Exception):  # which must not hide the interrupt
                    walk.hand_best_to(on_interrupt)
            raise


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
        self.sizing = Sizing(self.trainer, size, schedule.closing)
        self.record = Record()
        self.stopped = False
        self.of_size = size.is_auto or size.price == 0.0  # else once gates are closed
        self.points: list[tuple] = []
        self.rate = config.learning_rate * schedule.path_rate
        self.snapshots: list[_Snapshot] = []
        self.legs: list[Leg] = []

    def look(self) -> bool:
        """Ask the caller whether to stop."""
        ask = self._on_look
        stops = self.stopped or (ask is not None and ask(self.standing))
        self.stopped = self.config.agreement.any(stops)
        return self.stopped

    def standing(self) -> tuple[Network, tuple[NDArray[np.bool_], ...]]:
        """Publish the network as it stands; the training goes on undisturbed."""
        masks = self._masks()
        record = self.record
        curves = (record.train_curve, record.curve)
        network = self.trainer.network(curves, record.n_steps, StopReason.CALLBACK)
        coefs = [w * mask for w, mask in zip(network.coefs, masks, strict=True)]
        return replace(network, coefs=tuple(coefs)), tuple(masks)

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
            is_open = self.sizing.next_gates()
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
        self.trainer.fall_in()

    def note(self, loss: float) -> None:
        """Remember a point of the path, and its state if it is the best so far."""
        trainer = self.trainer
        self._check([*self.record.train_curve, float(trainer.train_loss), loss])
        n_open = int(trainer.is_open.sum())
        if self.points:
            self.points[-1] = (self.sizing.price, *self.points[-1][1:])
        features = self._features(trainer.is_open)
        point = (
            np.inf,
            n_open,
            self.sizing.n_weights(trainer.is_open),
            float(trainer.train_loss),
            loss,
            features,
        )
        self.points.append(point)
        if not self.size.is_auto:
            self.snapshots.clear()  # the last one counts
        elif not self.sizing.joins(trainer.is_open):
            return
        self.snapshots.append(self._snapshot(loss, len(self.points) - 1))

    def _check(self, losses: list[float]) -> None:
        refuse_divergence(losses, self.config.learning_rate, self.config.alpha)

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

    def _features(self, is_open: Tensor) -> NDArray[np.bool_]:
        """Tell which feature gates are open, in the order of the problem."""
        features = np.ones(self.problem.n_gates, dtype=bool)
        if "features" in self.trainer.gates.names:
            part = self.trainer.gates.split(is_open)["features"][:, 0]
            features[self.trainer.layout.gates] = part.cpu().numpy()
        return features

    # --- the outcome ------------------------------------------------------------------

    def hand_best_to(self, on_interrupt: Callable[[MaskedNetwork], None]) -> None:
        """Hand over the best state of a size that was asked for, if there is one."""
        if not self.of_size:
            return
        if self.record.best is not None:
            self._add_settling(*self.record.best)
        if self.snapshots:
            self.snapshots = [min(self.snapshots, key=lambda one: one.loss)]
            self._go_back(self.snapshots[0])
            self.record.reason, self.stopped = StopReason.INTERRUPT, False
            on_interrupt(self.solution())

    def _add_settling(self, parameters: Tensor, is_open: Tensor, loss: float) -> None:
        """Let the best state of the last training with fixed gates be a snapshot."""
        known = [one for one in self.snapshots if torch.equal(one.is_open, is_open)]
        if self.points and not known:
            return  # of a point that is not of the size asked for
        point = known[0].point if known else 0
        best = _Snapshot(loss, point, parameters, is_open)
        if not self.points:
            self._go_back(best)
            self.note(loss)
        self.snapshots.append(best)

    def solution(self) -> MaskedNetwork:
        """Publish the network with zeros behind closed gates."""
        trainer = self.trainer
        self._check(self.record.train_curve + self.record.curve)
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
        masks = [
            m.cpu().numpy() for m in self.sizing.open_weights(self.trainer.is_open)
        ]
        masks[0] = masks[0][np.argsort(self.trainer.layout.inputs)]
        return masks
