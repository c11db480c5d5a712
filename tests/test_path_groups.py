"""Laws of splits where the user says which rows belong together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_binmask._path.folds import cross_validation_roles
from sklearn_binmask._path.resample import (
    committee_roles,
    fold_roles,
    hold_out,
    order_groups,
)
from sklearn_binmask._path.resamples import RESAMPLINGS, resample_roles

N_ROWS = 90


@st.composite
def grouped_tables(draw, fewest=2):
    """Labels of 2 to 30 groups of unequal sizes, and classes that they cut across."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n_groups = draw(st.integers(fewest, 30))
    groups = rng.permutation(np.arange(N_ROWS) ** 2 // 50 % n_groups)
    return groups, rng.integers(0, 3, N_ROWS), rng


def order_of(groups, strata):
    return order_groups(groups, strata, np.ones(len(groups)))


def assert_whole(groups, sides):
    """Rows of one group have the same side, in each of (n_rows, ...) columns."""
    for group in np.unique(groups):
        mine = sides[groups == group]
        assert (mine == mine[0]).all()


@given(grouped_tables(), st.sampled_from([None, 0.5]))
def test_a_committee_parts_no_group(table, fraction):
    groups, strata, rng = table
    order, weights = order_of(groups, strata), np.ones(N_ROWS)
    roles = committee_roles(order, weights, rng, 6, fraction)
    if len(np.unique(groups[~roles.evaluates.all(axis=(1, 2))])) > 1:
        for side in (roles.trains, roles.judges, roles.evaluates):
            assert_whole(groups, side)
        assert not (roles.trains & roles.judges).any()
    assert_whole(groups, roles.clusters)
    assert len(np.unique(roles.clusters)) == len(np.unique(groups))


@given(grouped_tables())
def test_folds_of_the_final_network_part_no_group(table):
    groups, strata, rng = table
    roles = fold_roles(order_of(groups, strata), np.ones(N_ROWS), rng, 4)
    assert_whole(groups, roles.trains)
    assert roles.trains.any(axis=0).all()
    assert not (roles.trains & roles.evaluates).any()


@given(grouped_tables(fewest=4))
def test_inside_of_a_fold_no_group_is_parted(table):
    groups, strata, rng = table
    tested = groups % 2 == 0
    splits = [(np.flatnonzero(~tested), np.flatnonzero(tested))]
    order = order_of(groups, strata)
    roles = cross_validation_roles(order, np.ones(N_ROWS), rng, 4, splits)
    for side in (roles.trains, roles.judges, roles.evaluates):
        assert_whole(groups, side)
    assert not (roles.trains & roles.judges).any()


@pytest.mark.parametrize("resampling", RESAMPLINGS)
@given(table=grouped_tables(fewest=12))
def test_inside_of_a_resample_no_group_is_parted(resampling, table):
    groups, strata, rng = table
    order = order_of(groups, strata)
    counts = RESAMPLINGS[resampling](order, rng, 4)
    roles = resample_roles(order, np.ones(N_ROWS), rng, counts, 3)
    assert_whole(groups, counts)
    assert_whole(groups, roles.trains)
    assert not ((roles.trains > 0) & (roles.judges > 0)).any()


@given(grouped_tables())
def test_a_group_left_alone_falls_apart(table):
    """Else its networks would judge gates on the rows that they have trained on."""
    groups, strata, rng = table
    largest = np.bincount(groups).argmax()
    alone, rest = np.flatnonzero(groups == largest), np.flatnonzero(groups != largest)
    order = order_of(groups, strata)
    roles = cross_validation_roles(order, np.ones(N_ROWS), rng, 2, [(alone, rest)])
    assert not (roles.trains & roles.judges).any()
    assert abs(np.diff(roles.trains.sum(axis=0)[0])[0]) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_halves_have_their_share_of_the_groups_of_each_class(seed):
    """Where groups are of one class each, as mice of one genotype are."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(30), 3))
    strata = groups % 3
    roles = committee_roles(order_of(groups, strata), np.ones(N_ROWS), rng, 6, None)
    for member in range(6):
        for label in range(3):
            mine = groups[roles.trains[:, 0, member] & (strata == label)]
            assert len(np.unique(mine)) == 5


def test_a_group_counts_to_the_class_that_most_of_its_weight_has():
    groups, strata = np.array([0, 0, 0, 1, 1]), np.array([2, 2, 1, 0, 1])
    plain = order_groups(groups, strata, np.ones(5))
    np.testing.assert_array_equal(plain.strata, [2, 2, 2, 0, 0])
    weighted = order_groups(groups, strata, np.array([1, 1, 3, 1, 2]))
    np.testing.assert_array_equal(weighted.strata, 1)


@given(grouped_tables(), st.integers(0, 100))
def test_neither_order_of_rows_nor_size_of_groups_decides(table, seed):
    groups, strata, rng = table
    order = rng.permutation(N_ROWS)
    strata = groups % 3
    rows = np.concatenate([order, order[groups[order] == groups[0]]])  # one group twice
    one, other = (
        hold_out(order_of(groups[r], strata[r]), np.random.default_rng(seed), 0.3)
        for r in (np.arange(N_ROWS), rows)
    )
    np.testing.assert_array_equal(one[rows], other)


def test_a_share_of_the_groups_is_held_out():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), [1] * 19 + [200])
    apart = hold_out(order_of(groups, 0 * groups), rng, 0.3)
    assert len(np.unique(groups[apart])) == 6
