"""Laws of the splits of rows among the members of a committee."""

import numpy as np
import pytest

from sklearn_binmask._path.resample import (
    SMALL_TABLE,
    committee_roles,
    fold_roles,
    order_rows,
)

every_seed = pytest.mark.parametrize("seed", [0, 1, 2])
# by content of the rows, and by their place
every_size = pytest.mark.parametrize("n_rows", [101, SMALL_TABLE + 50])


def draw(seed, n_rows=101, n_classes=3):
    """A table of distinct rows, and the class of each."""
    rng = np.random.default_rng(seed)
    strata = rng.integers(0, n_classes, n_rows)
    return rng.normal(size=(n_rows, 3)), np.eye(n_classes)[strata], strata


def halves(table, seed=0, n_members=6, fraction=None, weights=None):
    weights = np.ones(len(table[0])) if weights is None else weights
    rng = np.random.default_rng(seed)
    return committee_roles(order_rows(*table), weights, rng, n_members, fraction)


def folds(table, seed=0, n_members=4):
    weights = np.ones(len(table[0]))
    rng = np.random.default_rng(seed)
    return fold_roles(order_rows(*table), weights, rng, n_members)


def take(table, rows):
    return tuple(array[rows] for array in table)


def assert_same(roles, others):
    for name in ("trains", "judges", "evaluates"):
        np.testing.assert_array_equal(getattr(roles, name), getattr(others, name))
    np.testing.assert_allclose(roles.effective_rows, others.effective_rows)


@every_seed
@every_size
def test_partners_train_on_complementary_halves_and_judge_on_the_other(seed, n_rows):
    roles = halves(draw(seed, n_rows), seed)
    assert roles.trains.shape == (n_rows, 1, 6)
    np.testing.assert_array_equal(roles.judges, ~roles.trains)
    np.testing.assert_array_equal(roles.trains[..., 1::2], ~roles.trains[..., 0::2])
    np.testing.assert_array_equal(roles.evaluates, roles.judges)


@every_seed
@every_size
def test_halves_have_their_share_of_each_class_to_within_one_row(seed, n_rows):
    table = draw(seed, n_rows)
    roles = halves(table, seed)
    for label in range(3):
        of_class = table[2] == label
        n_train = roles.trains[of_class, 0].sum(0)
        assert np.abs(2 * n_train - of_class.sum()).max() <= 1


@every_seed
@every_size
def test_each_pair_and_each_seed_splits_anew(seed, n_rows):
    table = draw(seed, n_rows)
    trains = halves(table, seed).trains
    others = halves(table, seed + 1).trains
    split = np.concatenate([trains[:, 0, ::2], others[:, 0, ::2]], axis=1).T
    assert len(np.unique(split, axis=0)) == 6
    # independent halves share about half of their rows
    shared = (split[:, None] == split).mean(-1)[np.triu_indices(6, 1)]
    assert shared.min() > 0.25
    assert shared.max() < 0.75


@every_seed
def test_the_same_generator_gives_the_same_split(seed):
    table = draw(seed)
    assert_same(halves(table, seed, fraction=0.2), halves(table, seed, fraction=0.2))


@every_seed
@pytest.mark.parametrize("fraction", [None, 0.25])
def test_in_small_tables_the_order_of_rows_is_of_no_matter(seed, fraction):
    table = draw(seed)
    shuffled = np.random.default_rng(seed).permutation(101)
    roles = halves(table, fraction=fraction)
    others = halves(take(table, shuffled), fraction=fraction)
    np.testing.assert_array_equal(others.trains, roles.trains[shuffled])
    np.testing.assert_array_equal(others.judges, roles.judges[shuffled])
    np.testing.assert_array_equal(others.evaluates, roles.evaluates[shuffled])
    in_folds = folds(take(table, shuffled)).evaluates
    np.testing.assert_array_equal(in_folds, folds(table).evaluates[shuffled])


@every_seed
@pytest.mark.parametrize("fraction", [None, 0.25])
def test_in_small_tables_a_weight_is_a_number_of_copies(seed, fraction):
    table = draw(seed, 80)
    copies = np.random.default_rng(seed).integers(1, 4, 80)
    places = np.repeat(np.arange(80), copies)
    weighted = halves(table, fraction=fraction, weights=copies)
    copied = halves(take(table, places), fraction=fraction)
    np.testing.assert_array_equal(copied.trains, weighted.trains[places])
    np.testing.assert_array_equal(copied.judges, weighted.judges[places])
    np.testing.assert_array_equal(copied.evaluates, weighted.evaluates[places])
    np.testing.assert_allclose(copied.effective_rows, weighted.effective_rows)


