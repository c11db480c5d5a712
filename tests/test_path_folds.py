"""Laws of the choice by folds, on tables made by hand, and of the roles of folds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_binmask._path.choose import RULES, choose_size
from sklearn_binmask._path.folds import (
    batches_of_folds,
    cross_validation_roles,
    members_of_a_fold,
)
from sklearn_binmask._path.resample import order_rows

ALL = np.ones(4, dtype=bool)


def table(means, luck=0.0, n_judges=20, shared=0.0):
    """Values of sizes: means, luck of judges with sizes, and luck that sizes share."""
    rng = np.random.default_rng(0)
    lucks = rng.normal(size=(len(means), n_judges))
    lucks = (lucks - lucks.mean(axis=1, keepdims=True)) * luck
    return np.array(means)[:, None] + lucks + shared * rng.normal(size=n_judges)


def choose(values, rule="one_standard_error", allowed=ALL, weights=None):
    weights = np.ones(values.shape[1]) if weights is None else weights
    return choose_size(values, weights, allowed, rule)


@pytest.mark.parametrize("rule", RULES)
def test_of_sizes_that_are_equally_good_the_smallest(rule):
    assert choose(table([0.0, 1.0, 1.0, 1.0]), rule) == 1


@pytest.mark.parametrize("rule", RULES)
def test_a_size_that_is_surely_better_is_taken(rule):
    assert choose(table([0.0, 0.8, 1.0, 0.9], luck=0.01), rule) == 2


def test_what_luck_explains_does_not_count_for_one_rule_and_does_for_the_other():
    values = table([0.0, 0.95, 1.0, 0.9], luck=1.0)
    assert choose(values, "best") == 2
    assert choose(values, "one_standard_error") == 1


def test_luck_that_all_sizes_share_is_no_luck():
    values = table([0.0, 0.95, 1.0, 0.9], luck=0.01)
    shared = table([0.0, 0.95, 1.0, 0.9], luck=0.01, shared=100.0)
    assert choose(values) == choose(shared) == 2


def test_nothing_is_found_where_the_best_may_be_luck():
    values = table([0.0, 0.01, 0.02, 0.1], luck=1.0)
    assert choose(values, allowed=np.array([False, True, True, True])) == 1
    assert choose(values, "best", allowed=np.array([False, True, True, True])) == 3


def test_a_trifle_is_not_worth_a_column_however_sure():
    assert choose(table([0.0, 0.9995, 1.0, 1.0])) == 1
    assert choose(table([0.0, 0.998, 1.0, 1.0])) == 2


@pytest.mark.parametrize("rule", RULES)
def test_only_sizes_that_are_allowed(rule):
    allowed = np.array([False, False, False, True])
    assert choose(table([0.0, 1.0, 0.9, 0.8]), rule, allowed) == 3


@pytest.mark.parametrize("rule", RULES)
def test_a_size_without_a_score_is_not_taken(rule):
    values = table([0.0, 0.5, 1.0, 0.9], luck=0.01)
    values[2, 3] = np.nan
    assert choose(values, rule) == 3
    values[0] = np.nan  # and one need not know what nothing is worth
    assert choose(values, rule) == 3


@pytest.mark.parametrize("rule", RULES)
def test_weights_are_as_good_as_judges_of_no_weight_left_out(rule):
    values = table([0.0, 0.95, 1.0, 0.9], luck=0.4)
    weights = np.arange(20) % 2 * 1.0
    assert choose(values, rule, weights=weights) == choose(values[:, 1::2], rule)


@pytest.mark.parametrize("rule", RULES)
def test_a_single_judge_is_taken_at_its_word(rule):
    assert choose(np.array([[0.0], [0.8], [1.0], [0.9]]), rule) == 2


# --- roles --------------------------------------------------------------------------


def draw(n_rows=60):
    rng = np.random.default_rng(0)
    X, strata = rng.normal(size=(n_rows, 3)), rng.integers(0, 2, n_rows)
    return order_rows(X, strata[:, None], strata), np.ones(n_rows)


def test_each_fold_trains_on_its_rows_and_is_tested_on_the_others():
    order, weights = draw()
    parts = np.arange(60) % 3
    splits = [
        (np.flatnonzero(parts != k), np.flatnonzero(parts == k)) for k in range(3)
    ]
    roles = cross_validation_roles(order, weights, np.random.default_rng(0), 4, splits)
    for run, (train, test) in enumerate(splits):
        assert not (roles.trains | roles.judges | roles.stretches)[test, run].any()
        assert roles.evaluates[test, run].all()
        assert not roles.evaluates[train, run].any()
        # each row trains one member of a pair, and is judged by the other
        assert_array_equal(roles.trains[train, run], ~roles.judges[train, run])
        assert_array_equal(roles.trains[train, run].sum(axis=1), 2)
        assert_array_equal(roles.stretches[train, run], roles.judges[train, run])
    assert_allclose(roles.effective_rows, 20)


@pytest.mark.parametrize("n_splits", [1, 5, 32, 33, 500])
@pytest.mark.parametrize("n_weights", [10, 10**5, 10**9])
def test_batches_hold_all_folds_in_order_and_memory_is_bounded(n_splits, n_weights):
    splits = [(np.array([k]), np.array([k])) for k in range(n_splits)]
    batches = batches_of_folds(splits, 8, 1000, n_weights)
    assert [split for batch in batches for split in batch] == splits
    largest = max(map(len, batches))
    assert largest == 1 or largest * 8 * n_weights <= 2**25
    if n_splits <= 32 and n_weights == 10:
        assert len(batches) == 1


@pytest.mark.parametrize("n_members", [2, 3, 8, 16, 64])
def test_members_of_a_fold_come_in_pairs_and_are_no_more_than_there_are(n_members):
    n = members_of_a_fold(n_members)
    assert n % 2 == 0 and 2 <= n <= n_members
