"""Laws of batches in which groups of networks have rows of their own."""

import numpy as np
import pytest
import torch

from sklearn_binmask._engine.batches import MovingRows
from sklearn_binmask._engine.groups import find_groups
from sklearn_binmask._engine.problem import Problem
from sklearn_binmask._engine.wide import with_members
from sklearn_binmask._path.resample import committee_roles, order_rows

# rows at which no members, some of them or all share a split
every_length = pytest.mark.parametrize("n_rows", [1_000, 13_000, 17_000, 70_000])
every_committee = pytest.mark.parametrize("n_members", [2, 4, 6, 10, 16])


def draw_roles(n_rows, n_members, n_runs=1, fraction=None):
    """Roles of some runs, and weights of rows from 1 to 2."""
    rng = np.random.default_rng(0)
    table = np.arange(n_rows)[:, None], rng.normal(size=(n_rows, 1)), np.zeros(n_rows)
    weights = np.ones(n_rows)
    runs = [
        committee_roles(order_rows(*table), weights, rng, n_members, fraction)
        for _ in range(n_runs)
    ]
    trains = np.concatenate([roles.trains for roles in runs], axis=1)
    judges = np.concatenate([roles.judges for roles in runs], axis=1)
    return runs[0], trains, judges, rng.uniform(1, 2, n_rows)


def draw(batches):
    return batches.take(next(batches.numbers))


def moving_rows(trains, judges, weights, n_units=64):
    """Rows whose only input is their number, and their weights."""
    n_rows = len(trains)
    x = torch.arange(n_rows, dtype=torch.float64)[:, None]
    both = [
        torch.from_numpy(weights[:, None] * role.reshape(n_rows, -1))
        for role in (trains, judges)
    ]
    return MovingRows(x, 2 * x, *both, n_units=n_units)


def generators(n_runs):
    return [torch.Generator().manual_seed(run) for run in range(n_runs)]


@every_length
@every_committee
def test_each_row_is_trained_on_by_one_half_and_judged_by_the_other(n_rows, n_members):
    roles, *_ = draw_roles(n_rows, n_members)
    np.testing.assert_array_equal(roles.trains.sum(axis=2), n_members // 2)
    np.testing.assert_array_equal(roles.judges, ~roles.trains)


@every_length
@every_committee
def test_so_it_is_where_a_part_of_the_committee_begins(n_rows, n_members):
    roles, *_, weights = draw_roles(n_rows, n_members)
    nothing = np.zeros((n_rows, 0), dtype=np.float32)
    gates, mandatory = np.zeros(0, dtype=int), np.zeros(0, dtype=bool)
    problem = Problem(
        nothing, nothing, weights, gates, 0, mandatory, "squared_error", roles
    )
    for n_first in range(2, n_members + 1, 2):
        first = with_members(problem, n_first).roles
        assert first.trains.shape[2] == n_first
        np.testing.assert_array_equal(first.trains.sum(axis=2), n_first // 2)


@every_length
@pytest.mark.parametrize("n_runs", [1, 3])
def test_groups_train_on_what_their_partners_judge(n_rows, n_runs):
    _, trains, judges, weights = draw_roles(n_rows, 6, n_runs)
    rows = moving_rows(trains, judges, weights)
    groups = find_groups(rows.train_weights, rows.judge_weights, n_runs, 64)
    width = 6 * n_runs // len(groups.rows)
    for network in range(6 * n_runs):
        own, theirs = network // width, groups.partners[network // width]
        for role, group in ((rows.train_weights, own), (rows.judge_weights, theirs)):
            used = torch.nonzero(role[:, network])[:, 0]
            np.testing.assert_array_equal(groups.rows[group], used)


def test_rows_that_are_cheaper_to_share_are_shared():
    _, trains, judges, weights = draw_roles(1_000, 16)
    rows = moving_rows(trains, judges, weights, n_units=16)
    assert draw(rows.batches(128, generators(1))).trains.x.ndim == 2
    rows = moving_rows(trains, judges, weights, n_units=64)
    assert draw(rows.batches(128, generators(1))).trains.x.ndim == 3


@every_length
@pytest.mark.parametrize("fraction", [None, 0.3])
@pytest.mark.parametrize("n_runs", [1, 3])
def test_a_batch_says_what_each_row_is_to_each_network(n_rows, fraction, n_runs):
    _, trains, judges, weights = draw_roles(n_rows, 4, n_runs, fraction)
    rows = moving_rows(trains, judges, weights)
    batches = rows.batches(128, generators(n_runs))
    for _ in range(2 * n_rows // 128):
        batch = draw(batches)
        for part, role in (
            (batch.trains, rows.train_weights),
            (batch.judges, rows.judge_weights),
        ):
            read = part.x if part.x.ndim == 3 else part.x[None]
            read = read.repeat_interleave(4 * n_runs // len(read), 0)[..., 0]
            networks = torch.arange(4 * n_runs)[:, None]
            assert torch.equal(part.weights, role[read.long(), networks])
            assert torch.equal(part.y[..., 0].expand_as(read), 2 * read)


@pytest.mark.parametrize("n_units", [1, 64])
def test_batches_of_an_epoch_weigh_what_the_rows_do(n_units):
    _, trains, judges, weights = draw_roles(12_800, 4)
    rows = moving_rows(trains, judges, weights, n_units)
    batches = rows.batches(128, generators(1))
    epoch = [draw(batches) for _ in range(100)]
    for read, role in (
        ([b.trains.weights for b in epoch], rows.train_weights),
        ([b.judges.weights for b in epoch], rows.judge_weights),
    ):
        torch.testing.assert_close(sum(w.sum(1) for w in read), role.sum(0))


def test_a_batch_weighs_as_much_for_a_group_with_more_rows():
    n_rows = 1_000
    first = np.arange(n_rows) < 200
    trains = np.stack([first, ~first], axis=1)[:, None]
    rows = moving_rows(trains, ~trains, np.ones(n_rows))
    batches = rows.batches(100, generators(1))
    sums = [draw(batches).trains.weights.sum(1) for _ in range(10)]
    expected = rows.train_weights.sum(0) * 100 / n_rows
    torch.testing.assert_close(sum(sums) / len(sums), expected)
