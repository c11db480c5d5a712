"""Laws of the choice among the points of a path, and of the order of leaving."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_binmask._engine.problem import PathSolution, StopReason
from sklearn_binmask._path.choose import (
    choose_auto,
    choose_price,
    exact_support,
    leaving,
)


def make_path(losses, *, se=0.1, gain=10.0, gain_se=1.0, supports=None, **fields):
    """A path of one run with given losses; one gate closes at each point."""
    losses = np.asarray(losses, dtype=float)[:, None]
    n_points = len(losses)
    if supports is None:
        supports = np.tri(n_points, n_points - 1, -1, dtype=bool)[::-1]
    supports = np.asarray(supports, dtype=bool)
    values = {
        "penalty": np.append(np.arange(1.0, n_points), np.inf)[:, None],
        "worth": np.where(supports, 1.0, np.nan)[:, None],
        "validation_se": np.full_like(losses, np.nan),  # the rule does not look at it
        "excess_se": np.full_like(losses, se),
        "gain": np.full_like(losses, gain),
        "gain_se": np.full_like(losses, gain_se),
        **fields,
    }
    return PathSolution(
        n_open=supports.sum(axis=1),
        train_loss=losses,
        validation_loss=losses,
        open_gates=supports[:, None],
        n_steps=1,
        stop_reason=StopReason.PATH_COMPLETE,
        **values,
    )


def chosen_size(path, least=1, n_columns=None):
    """Number of gates, or of columns, of the point that "auto" takes."""
    sizes = path.n_open if n_columns is None else np.asarray(n_columns)
    return sizes[choose_auto(path, sizes, least)]


# --- exactly so many columns --------------------------------------------------------


@st.composite
def groups_and_number(draw):
    """Sizes of gates, the best first, and a number of columns."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=7))
    order = draw(st.permutations(range(len(sizes))))
    return np.array(order), np.array(sizes), draw(st.integers(0, sum(sizes) + 2))


@given(groups_and_number())
def test_exact_support_is_the_first_of_all_choices_of_that_size(case):
    best_first, sizes, wanted = case
    n = len(sizes)
    every = [list(c) for r in range(n + 1) for c in combinations(range(n), r)]
    fit = [c for c in every if sizes[best_first[c]].sum() == wanted]
    taken = exact_support(best_first, sizes, wanted)
    if not fit:
        assert taken is None
        return
    # the best gate that can be had comes first, then the second best...
    best = max(fit, key=lambda c: [place in c for place in range(n)])
    np.testing.assert_array_equal(np.flatnonzero(taken), np.sort(best_first[best]))


@given(groups_and_number(), st.data())
def test_exact_support_leaves_out_what_may_not_be_taken(case, data):
    best_first, sizes, wanted = case
    n_allowed = data.draw(st.integers(0, len(sizes)))
    taken = exact_support(best_first[:n_allowed], sizes, wanted)
    if taken is not None:
        assert not taken[best_first[n_allowed:]].any()
        assert sizes[taken].sum() == wanted


# --- auto ---------------------------------------------------------------------------


def test_auto_takes_the_smallest_within_one_standard_error():
    losses = [0.30, 0.25, 0.20, 0.29, 0.31, 0.9]  # of 5, 4, 3, 2, 1, 0 gates
    assert chosen_size(make_path(losses)) == 2
    assert chosen_size(make_path(losses, se=0.2)) == 1
    assert chosen_size(make_path(losses, se=0.01)) == 3


def test_auto_allows_each_point_the_error_of_its_own_difference_to_the_best():
    losses = [0.30, 0.25, 0.20, 0.24, 0.31, 0.9]
    for size, error in {2: 0.041, 1: 0.111, 0: 0.71}.items():
        se = np.full((6, 1), 0.001)
        se[5 - size] = error
        assert chosen_size(make_path(losses, excess_se=se), least=0) == size
        assert chosen_size(make_path(losses, excess_se=se * 0.9), least=0) == 3


def test_auto_takes_the_best_of_the_points_of_one_size():
    supports = [[1, 1, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1], [0, 0, 0]]
    path = make_path([0.2, 0.25, 0.22, 0.28, 0.9], supports=supports)
    assert choose_auto(path, path.n_open, 1) == 2


