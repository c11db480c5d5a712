"""Training with gates that stay as they are, until it is of no more use."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from .averaging import RunningMean
from .diverging import refuse_divergence
from .problem import Network, Problem, SolverConfig, StopReason
from .schedules import FINAL, Schedule
from .threads import one_thread
from .training import Trainer

__all__ = [
    "Leg",
    "Record",
    "Settled",
    "make_steps",
    "repeat",
    "settle",
    "train_fixed",
]

OnLook = Callable[[], bool]


@dataclass
class Record:
    """What a training leaves behind besides its weights.

    Attributes
    ----------
    train_curve, curve : list of float
        Training loss and held-out loss at each look.
    n_steps : int
        Steps taken.
    reason : StopReason
        Why it ended.
    best : tuple of Tensor, Tensor and float, or None
        Weights of the best state at a look, the gates it was trained with, its loss.
    """

    train_curve: list[float] = field(default_factory=list)
    curve: list[float] = field(default_factory=list)
    n_steps: int = 0
    reason: StopReason = StopReason.MAX_ITER
    best: tuple[Tensor, Tensor, float] | None = None


def train_fixed(
    problem: Problem,
    config: SolverConfig,
    *,
    schedule: Schedule = FINAL,
    on_interrupt: Callable[[Network], None] | None = None,
) -> Network:
    """Train a committee with all gates open; keep its best state on held-out rows.

    Parameters
    ----------
    problem : Problem
        One run; its gates are left alone.
    config : SolverConfig
        How to train.
    schedule : Schedule, default=FINAL
        When to look, and how long to wait.
    on_interrupt : callable, default=None
        Takes the best state so far, if there is one, when the training is interrupted;
        the interrupt goes on.

    Returns
    -------
    network : Network
        The best state seen.
    """
    with one_thread(), torch.inference_mode():
        trainer = Trainer(problem, config)
        record = Record()
        curves = (record.train_curve, record.curve)
        try:
            settle(trainer, config.learning_rate, schedule, record)
            refuse_divergence(curves[0] + curves[1], config.learning_rate, config.alpha)
            return trainer.network(curves, record.n_steps, record.reason)
        except KeyboardInterrupt:
            if record.best is not None and on_interrupt is not None:
                with suppress(Exception):  # which must not hide the interrupt
                    trainer.networks.parameters.copy_(record.best[0])
                    on_interrupt(
                        trainer.network(curves, record.n_steps, StopReason.INTERRUPT)
                    )
            raise


@dataclass(frozen=True, eq=False)
class Leg:
    """Steps at one learning rate, up to the best state.

    Attributes
    ----------
    rate : float
        The learning rate.
    n_steps : int
        Steps up to the best state, 0 if none was better than the start.
    start : Tensor
        The parameters at its beginning.
    """

    rate: float
    n_steps: int
    start: Tensor


@dataclass(frozen=True, eq=False)
class Settled:
    """The outcome of a training with gates that stay as they are.

    Attributes
    ----------
    loss : float
        Of the state that was kept, on held-out rows if there are any.
    legs : list of Leg
        The way to it.
    """

    loss: float
    legs: list[Leg]


def settle(
    trainer: Trainer,
    rate: float,
    schedule: Schedule,
    record: Record,
    *,
    anneals: int | None = None,
    on_look: OnLook | None = None,
) -> Settled:
    """Train until the held-out loss has stopped improving; go back to its best state.

    The learning rate falls where the loss stops improving, `anneals` times, and at the
    next stop the training ends. Without held-out rows, the training loss is looked at,
    and the last state is kept. A state is the mean of the latest ones, as
    `Schedule.average` has it.

    Parameters
    ----------
    trainer : Trainer
        Of one run.
    rate : float
        Learning rate to begin with.
    schedule : Schedule
        When to look, and how long to wait.
    record : Record
        To be continued.
    anneals : int, default=None
        How often the rate falls; by default `Schedule.anneals`.
    on_look : callable, default=None
        Called at each look; the training ends where it returns True.

    Returns
    -------
    settled : Settled
        The loss of the state kept, and the way to it.
    """
    parameters = trainer.networks.parameters
    anneals = schedule.anneals if anneals is None else anneals
    best, best_loss = parameters.clone(), trainer.held_out_loss()
    mean = RunningMean(parameters, schedule.average * schedule.check_every)
    legs = [Leg(rate, 0, best.clone())]
    waited, n_steps, max_steps, since = 0, 0, trainer.config.max_steps, 0
    record.reason = StopReason.MAX_ITER
    while n_steps < max_steps:
        length = min(schedule.check_every, max_steps - n_steps)
        make_steps(trainer, rate, length, mean)
        n_steps += length
        record.n_steps += length
        waited += 1
        with mean.instead():
            loss = trainer.held_out_loss()
            if loss < best_loss * (1 - schedule.tol):
                waited = 0
            if loss < best_loss:
                best_loss = loss
                best.copy_(parameters)
                record.best = best, trainer.is_open, loss  # for who is interrupted
                legs[-1] = replace(legs[-1], n_steps=n_steps - since)
            record.train_curve.append(float(trainer.train_loss))
            record.curve.append(loss)
            stops = on_look is not None and on_look()
        if stops:
            record.reason = StopReason.CALLBACK
            break
        if _has_learned_all(trainer, schedule):
            record.reason = StopReason.NOTHING_LEFT
            break
        if waited >= schedule.patience:
            if anneals == 0:
                record.reason = StopReason.NO_IMPROVEMENT
                break
            anneals, waited, since = anneals - 1, 0, n_steps
            rate *= schedule.anneal
            if trainer.holds_out:
                parameters.copy_(best)
            mean.restart()
            legs.append(Leg(rate, 0, parameters.clone()))
    if trainer.holds_out:
        parameters.copy_(best)
    else:
        mean.settle()
    trainer.fall_in()
    return Settled(best_loss, legs)


def _has_learned_all(trainer: Trainer, schedule: Schedule) -> bool:
    """Tell whether classes of the rows that train are told apart almost surely."""
    if not (schedule.told_apart and trainer.loss.of_classes):
        return False
    bar = schedule.told_apart * trainer.constant_loss
    return bool(trainer.agreement.first(bool((trainer.train_loss < bar).all())))


def repeat(
    trainer: Trainer, legs: Sequence[Leg], schedule: Schedule, on_look: OnLook
) -> int:
    """Go the same way again, from where it began, on whatever rows now train.

    Parameters
    ----------
    trainer : Trainer
        Of one run.
    legs : sequence of Leg
        The way, as `settle` gives it.
    schedule : Schedule
        When to look.
    on_look : callable
        Called at each look; the training ends where it returns True.

    Returns
    -------
    n_steps : int
        Steps taken.
    """
    parameters = trainer.networks.parameters
    parameters.copy_(legs[0].start)
    trainer.adam.forget()
    taken = 0
    for leg in legs:
        mean = RunningMean(parameters, schedule.average * schedule.check_every)
        for start in range(0, leg.n_steps, schedule.check_every):
            length = min(schedule.check_every, leg.n_steps - start)
            make_steps(trainer, leg.rate, length, mean)
            taken += length
            with mean.instead():
                stops = on_look()
            if stops:
                break
        mean.settle()
    trainer.fall_in()
    return taken


def make_steps(trainer: Trainer, rate: float, n_steps: int, mean: RunningMean) -> None:
    """Train at one learning rate, and let the mean of the weights follow."""
    for _ in range(n_steps):
        trainer.step(rate, judge=False)
        mean.take()
    trainer.adam.flush()
    trainer.fall_in()
