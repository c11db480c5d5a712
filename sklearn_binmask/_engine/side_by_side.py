"""Supports side by side: a committee for each, trained on all rows that may train.

On a path networks have few steps before the next gate closes, and a strong decay. That
is enough to see which gate is worth least, but where there is little noise they are far
from having learned what a support can say; so a small one can look as good as a larger
one, and is not. Here networks are trained as the final one is, for a while.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from .averaging import RunningMean
from .diverging import refuse_divergence
from .fixed import make_steps
from .problem import Comparison, Problem, SolverConfig
from .schedules import FINAL
from .threads import one_thread
from .training import Trainer

__all__ = ["compare_supports"]

# Steps up to a first look, and to a second one if some larger support has a loss that
# is lower by this share then; what is found without noise goes on growing.
_FIRST_STEPS, _MORE_STEPS, _PROMISING = 256, 256, 0.03


def compare_supports(
    problem: Problem, config: SolverConfig, supports: NDArray[np.bool_]
) -> Comparison:
    """Train networks on each support, and compare what they say of evaluated rows.

    Parameters
    ----------
    problem : Problem
        A run for each support in each fold; those of a support come together.
    config : SolverConfig
        How to train.
    supports : ndarray of bool of shape (n_supports, n_folds, n_gates)
        The gates that are open, the fewest in the first one. Where no other has a loss
        clearly under the first one's at a first look, there is no second look.

    Returns
    -------
    comparison : Comparison
        Of the supports at the last look.
    """
    with one_thread(), torch.inference_mode():
        trainer = Trainer(problem, config)
        n_supports, n_folds, n_gates = supports.shape
        of_runs = supports.reshape(n_supports * n_folds, n_gates)
        in_layout = torch.from_numpy(of_runs[:, trainer.layout.gates].T.copy())
        trainer.open_only(in_layout.to(config.device))
        parameters = trainer.networks.parameters
        mean = RunningMean(parameters, FINAL.average * FINAL.check_every)
        make_steps(trainer, config.learning_rate, _FIRST_STEPS, mean)
        seen = _look(trainer, mean, n_supports, _FIRST_STEPS)
        least = (1 - _PROMISING) * seen.losses[0]
        if trainer.agreement.first(bool(seen.losses.min() >= least)):
            return seen
        make_steps(trainer, config.learning_rate, _MORE_STEPS, mean)
        return _look(trainer, mean, n_supports, _FIRST_STEPS + _MORE_STEPS)


def _look(
    trainer: Trainer, mean: RunningMean, n_supports: int, n_steps: int
) -> Comparison:
    """Compare the supports as their networks are now, each over all folds."""

    def over_folds(values: torch.Tensor) -> tuple[NDArray, NDArray]:
        """Average (n_supports, n_folds, n_rows), and say how sure that is."""
        means, errors = trainer.mean(values.flatten(0, 1))
        means, errors = means.view(n_supports, -1), errors.view(n_supports, -1)
        error = errors.square().sum(1).sqrt() / errors.shape[1]
        return _numpy(means.mean(1)), _numpy(error)

    with mean.instead():
        rows, _ = trainer.evaluate_stretched()
    rows = rows.view(n_supports, -1, rows.shape[1])
    losses, _ = over_folds(rows)
    config = trainer.config
    refuse_divergence(losses, config.learning_rate, config.alpha)
    best = int(losses.argmin())
    _, errors = over_folds(rows - rows[best])
    gains, _ = over_folds(trainer.eval_constant - rows)
    return Comparison(losses, errors, float(gains[best]), n_steps, _numpy(rows))


def _numpy(values: torch.Tensor) -> NDArray[np.float64]:
    return values.double().cpu().numpy().copy()
