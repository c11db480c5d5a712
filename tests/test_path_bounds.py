"""Bounds on selection probabilities: against distributions and against simulations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_binmask._path.bounds import chance_by_threshold, largest_tails

SLACK = 1e-9


@st.composite
def r_concave(draw):
    """Draw r, and a distribution whose probabilities to the power r are convex."""
    r = draw(st.sampled_from([-1 / 2, -1 / 4, -1.0]))
    n = draw(st.integers(2, 30))
    start = draw(st.floats(0.01, 5.0))
    rises = draw(st.lists(st.floats(0.0, 3.0), min_size=n, max_size=n))
    slopes = np.cumsum(rises) + draw(st.floats(0.0, 3.0))
    convex = start + np.concatenate([[0.0], np.cumsum(slopes)])
    weights = convex ** (1 / r)
    weights[draw(st.integers(1, n)) + 1 :] = 0.0  # convex if taken for infinite there
    return r, weights / weights.sum()


@settings(max_examples=150, deadline=None)
@given(r_concave())
def test_no_r_concave_distribution_has_a_larger_tail(drawn):
    r, shares = drawn
    n = len(shares) - 1
    mean = float(shares @ np.arange(n + 1)) / n
    tails = shares[::-1].cumsum()[::-1]
    assert (tails <= largest_tails(mean, n, r) + 1e-4).all()


@pytest.mark.parametrize("n", [5, 25, 50])
@pytest.mark.parametrize("mean", [0.001, 0.02, 0.2, 0.45])
def test_it_is_tighter_than_markov_and_looser_for_heavier_tails(mean, n):
    light, heavy = largest_tails(mean, n, -1 / 4), largest_tails(mean, n, -1 / 2)
    t = np.arange(1, n + 1)
    beyond = t > 2 * mean * n + 1
    assert (heavy[1:][beyond] <= np.minimum(1, mean * n / t[beyond]) + SLACK).all()
    assert (light <= heavy + 1e-6).all()
    assert (np.diff(light) <= SLACK).all() and (np.diff(heavy) <= SLACK).all()
    assert heavy[0] == 1 and (heavy >= 0).all()


def test_it_grows_with_the_mean_and_vanishes_with_it():
    tails = np.array([largest_tails(m, 25, -1 / 2) for m in (0.0, 0.001, 0.01, 0.1)])
    assert (np.diff(tails, axis=0) >= -1e-6).all()
    assert (tails[0, 1:] == 0).all() and tails[0, 0] == 1
    assert (largest_tails(0.6, 25, -1 / 2) == 1).all()


def shares_by_luck(rng, cut, n_columns, n_pairs):
    """Selection probabilities of columns that do not matter, selected where |z| > cut.

    The statistic of a half is normal, and that of the two halves of a pair adds up to
    that of the whole table, which is the same for all pairs: luck that comes back.
    """
    whole = rng.normal(size=(n_columns, 1)) / np.sqrt(2)
    apart = rng.normal(size=(n_columns, n_pairs)) / np.sqrt(2)
    halves = np.concatenate([whole + apart, whole - apart], axis=1)
    return (np.abs(halves) > cut).mean(axis=1)


@pytest.mark.parametrize("cut", [1.5, 2.0, 2.5])
@pytest.mark.parametrize("in_pairs", [True, False])
def test_luck_that_is_in_the_table_stays_under_the_bound(cut, in_pairs):
    shares = shares_by_luck(np.random.default_rng(0), cut, 200_000, 25)
    bounds = chance_by_threshold(float(shares.mean()), 50, in_pairs=in_pairs)
    seen = (shares[:, None] >= np.arange(51) / 50 - SLACK).mean(axis=0)
    error = 4 * np.sqrt(seen / len(shares))
    # only thresholds over a half are ever chosen
    assert (seen <= bounds + error)[26:].all()
    # such luck is far likelier than luck that is drawn anew for each resample
    assert seen[26] > 10 * shares.mean() ** 13


def test_pairs_tell_more_than_single_resamples():
    paired, single = (
        chance_by_threshold(0.05, 50, in_pairs=in_pairs) for in_pairs in (True, False)
    )
    assert (paired <= single).all() and (paired[26:] < single[26:]).any()
    assert (np.diff(paired) <= 0).all()
