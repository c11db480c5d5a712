"""Laws of the trials of other supports that "auto" makes after its path."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import sum_of_products, waves
from test_path_choose import make_path

from sklearn_binmask import BinMaskSelector, BinMaskSelectorCV
from sklearn_binmask._engine.problem import (
    Comparison,
    Problem,
    SolverConfig,
    StopReason,
)
from sklearn_binmask._engine.side_by_side import compare_supports
from sklearn_binmask._estimator.trial import Trial
from sklearn_binmask._path.choose import choose_auto
from sklearn_binmask._path.resample import committee_roles, order_rows
from sklearn_binmask._path.trial import (
    choose_trained,
    is_as_good,
    point_below,
    points_to_try,
    roles_of_trial,
    worth_of_stages,
)

# --- which supports are tried -------------------------------------------------------

LOSSES = [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 9.0]  # of 6, 5, ... 0 open gates


def path_where(worth_when_closing, **fields):
    """A path, and what gates 0, 1, ... were worth when they closed, the last first."""
    path = make_path(LOSSES, **fields)
    worth = path.worth.copy()
    for gate, value in worth_when_closing.items():
        last = np.flatnonzero(path.open_gates[:, 0, gate])[-1]
        worth[last, 0, gate] = value
    return replace(path, worth=worth)


def test_only_the_next_larger_supports_are_tried():
    path = path_where({})
    point = choose_auto(path, path.n_open, 1)
    tried = points_to_try(path, point)
    sizes = path.n_open[tried]
    assert tried[0] == point and len(tried) > 2
    np.testing.assert_array_equal(sizes, sizes[0] + np.arange(len(tried)))


def test_none_is_tried_where_all_closed_gates_were_worthless():
    point = 4  # two gates are open, the gates 2, 3 and 4 closed last
    worthless = {gate: -1e-9 for gate in range(6)}
    assert points_to_try(path_where(worthless), point) == [point]
    # which gates are open, or closed long before, says nothing
    worthless |= {0: 1.0, 1: 1.0, 5: 1.0}
    assert points_to_try(path_where(worthless), point) == [point]
    for gate in (2, 3, 4):
        assert len(points_to_try(path_where(worthless | {gate: 1e-9}), point)) > 1


def test_none_is_tried_where_nothing_was_proven_or_nothing_is_larger():
    assert points_to_try(path_where({}, gain=1.0, gain_se=0.6), 4) == [4]
    assert points_to_try(path_where({}), 0) == [0]


def test_a_path_that_a_callback_has_ended_is_left_as_it_is():
    ended = replace(path_where({}), stop_reason=StopReason.CALLBACK)
    assert len(points_to_try(ended, 4)) > 1
    assert Trial(None, ended, 1)(4) == 4


@given(
    st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=8), st.data(), st.floats(0, 99)
)
def test_down_to_the_first_stage_that_closed_something_of_worth(worth, data, gain):
    worth = np.append(worth, np.inf)
    point = data.draw(st.integers(0, len(worth) - 1))
    booleans = st.lists(st.booleans(), min_size=len(worth), max_size=len(worth))
    allowed = np.array(data.draw(booleans))
    allowed[point] = True
    below = point_below(worth, gain, point, allowed)
    assert allowed[below] and (worth[point:below] <= 1e-3 * gain).all()
    for further in np.flatnonzero(allowed[below + 1 :]) + below + 1:
        assert (worth[point:further] > 1e-3 * gain).any()


def test_a_stage_is_worth_what_closed_in_it():
    path = path_where({5: 0.25, 4: -0.5})
    worth = worth_of_stages(path)[:, 0]
    np.testing.assert_array_equal(worth, [0.25, -0.5, 1.0, 1.0, 1.0, 1.0, np.inf])


# --- which one is taken -------------------------------------------------------------

losses = st.lists(st.floats(0.01, 1.0), min_size=2, max_size=4)


def compared_so(values, error, gain):
    """Make up a comparison; rows have no say in it."""
    values = np.asarray(values)
    errors = np.full(len(values), error)
    return Comparison(values, errors, gain, 1, np.empty((len(values), 1, 0)))


@given(losses, st.floats(0.0, 0.3))
def test_a_smaller_support_is_taken_up_to_one_standard_error(values, error):
    as_good = is_as_good(compared_so(values, error, 2.0))
    assert as_good == (values[0] - min(values) <= max(error, 2e-3))


@given(losses, st.floats(0.0, 0.3))
def test_the_smallest_stays_unless_another_is_clearly_better(values, error):
    values, gain = np.array(values), 2.0
    comparison = compared_so(values, error, gain)
    chosen, best = choose_trained(comparison), values.min()
    lead = values[0] - best
    is_clear = lead > 2 * error and lead > 0.1 * best and lead > 1e-3 * gain
    assert (chosen > 0) == is_clear
    assert values[chosen] - best <= max(2 * error, 0.1 * best, 1e-3 * gain)


@given(losses)
def test_of_equally_good_ones_the_smallest_is_taken(values):
    values = np.append(values, min(values))
    comparison = compared_so(values, 0.0, 2.0)
    margin = max(0.1 * values.min(), 2e-3)
    assert choose_trained(comparison) == np.argmax(values <= values.min() + margin)


# --- networks side by side ----------------------------------------------------------


def compared(X, y, supports, seed=0):
    """Compare supports on rows of which three in ten are held out."""
    rng = np.random.default_rng(seed)
    y = (y - y.mean()) / y.std()
    order = order_rows(X, y[:, None], np.zeros(len(X), dtype=int))
    roles = committee_roles(order, np.ones(len(X)), rng, 4, 0.3)
    roles = roles_of_trial(roles, len(supports), 4)
    n_gates = X.shape[1]
    problem = Problem(
        X.astype(np.float32),
        y[:, None],
        np.ones(len(X)),
        np.arange(n_gates),
        n_gates,
        np.zeros(n_gates, dtype=bool),
        "squared_error",
        roles,
    )
    config = SolverConfig((16,), alpha=0.01, seed=seed)
    return compare_supports(problem, config, np.array(supports, dtype=bool)[:, None])


def support_of(columns, n_columns=6):
    return np.isin(np.arange(n_columns), columns)


def table(seed, n_rows=600):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 6))
    return X, np.sin(X[:, 0]) + 0.5 * X[:, 1] * X[:, 2]


def compared_once(*given):
    """Compare supports at the first look alone."""
    with mock.patch("sklearn_binmask._engine.side_by_side._MORE_STEPS", 0):
        return compared(*given)


def test_what_is_behind_a_closed_gate_is_of_no_matter(any_seed):
    X, y = table(any_seed)
    supports = [support_of([0, 1]), support_of([0, 1, 2])]
    other = np.random.default_rng(any_seed + 1).normal(size=len(X))
    changed = np.column_stack([X[:, :2], other, X[:, 3:]])
    for table_ in (X, changed):
        table_[:, 2] *= 2  # so that its weights are drawn last, whatever it holds
    before, after = compared_once(X, y, supports), compared_once(changed, y, supports)
    assert before.losses[0] == pytest.approx(after.losses[0], rel=1e-4)
    assert before.losses[1] < 0.7 * after.losses[1]


def test_a_support_that_lacks_a_column_is_worse_and_one_of_noise_no_better(any_seed):
    X, y = table(any_seed)
    supports = [support_of(c) for c in ([0, 1], [0, 1, 2], [0, 1, 2, 3])]
    comparison = compared(X, y, supports, any_seed)
    lacks, right, more = comparison.losses
    assert lacks > 3 * right
    assert more > 0.8 * right
    assert choose_trained(comparison) == 1
    assert comparison.excess_se.min() == 0 and comparison.excess_se[0] > 0


def test_it_ends_where_the_smallest_support_is_best_at_first(any_seed):
    X, y = table(any_seed)
    right = [support_of(c) for c in ([0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5])]
    for supports in (right, [support_of([0]), *right]):
        first, last = compared_once(X, y, supports), compared(X, y, supports)
        ends = first.losses.argmin() == 0
        assert ends == (last.n_steps == first.n_steps)
    assert not ends


# --- what comes of it ---------------------------------------------------------------


def fit_with(n_tried, X, y, **given):
    with mock.patch("sklearn_binmask._path.trial._TRIED", n_tried):
        return BinMaskSelector(random_state=0, **given).fit(X, y)


def test_a_larger_support_is_found_that_predicts_better():
    """For this table the path alone stops too early; new rows tell."""
    X, _, y = waves(0, 4000, 12)
    tried, path_alone = (fit_with(n, X[:1000], y[:1000]) for n in (3, 0))
    assert tried.n_features_ > path_alone.n_features_
    assert (tried.support_ >= path_alone.support_).all()
    mean_squares = [
        np.mean((one.predict(X[1000:]) - y[1000:]) ** 2) for one in (tried, path_alone)
    ]
    assert mean_squares[0] < 0.9 * mean_squares[1]


def test_the_path_and_its_scores_are_those_without_a_trial():
    X, _, y = waves(0, 1000, 12)
    tried, path_alone = (fit_with(n, X, y, refit=False) for n in (3, 0))
    np.testing.assert_array_equal(tried.path_, path_alone.path_)
    np.testing.assert_array_equal(tried.scores_, path_alone.scores_)
    assert tried.n_iter_ > path_alone.n_iter_


def test_the_selection_is_the_same_without_a_final_network():
    X, _, y = waves(0, 1000, 12)
    with_network, without = (fit_with(3, X, y, refit=r) for r in (True, False))
    np.testing.assert_array_equal(with_network.support_, without.support_)


@pytest.mark.parametrize("given", [{"n_features_to_select": 3}, {"l0_penalty": 0.01}])
def test_a_number_or_a_price_is_not_reconsidered(given):
    X, _, y = waves(0, 1000, 12)
    with mock.patch("sklearn_binmask._path.trial._TRIED", -1):
        expected = BinMaskSelector(random_state=0, refit=False, **given).fit(X, y)
    fitted = BinMaskSelector(random_state=0, refit=False, **given).fit(X, y)
    assert fitted.n_iter_ == expected.n_iter_
    np.testing.assert_array_equal(fitted.support_, expected.support_)


@pytest.mark.parametrize("Selector", [BinMaskSelector, BinMaskSelectorCV])
def test_worthless_columns_beside_a_product_of_three_are_left_out(Selector, any_seed):
    """On the path alone, losses grow as these close, by more than luck."""
    X, true, y = sum_of_products(any_seed, 1500, 30)
    fitted = Selector(random_state=any_seed).fit(X, y)
    assert 6 <= fitted.n_features_ <= 8
    if Selector is BinMaskSelector:
        assert fitted.support_[true].all()


def test_no_fewer_columns_are_tried_than_allowed():
    X, _, y = sum_of_products(0, 1500, 30)
    for least in (12, 20):
        fitted = BinMaskSelector(
            min_features_to_select=least, random_state=0, refit=False
        ).fit(X, y)
        assert fitted.n_features_ >= least