def test_rounding_and_the_sign_of_zero_do_not_part_copies():
    inputs, targets, strata = draw(0, 40)
    inputs[:20, 1] = 0.0
    other = inputs * (1 + 1e-15)
    other[:20, 1] = -0.0
    table = np.vstack([inputs, other]), np.tile(targets, (2, 1)), np.tile(strata, 2)
    trains = halves(table).trains
    np.testing.assert_array_equal(trains[:40], trains[40:])


def test_rows_that_differ_in_the_target_alone_may_part():
    inputs, targets, _ = draw(0, 40)
    targets = np.vstack([targets, 1 - targets])
    table = np.vstack([inputs, inputs]), targets, np.zeros(80, dtype=int)
    trains = halves(table).trains
    assert (trains[:40] != trains[40:]).any()


@every_seed
def test_tables_of_few_distinct_rows_are_split_by_place(seed):
    cells = np.random.default_rng(seed).integers(0, 2, (100, 2)).astype(float)
    table = cells, np.zeros((100, 1)), np.zeros(100, dtype=int)
    roles = halves(table, seed)
    assert (roles.trains.sum(0) == 50).all()
    for cell in np.unique(cells, axis=0):
        in_cell = roles.trains[(cells == cell).all(1)]
        assert in_cell.any(0).all()
        assert not in_cell.all(0).any()
    assert roles.effective_rows == 100


@every_seed
@every_size
@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_validation_rows_are_apart_and_their_share_is_kept(seed, n_rows, fraction):
    table = draw(seed, n_rows)
    roles = halves(table, seed, fraction=fraction)
    apart = roles.evaluates[:, 0, 0]
    np.testing.assert_array_equal(roles.evaluates, np.tile(apart[:, None, None], 6))
    assert not (roles.trains | roles.judges)[apart].any()
    np.testing.assert_array_equal(roles.judges[~apart], ~roles.trains[~apart])
    assert abs(apart.sum() - fraction * n_rows) < 1
    assert roles.effective_rows == apart.sum()
    for label in range(3):
        of_class = table[2] == label
        assert abs(apart[of_class].sum() - fraction * of_class.sum()) <= 1
        n_train = roles.trains[of_class & ~apart, 0].sum(0)
        assert np.abs(2 * n_train - (of_class & ~apart).sum()).max() <= 1


def test_a_share_of_less_than_one_row_keeps_none_apart():
    roles = halves(draw(0, 12), fraction=0.01)
    np.testing.assert_array_equal(roles.judges, ~roles.trains)
    np.testing.assert_array_equal(roles.evaluates, roles.judges)
    assert roles.effective_rows == 12


@every_seed
@every_size
def test_folds_partition_the_rows_class_by_class(seed, n_rows):
    table = draw(seed, n_rows)
    roles = folds(table, seed)
    assert (roles.evaluates.sum(2) == 1).all()
    np.testing.assert_array_equal(roles.trains, ~roles.evaluates)
    assert not roles.judges.any()
    assert roles.effective_rows == n_rows
    for label in range(3):
        sizes = roles.evaluates[table[2] == label, 0].sum(0)
        assert np.ptp(sizes) <= 1


@every_seed
def test_effective_rows_count_what_a_weighted_mean_is_worth(seed):
    # variance of a mean of independent values of variance 1 is 1 / effective rows
    weights = np.random.default_rng(seed).uniform(0.1, 3, 101)
    roles = halves(draw(seed), weights=weights)
    shares = weights / weights.sum()
    np.testing.assert_allclose(roles.effective_rows, 1 / (shares**2).sum())


def one_row_many_times(n_rows):
    return np.ones((n_rows, 2)), np.ones((n_rows, 1)), np.zeros(n_rows, dtype=int)


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_one_distinct_row_takes_all_roles(n_rows):
    roles = halves(one_row_many_times(n_rows), fraction=0.5)
    for role in (roles.trains, roles.judges, roles.evaluates):
        assert role.all()
    np.testing.assert_allclose(roles.effective_rows, 1)
    assert folds(one_row_many_times(n_rows)).trains.all()


@every_seed
def test_two_rows_are_one_each(seed):
    roles = halves(draw(seed, 2), seed)
    assert (roles.trains.sum(0) == 1).all()
    assert (roles.judges.sum(0) == 1).all()
    in_folds = folds(draw(seed, 2), seed)
    assert (in_folds.evaluates.sum(2) == 1).all()
    # members without a fold to hold out train on both
    assert sorted(in_folds.trains.sum(0).ravel()) == [1, 1, 2, 2]
