"""Training with gates that stay as they are, until it is of no more use."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .diverging import refuse_divergence
from .problem import Network, Problem, SolverConfig, StopReason
from .schedules import Schedule
from .threads import one_thread
from .training import Trainer

__all__ = ["Record", "settle", "train_fixed"]


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
    best : tuple of Tensor or None
        Weights of the best state at a look, and the gates it was trained with.
    """

    train_curve: list[float] = field(default_factory=list)
    curve: list[float] = field(default_factory=list)
    n_steps: int = 0
    reason: StopReason = StopReason.MAX_ITER
    best: tuple[Tensor, Tensor] | None = None


def train_fixed(
    problem: Problem,
    config: SolverConfig,
    *,
    schedule: Schedule | None = None,
    on_interrupt: Callable[[Network], None] | None = None,
) -> Network:
    """Train a committee with all gates open; keep its best state on held-out rows.

    Parameters
    ----------
    problem : Problem
        One run; its gates are left alone.
    config : SolverConfig
        How to train.
    schedule : Schedule, default=None
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
            settle(trainer, config.learning_rate, schedule or Schedule(), record)
            refuse_divergence(curves[0] + curves[1], config.learning_rate, config.alpha)
            return trainer.network(curves, record.n_steps, record.reason)
        except KeyboardInterrupt:
            if record.best is not None and on_interrupt is not None:
                trainer.networks.parameters.copy_(record.best[0])
                best = trainer.network(curves, record.n_steps, StopReason.INTERRUPT)
                on_interrupt(best)
            raise


def settle(
    trainer: Trainer,
    rate: float,
    schedule: Schedule,
    record: Record,
    *,
    anneals: int | None = None,
    on_look: Callable[[], bool] | None = None,
) -> float:
    """Train until the held-out loss has stopped improving; go back to its best state.

    The learning rate falls where the loss stops improving, `anneals` times, and at the
    next stop the training ends. Without held-out rows, the training loss is looked at,
    and the last state is kept.

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
    loss : float
        Of the state kept.
    """
    parameters = trainer.networks.parameters
    anneals = schedule.anneals if anneals is None else anneals
    best, best_loss = parameters.clone(), trainer.held_out_loss()
    waited, n_steps, max_steps = 0, 0, trainer.config.max_steps
    record.reason = StopReason.MAX_ITER
    while n_steps < max_steps:
        length = min(schedule.check_every, max_steps - n_steps)
        for _ in range(length):
            trainer.step(rate, judge=False)
        n_steps += length
        trainer.adam.flush()
        loss = trainer.held_out_loss()
        record.train_curve.append(float(trainer.train_loss))
        record.curve.append(loss)
        waited += 1
        if loss < best_loss * (1 - schedule.tol):
            waited = 0
        if loss < best_loss:
            best_loss = loss
            best.copy_(parameters)
            record.best = best, trainer.is_open  # for who is interrupted
        if on_look is not None and on_look():
            record.reason = StopReason.CALLBACK
            break
        if waited >= schedule.patience:
            if anneals == 0:
                record.reason = StopReason.NO_IMPROVEMENT
                break
            anneals, waited = anneals - 1, 0
            rate *= schedule.anneal
            if trainer.holds_out:
                parameters.copy_(best)
    record.n_steps += n_steps
    if trainer.holds_out:
        parameters.copy_(best)
    return best_loss
