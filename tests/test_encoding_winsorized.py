"""Laws of the target that columns are asked about: gross errors are brought in."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_binmask import BinMaskSelector
from sklearn_binmask._encoding import encode_target, winsorized

N = 300
WRONG = slice(0, 15)


def brought_in(y, **kwargs):
    """The winsorized target in the units of `y`."""
    target = winsorized(encode_target(y, task="regression", **kwargs))
    return (target.values * target.scale + target.center)[:, 0]


@pytest.fixture
def y(any_seed):
    """Normal, with one number in twenty thirty deviations off on average."""
    rng = np.random.default_rng(any_seed)
    y = rng.normal(3, 2, N)
    y[WRONG] += rng.choice([-1, 1], 15) * rng.uniform(40, 80, 15)
    return y


@pytest.mark.parametrize("draw", ["normal", "uniform"])
def test_what_has_no_wrong_numbers_is_left_alone(draw, any_seed):
    y = getattr(np.random.default_rng(any_seed), draw)(size=N)
    target = encode_target(y)
    assert winsorized(target) is target


@pytest.mark.parametrize("draw", ["exponential", "gumbel", "logistic"])
def test_a_target_with_a_tail_keeps_it(draw, any_seed):
    y = getattr(np.random.default_rng(any_seed), draw)(size=N)
    assert np.mean(brought_in(y) < y - 1e-9) <= 0.02


@pytest.mark.parametrize("y", [[0, 1, 1], list("abca"), np.eye(3, dtype=int)[:, :2]])
def test_classes_are_left_alone(y):
    target = encode_target(y, task="classification")
    assert winsorized(target) is target


def test_only_wrong_numbers_move_and_not_past_others(y):
    moved = brought_in(y)
    assert_allclose(moved[15:], y[15:], rtol=1e-9)
    assert np.ptp(moved) < 40
    order = np.argsort(y)
    assert (np.diff(moved[order]) >= -1e-9).all()


def test_what_is_brought_in_is_standardized(y):
    weights = np.random.default_rng(1).uniform(1, 2, N)
    values = winsorized(encode_target(y, sample_weight=weights)).values[:, 0]
    assert_allclose(np.average(values, weights=weights), 0, atol=1e-12)
    assert_allclose(np.average(values**2, weights=weights), 1)


def test_how_wrong_a_number_is_makes_no_difference(y):
    worse = y.copy()
    worse[WRONG] = (y[WRONG] - 3) * 1e6 + 3
    assert_allclose(brought_in(worse), brought_in(y), rtol=1e-6, atol=1e-6)


def test_weights_count_as_copies(y):
    counts = np.random.default_rng(1).integers(1, 4, N)
    weighted = brought_in(y, sample_weight=counts)
    assert_allclose(brought_in(np.repeat(y, counts)), np.repeat(weighted, counts))


@pytest.mark.parametrize("factor", [-1.0, 0.25, -1000.0])
def test_units_and_sign_make_no_difference(y, factor):
    assert_allclose(brought_in(factor * y + 7), factor * brought_in(y) + 7, rtol=1e-9)


def test_each_column_of_a_target_has_limits_of_its_own(y):
    tame = np.random.default_rng(1).normal(size=N)
    both = np.column_stack([tame, y])
    target = winsorized(encode_target(both))
    back = target.values * target.scale + target.center
    assert_allclose(back[:, 0], tame, rtol=1e-9, atol=1e-12)
    assert_array_equal(target.scale[0], encode_target(both).scale[0])
    assert_allclose(back[:, 1], brought_in(y))


def test_a_number_that_most_rows_share_sets_no_limit():
    y = np.zeros(N)
    y[:20] = np.arange(1, 21) ** 3
    target = encode_target(y, task="regression")
    assert winsorized(target) is target


def test_the_final_network_learns_the_target_as_it_is(any_seed):
    """A large jump in few rows is no error: columns say when it comes."""
    rng = np.random.default_rng(any_seed)
    X = rng.normal(size=(1000, 10))
    y = X[:, 0] + 100 * (X[:, 1] > 1.5) + rng.normal(0, 0.1, 1000)
    target = encode_target(y)
    assert winsorized(target) is not target
    selector = BinMaskSelector(n_features_to_select=2, random_state=any_seed).fit(X, y)
    assert_array_equal(selector.get_support(indices=True), [0, 1])
    high = X[:, 1] > 1.8
    assert np.median(selector.predict(X)[high]) > 80