@pytest.mark.parametrize(
    ("gain", "gain_se", "size"),
    [(1.9, 1.0, 1), (2.1, 1.0, 3), (0.0, 0.0, 1), (0.1, 0.0, 3), (-1.0, 0.1, 1)],
)
def test_auto_wants_proof_that_something_predicts(gain, gain_se, size):
    """Less than two standard errors above the constant: the smallest allowed."""
    losses = [0.30, 0.25, 0.20, 0.35, 0.40, 0.9]
    assert chosen_size(make_path(losses, gain=gain, gain_se=gain_se)) == size


@pytest.mark.parametrize("least", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("gain", [10.0, 0.0])
def test_auto_never_takes_fewer_than_allowed(least, gain):
    """Also where the best point is too small, or has no column at all."""
    for losses in ([0.3, 0.25, 0.2, 0.2, 0.2, 0.2], [0.9, 0.8, 0.7, 0.6, 0.5, 0.1]):
        assert chosen_size(make_path(losses, gain=gain), least) == least


def test_auto_counts_columns_not_gates():
    columns = [9, 8, 4, 3, 0]  # five points, of 4 to 0 gates
    path = make_path([0.3, 0.2, 0.25, 0.28, 0.9])
    assert chosen_size(path, 1, columns) == 3
    assert chosen_size(path, 4, columns) == 4


# --- a price ------------------------------------------------------------------------

PENALTY = np.array([0.1, 0.2, 0.2, 0.5, np.inf])
SIZES = np.array([4, 3, 2, 1, 0])


@pytest.mark.parametrize(
    ("price", "size"),
    [(0.0, 4), (0.05, 4), (0.1, 3), (0.15, 3), (0.2, 1), (0.3, 1), (0.5, 0), (9, 0)],
)
def test_a_price_keeps_the_first_support_worth_more(price, size):
    assert SIZES[choose_price(PENALTY, price, SIZES, 0)] == size


@pytest.mark.parametrize("least", [0, 1, 2, 3, 4])
def test_no_price_goes_below_the_least_number(least):
    sizes = [SIZES[choose_price(PENALTY, p, SIZES, least)] for p in (0.0, 0.3, 1e9)]
    assert sizes == [4, max(1, least), least]


# --- the order of leaving -----------------------------------------------------------


def test_gates_are_ordered_by_when_they_left_for_good():
    supports = [
        [1, 1, 1, 1, 1],
        [1, 0, 1, 1, 1],  # gate 1 leaves, and comes back
        [1, 1, 1, 0, 0],
        [1, 1, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]
    worth = np.full((6, 1, 5), np.nan)
    worth[1, 0, 3:] = [0.1, 0.4]  # at their last point 4 was worth more than 3
    worth[2:5, 0, :3] = 0.5
    order = leaving(make_path(np.zeros(6), supports=supports, worth=worth))
    assert order.best_first.tolist() == [1, 0, 2, 4, 3]
    assert order.scores.tolist() == [4.0, 5.0, 3.0, 2.0, 2.0]


@pytest.mark.parametrize(("last", "score"), [(0.4, 3.0), (7.5, 7.5)])
def test_gates_that_never_close_come_first_and_never_open_last(last, score):
    """What stays is worth what it is in the end, and no less than what has left."""
    supports = [[0, 1, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]]
    worth = np.full((4, 1, 4), 0.1)
    worth[-1, 0, 3] = last
    order = leaving(make_path(np.zeros(4), supports=supports, worth=worth))
    assert order.best_first.tolist() == [3, 1, 2, 0]
    assert order.scores.tolist() == [-np.inf, 2.0, 1.0, score]


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 6))
def test_a_larger_score_never_comes_later(seed, n_gates, n_points):
    rng = np.random.default_rng(seed)
    supports = rng.random((n_points + 1, n_gates)) < 0.6
    worth = rng.normal(size=(n_points + 1, 1, n_gates))
    order = leaving(make_path(np.zeros(n_points + 1), supports=supports, worth=worth))
    assert sorted(order.best_first) == list(range(n_gates))
    scores = order.scores[order.best_first]
    np.testing.assert_array_equal(scores, np.sort(scores)[::-1])


def test_auto_does_not_count_a_trifle_however_sure():
    losses = [0.2, 0.2005, 0.2009, 0.2011, 0.3]
    path = make_path(losses, se=1e-9, gain=1.0, gain_se=0.1)
    assert chosen_size(path) == 2
