"""Training with gates that stay as they are: the refit on a support."""

import torch

from .problem import Network, Problem, SolverConfig, StopReason
from .schedules import Schedule
from .threads import one_thread
from .training import Trainer

__all__ = ["train_fixed"]


def train_fixed(
    problem: Problem, config: SolverConfig, *, schedule: Schedule | None = None
) -> Network:
    """Train a committee with all gates open; keep its best state on held-out rows.

    The learning rate falls when the held-out loss has stopped improving, and the
    training ends when it stops again.

    Parameters
    ----------
    problem : Problem
        One run; its gates are left alone.
    config : SolverConfig
        How to train.
    schedule : Schedule, default=None
        When to look, and how long to wait.

    Returns
    -------
    network : Network
        The best state seen.
    """
    schedule = schedule or Schedule()
    with one_thread(), torch.inference_mode():
        trainer = Trainer(problem, config)
        parameters = trainer.networks.parameters
        rate = config.learning_rate
        best, best_loss = parameters.clone(), float(trainer.mean(trainer.evaluate())[0])
        train_curve: list[float] = []
        curve: list[float] = []
        waited, anneals, n_steps = 0, schedule.anneals, 0
        reason = StopReason.MAX_ITER
        while n_steps < config.max_steps:
            length = min(schedule.check_every, config.max_steps - n_steps)
            for _ in range(length):
                trainer.step(rate, judge=False)
            n_steps += length
            trainer.adam.flush()
            train_curve.append(float(trainer.train_loss))
            curve.append(float(trainer.mean(trainer.evaluate())[0]))
            waited += 1
            if curve[-1] < best_loss * (1 - schedule.tol):
                waited = 0
            if curve[-1] < best_loss:
                best_loss = curve[-1]
                best.copy_(parameters)
            if waited >= schedule.patience:
                if anneals == 0:
                    reason = StopReason.NO_IMPROVEMENT
                    break
                anneals, waited = anneals - 1, 0
                rate *= schedule.anneal
                parameters.copy_(best)
        parameters.copy_(best)
        return trainer.network((train_curve, curve), n_steps, reason)
