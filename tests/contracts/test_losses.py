"""Laws of every row of the table of losses.

The targets are shares, at least 0 and of sum 1 over the outputs: each loss takes them,
so a new row of the table is tested without a word here.
"""

import numpy as np
import pytest
import torch

from sklearn_binmask._engine.losses import LOSSES
from sklearn_binmask._engine.noise import Noise
from sklearn_binmask._engine.predict import LINKS

STEP = 1e-6
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
every_seed = pytest.mark.parametrize("seed", [0, 1, 2])


def draw(seed, n_outputs=3, n_networks=2, n_rows=7):
    """Outputs (n_networks, n_rows, n_outputs), targets (n_rows, n_outputs)."""
    rng = np.random.default_rng(seed)
    outputs = torch.from_numpy(rng.normal(0, 2, (n_networks, n_rows, n_outputs)))
    return outputs, torch.from_numpy(rng.dirichlet(np.ones(n_outputs), n_rows))


def derivative(function, outputs):
    """Central differences with respect to each output, along a new last axis."""
    slopes = []
    for c in range(outputs.shape[-1]):
        step = torch.zeros_like(outputs)
        step[..., c] = STEP
        slopes.append((function(outputs + step) - function(outputs - step)) / 2 / STEP)
    return torch.stack(slopes, -1)


def curvature(loss, outputs, targets):
    return derivative(lambda o: loss.residuals(o, targets), outputs)


def outer(vectors):
    return vectors[..., :, None] * vectors[..., None, :]


@every_loss
@every_seed
def test_residuals_are_the_derivative_of_values(loss, seed):
    outputs, targets = draw(seed)
    expected = derivative(lambda o: loss.values(o, targets), outputs)
    residuals = loss.residuals(outputs, targets)
    torch.testing.assert_close(residuals, expected, rtol=0, atol=1e-8)


@every_loss
@every_seed
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_exact_directions_sum_to_the_curvature(loss, seed, n_outputs):
    outputs, targets = draw(seed, n_outputs)
    total = sum(outer(d) for d in loss.directions(outputs, None))
    expected = curvature(loss, outputs, targets)
    torch.testing.assert_close(total, expected, rtol=0, atol=1e-8)


@every_loss
@every_seed
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_a_sampled_direction_is_right_on_average(loss, seed, n_outputs):
    n_draws = 20_000
    outputs, targets = draw(seed, n_outputs, n_networks=1, n_rows=1)
    outputs /= 2  # a class that is never drawn has no standard error
    noise = Noise(torch.Generator().manual_seed(seed))
    many = outputs.expand(1, n_draws, n_outputs).clone()
    (sampled,) = loss.directions(many, noise)
    products = outer(sampled)[0]
    error = (products.mean(0) - curvature(loss, outputs, targets)[0, 0]).abs()
    assert bool((error <= 5 * products.std(0) / n_draws**0.5 + 1e-8).all())


@every_loss
@every_seed
def test_constant_is_the_minimizer(loss, seed):
    rng = np.random.default_rng(seed)
    _, targets = draw(seed, n_rows=50)
    weights = torch.from_numpy(rng.uniform(0.1, 3, 50))

    def mean_loss(constants):
        return loss.values(constants[:, None].expand(-1, 50, -1), targets) @ weights

    best = loss.constant(targets, weights)
    others = best + torch.from_numpy(rng.normal(0, 0.1, (100, 3)))
    assert bool((mean_loss(best[None]) <= mean_loss(others) + 1e-10).all())
    residuals = loss.residuals(best.expand(1, 50, 3), targets)[0]
    torch.testing.assert_close(
        weights @ residuals, torch.zeros(3).double(), atol=1e-9, rtol=0
    )


@every_loss
def test_constant_is_finite_when_all_rows_are_of_one_class(loss):
    targets = torch.tensor([[0.0, 1.0]]).double().expand(5, 2)
    constant = loss.constant(targets, torch.ones(5).double())
    assert bool(torch.isfinite(constant).all())
    assert float(loss.values(constant.expand(1, 5, 2), targets).max()) < 1e-4


@every_loss
def test_values_and_residuals_at_the_ends_of_the_scale(loss):
    outputs = torch.tensor([[[900.0, -900.0], [-900.0, 900.0]]]).double()
    targets = torch.eye(2).double()
    assert bool(torch.isfinite(loss.values(outputs, targets)).all())
    assert bool(torch.isfinite(loss.residuals(outputs, targets)).all())
    for direction in loss.directions(outputs, None):
        assert bool(torch.isfinite(direction).all())


@every_loss
def test_what_a_loss_is_given_stays_as_it_was(loss):
    # the loop reads outputs again, for the worth of the gates
    outputs, targets = draw(0)
    before, targets_before = outputs.clone(), targets.clone()
    loss.values(outputs, targets)
    loss.residuals(outputs, targets)
    list(loss.directions(outputs, None))
    list(loss.directions(outputs, Noise(torch.Generator())))
    loss.constant(targets, torch.ones(len(targets)).double())
    assert torch.equal(outputs, before)
    assert torch.equal(targets, targets_before)


def test_every_loss_has_a_link():
    assert LINKS.keys() == LOSSES.keys()


@pytest.mark.parametrize("name", LOSSES)
@every_seed
def test_the_link_gives_the_mean_of_the_target(name, seed):
    # a target equal to the mean leaves nothing to correct
    outputs, _ = draw(seed, n_networks=1)
    mean = torch.from_numpy(LINKS[name](outputs[0].numpy().copy()))
    residuals = LOSSES[name].residuals(outputs, mean)
    torch.testing.assert_close(residuals, torch.zeros_like(outputs), atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", LOSSES)
def test_a_link_is_finite_at_the_ends_of_the_scale(name):
    outputs = np.array([[1e4, -1e4], [-1e4, 1e4]])
    assert np.isfinite(LINKS[name](outputs)).all()
