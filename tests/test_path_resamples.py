"""Laws of resamples, and of what members of their committees do with the rows."""

import numpy as np
import pytest

from sklearn_binmask._path.resample import RowOrder, order_rows
from sklearn_binmask._path.resamples import RESAMPLINGS, resample_roles

every_seed = pytest.mark.parametrize("seed", range(3))
every_resampling = pytest.mark.parametrize("resampling", RESAMPLINGS)


def order_of(seed, n_rows=120, n_classes=3):
    rng = np.random.default_rng(seed)
    strata = rng.integers(0, n_classes, n_rows)
    X = rng.normal(size=(n_rows, 3))
    return order_rows(X, np.eye(n_classes)[strata], strata)


def draw(resampling, order, seed, n_resamples=6):
    return RESAMPLINGS[resampling](order, np.random.default_rng(seed), n_resamples)


def roles_of(order, counts, seed=0, n_members=3):
    weights = np.ones(len(counts))
    rng = np.random.default_rng(seed)
    return resample_roles(order, weights, rng, counts, n_members)


@every_seed
def test_halves_of_a_pair_share_no_row_and_leave_out_none(seed):
    counts = draw("halves", order_of(seed), seed)
    np.testing.assert_array_equal(counts[:, 0::2] + counts[:, 1::2], 1)
    assert len(np.unique(counts, axis=1).T) == counts.shape[1]


@every_seed
def test_each_half_has_its_share_of_each_class(seed):
    order = order_of(seed, 121)
    counts = draw("halves", order, seed)
    for stratum in np.unique(order.strata):
        n_in = counts[order.strata == stratum].sum(axis=0)
        assert np.abs(2 * n_in - (order.strata == stratum).sum()).max() <= 2


@every_seed
def test_a_bootstrap_draws_as_many_rows_as_there_are(seed):
    counts = draw("bootstrap", order_of(seed, 400), seed, 30)
    np.testing.assert_array_equal(counts.sum(axis=0), 400)
    # a row is left out with the chance 1 / e
    np.testing.assert_allclose((counts == 0).mean(), np.exp(-1), atol=0.02)


@every_seed
@every_resampling
def test_rows_that_belong_together_stay_together(seed, resampling):
    groups = np.random.default_rng(seed).integers(0, 15, 120)
    order = RowOrder(groups.astype(np.uint64), np.zeros(120, dtype=np.intp))
    counts = draw(resampling, order, seed)
    roles = roles_of(order, counts)
    for group in np.unique(groups):
        rows = groups == group
        for array in (counts, roles.trains, roles.judges):
            assert (array[rows] == array[rows][0]).all()


@every_seed
@every_resampling
def test_members_use_the_rows_of_their_resample_and_are_scored_on_the_others(
    seed, resampling
):
    order = order_of(seed)
    counts = draw(resampling, order, seed)
    roles = roles_of(order, counts, seed)
    np.testing.assert_array_equal(
        roles.trains + roles.judges, np.repeat(counts[:, :, None], 3, axis=2)
    )
    assert not (roles.trains * roles.judges).any()
    # each row of the resample judges for one of three members
    np.testing.assert_array_equal((roles.judges > 0).sum(axis=2), counts > 0)
    np.testing.assert_array_equal(roles.evaluates.any(axis=2), counts == 0)


@every_resampling
def test_the_order_of_the_rows_of_a_small_table_is_of_no_matter(resampling):
    rng = np.random.default_rng(0)
    X, strata = rng.normal(size=(90, 3)), rng.integers(0, 2, 90)
    there = rng.permutation(90)
    one, other = (
        draw(resampling, order_rows(X[rows], np.eye(2)[strata[rows]], strata[rows]), 5)
        for rows in (np.arange(90), there)
    )
    np.testing.assert_array_equal(one[there], other)


def test_a_resample_with_all_rows_is_scored_on_them():
    order = order_of(0, 20)
    roles = roles_of(order, np.ones((20, 2), dtype=np.uint8))
    assert roles.evaluates.all()


def test_few_rows_both_train_and_judge():
    order = order_of(0, 2, 1)
    counts = np.array([[1, 0], [0, 1]], dtype=np.uint8)
    roles = roles_of(order, counts)
    assert (roles.trains.sum(axis=0) == 1).all()
    assert (roles.judges.sum(axis=0) >= 0).all()
