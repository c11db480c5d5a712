"""The running mean of weights is a mean of the states that were seen."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_binmask._engine.averaging import RunningMean


def walk(n_steps, span, restart_at=None):
    """Random states of three parameters, and their mean after the last."""
    states = torch.from_numpy(np.random.default_rng(0).normal(size=(n_steps, 3)))
    parameters = torch.full((3,), 7.0, dtype=torch.float64)
    mean = RunningMean(parameters, span)
    for step, state in enumerate(states):
        if step == restart_at:
            mean.restart()
        parameters.copy_(state)
        mean.take()
    with mean.instead():
        value = parameters.numpy().copy()
    assert_array_equal(parameters, states[-1])
    return states.numpy(), value


@pytest.mark.parametrize("n_steps", [4, 40, 43])
def test_a_long_span_is_the_mean_of_every_fourth_state(n_steps):
    states, value = walk(n_steps, span=10_000)
    assert_allclose(value, states[3::4].mean(axis=0))


def test_a_short_span_forgets_at_a_constant_rate():
    states, value = walk(400, span=40)
    seen = states[3::4][::-1]  # the latest first; 40 steps are 10 states
    shares = 0.1 * 0.9 ** np.arange(len(seen))
    assert_allclose(value, shares @ seen, atol=1e-3)


def test_a_restart_forgets_all_states_before_it():
    states, value = walk(80, span=10_000, restart_at=40)
    assert_allclose(value, states[43::4].mean(axis=0))


def test_without_a_span_the_parameters_are_their_own_mean():
    states, value = walk(20, span=0.0)
    assert_array_equal(value, states[-1])


def test_the_latest_state_comes_back_after_a_fault():
    parameters = torch.zeros(2)
    mean = RunningMean(parameters, span=100)
    for _ in range(4):
        parameters.add_(1.0)
        mean.take()
    parameters.add_(1.0)
    with pytest.raises(KeyError), mean.instead():
        assert parameters.tolist() == [4.0, 4.0]
        raise KeyError
    assert parameters.tolist() == [5.0, 5.0]
    mean.settle()
    assert parameters.tolist() == [4.0, 4.0]
