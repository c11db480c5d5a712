"""Stretched outputs against a general minimizer, and against what they must not do."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from sklearn_binmask._engine.calibration import stretch
from sklearn_binmask._engine.losses import LOSSES

every_loss = pytest.mark.parametrize("name", LOSSES)
N_ROWS, N_OUTPUTS = 80, 3


def draw(name, seed, strength):
    """Outputs of two runs that know the targets with some strength, each its own."""
    rng = np.random.default_rng(seed)
    targets = np.eye(N_OUTPUTS)[rng.integers(0, N_OUTPUTS, N_ROWS)]
    noise = rng.normal(size=(2, N_ROWS, N_OUTPUTS))
    outputs = np.array([[[0.3]], [[2.0]]]) * (strength * targets + noise)
    weights = rng.uniform(0, 2, (2, N_ROWS))
    loss, targets = LOSSES[name], torch.from_numpy(targets)
    constant = loss.constant(targets, torch.ones(N_ROWS, dtype=targets.dtype))
    return loss, torch.from_numpy(outputs), constant, targets, torch.from_numpy(weights)


def mean_losses(loss, outputs, targets, weights):
    return (loss.values(outputs, targets) * weights).sum(1).numpy()


@every_loss
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("strength", [0.5, 2.0])
def test_no_other_factor_does_better(name, seed, strength):
    loss, outputs, constant, targets, weights = draw(name, seed, strength)
    stretched = stretch(loss, outputs, constant, targets, weights)
    found = mean_losses(loss, stretched, targets, weights)
    for run in range(2):

        def at(factor, run=run):
            moved = constant + factor * (outputs[run : run + 1] - constant)
            return mean_losses(loss, moved, targets, weights[run : run + 1])[0]

        best = minimize_scalar(at, bounds=(0, 100), method="bounded").fun
        assert found[run] <= min(best, at(0.0)) * (1 + 1e-4)
        assert found[run] <= at(1.0)


@every_loss
def test_outputs_that_are_wrong_are_made_the_constant(name):
    loss, outputs, constant, targets, weights = draw(name, 0, -3.0)
    stretched = stretch(loss, outputs, constant, targets, weights)
    torch.testing.assert_close(stretched, constant.expand_as(stretched))


@every_loss
def test_a_factor_known_beforehand_is_undone(name):
    loss, outputs, constant, targets, weights = draw(name, 1, 2.0)
    expected = stretch(loss, outputs, constant, targets, weights)
    for factor in (0.1, 5.0):
        other = constant + factor * (outputs - constant)
        found = stretch(loss, other, constant, targets, weights)
        torch.testing.assert_close(found, expected, rtol=0.01, atol=0.01)


def test_certainty_is_finite():
    loss, _, constant, targets, weights = draw("log_loss", 0, 1.0)
    sure = constant + (2 * targets - 1).expand(2, -1, -1)
    stretched = stretch(loss, sure, constant, targets, weights)
    assert torch.isfinite(stretched).all()
    assert mean_losses(loss, stretched, targets, weights).max() < 1e-6
