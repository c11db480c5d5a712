"""Laws of every row of the table of activations, and prediction without torch."""

import numpy as np
import pytest
import torch

from sklearn_binmask._engine import predict
from sklearn_binmask._engine.networks import ACTIVATIONS
from sklearn_binmask._engine.predict import committee_outputs
from sklearn_binmask._engine.problem import Problem, Roles, SolverConfig, StopReason
from sklearn_binmask._engine.training import Trainer

every_activation = pytest.mark.parametrize("name", ACTIVATIONS)


def draw(seed=0, size=(2, 3, 50)):
    return torch.from_numpy(np.random.default_rng(seed).normal(0, 2, size))


def trained(hidden, activation, seed=0, n_members=3):
    """A committee after a few steps: 11 rows, 6 columns behind 3 gates."""
    rng = np.random.default_rng(seed)
    everywhere = np.ones((11, 1, n_members), dtype=bool)
    problem = Problem(
        inputs=rng.normal(size=(11, 6)),
        targets=rng.normal(size=(11, 2)),
        row_weights=np.ones(11),
        gate_of_input=np.array([2, 0, 1, 1, 2, 1]),
        n_gates=3,
        mandatory=np.zeros(3, dtype=bool),
        loss="squared_error",
        roles=Roles(everywhere, everywhere, everywhere, np.full(1, 11.0)),
    )
    trainer = Trainer(problem, SolverConfig(hidden, activation, exact=True, seed=seed))
    for _ in range(3):
        trainer.step(0.1, judge=False)
    return problem, trainer


def test_predict_knows_every_activation():
    assert predict.ACTIVATIONS.keys() == ACTIVATIONS.keys()


@every_activation
def test_prediction_applies_the_same_function(name):
    z = draw()
    expected = ACTIVATIONS[name].apply_(z.clone()).numpy()
    got = predict.ACTIVATIONS[name](z.numpy().copy())
    np.testing.assert_allclose(got, expected, rtol=1e-14, atol=1e-15)


@every_activation
def test_a_function_works_in_place(name):
    # forward drops what the function returns
    z = draw()
    expected = ACTIVATIONS[name].apply_(z.clone())
    ACTIVATIONS[name].apply_(z)
    assert torch.equal(z, expected)


@every_activation
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_slope_is_the_derivative(name, seed):
    activation, step = ACTIVATIONS[name], 1e-6
    z, gradient = draw(seed), draw(seed + 100)
    above, below = activation.apply_(z + step), activation.apply_(z - step)
    expected = gradient * (above - below) / (2 * step)
    activation.times_slope_(gradient, activation.apply_(z.clone()))  # in place
    torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-7)


@every_activation
def test_no_warning_at_the_ends_of_the_scale(name):
    z = np.array([[-1e4, 0.0, 1e4]])
    got = predict.ACTIVATIONS[name](z.copy())
    expected = ACTIVATIONS[name].apply_(torch.from_numpy(z.copy())).numpy()
    np.testing.assert_allclose(got, expected, atol=1e-15)


@every_activation
@pytest.mark.parametrize("hidden", [(), (5,), (5, 4)], ids=str)
def test_prediction_is_the_forward_pass(name, hidden):
    problem, trainer = trained(hidden, name)
    network = trainer.network(([], []), 3, StopReason.MAX_ITER)
    expected = trainer.networks.forward(trainer.rows.x)[-1].mean(0).numpy()
    got = committee_outputs(network, problem.inputs)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)
    assert np.ptp(got, axis=0).min() > 1e-3  # the rows have something to say


def test_prediction_in_chunks(monkeypatch):
    problem, trainer = trained((5,), "relu")
    network = trainer.network(([], []), 3, StopReason.MAX_ITER)
    expected = committee_outputs(network, problem.inputs)
    monkeypatch.setattr(predict, "_CHUNK", 4)
    got = committee_outputs(network, problem.inputs)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-13)


def test_prediction_leaves_its_input_as_it_was():
    problem, trainer = trained((), "relu")
    network = trainer.network(([], []), 3, StopReason.MAX_ITER)
    before = problem.inputs.copy()
    committee_outputs(network, problem.inputs)
    np.testing.assert_array_equal(problem.inputs, before)
