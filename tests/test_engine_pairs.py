"""Networks that begin at pairs of columns."""

import numpy as np
import planted
import pytest
import torch

from sklearn_binmask import BinMaskSelector
from sklearn_binmask._engine.pairs import begin_at_pairs
from sklearn_binmask._engine.problem import Problem, Roles, SolverConfig
from sklearn_binmask._engine.schedules import Schedule, effort
from sklearn_binmask._engine.training import Trainer


def trainer_for(
    X, y, *, loss="log_loss", n_members=4, seed=0, groups=None, config=None
):
    """Halves of the rows, or groups, for members in turn; weights as drawn."""
    n_rows, n_columns = X.shape
    apart = np.arange(n_rows) if groups is None else groups
    half = (np.random.default_rng(seed).permutation(apart.max() + 1) % 2 == 0)[apart]
    trains = np.stack([half, ~half] * (n_members // 2), axis=1)[:, None, :]
    targets = np.asarray(y, dtype=float).reshape(n_rows, -1)
    problem = Problem(
        X,
        targets,
        np.ones(n_rows),
        np.arange(n_columns),
        n_columns,
        np.zeros(n_columns, dtype=bool),
        loss,
        Roles(trains, ~trains, ~trains, np.array([float(n_rows)]), clusters=groups),
    )
    return Trainer(problem, config or SolverConfig(seed=seed))


def changed(trainer):
    """Which columns the start at pairs gives weight to, for each member."""
    before = trainer.networks.weights[0].clone()
    with torch.inference_mode():
        begin_at_pairs(trainer)
    moved = (trainer.networks.weights[0] != before).any(2).numpy()
    columns = trainer.layout.inputs  # the layout has an order of its own
    return [set(columns[moved[:, member]].tolist()) for member in range(moved.shape[1])]


@pytest.mark.parametrize("seed", range(5))
def test_every_member_begins_at_the_pair_whose_product_tells_all(seed):
    X, true, y = planted.sign_product(seed, 800, 200, 2)
    for columns in changed(trainer_for(X, y, seed=seed)):
        assert set(true) <= columns


@pytest.mark.parametrize("seed", range(5))
def test_a_product_is_found_for_any_output_and_any_loss(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(800, 50))
    y = np.stack([X[:, 3], X[:, 7] * X[:, 9]], axis=1)
    for columns in changed(trainer_for(X, y, loss="squared_error", seed=seed)):
        assert {7, 9} <= columns


def test_noise_shows_no_pair_to_most_members():
    shown = []
    for seed in range(20):
        X, y = planted.noise(seed, 600, 60)
        shown += [len(columns) > 0 for columns in changed(trainer_for(X, y, seed=seed))]
    assert np.mean(shown) < 0.15  # 0.05 is what luck may show, were rows normal


def test_columns_that_tell_alone_are_no_pairs():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 30))
    X[:, 1] = X[:, 0] + 0.1 * rng.normal(size=800)
    y = X[:, 0] + X[:, 1] > 0
    assert all(not columns for columns in changed(trainer_for(X, y)))


def test_a_member_does_not_look_at_rows_that_it_does_not_train_on():
    X, _, y = planted.sign_product(0, 800, 40, 2)
    first = trainer_for(X, y)
    unseen = ~first.problem.roles.trains[:, 0, 0]
    other = y.copy()
    other[unseen] = np.random.default_rng(1).permutation(y[unseen])
    # the members of the other half still name the pair as one to look at
    assert changed(first)[0] == changed(trainer_for(X, other))[0]


def test_a_member_does_not_begin_at_what_other_rows_alone_show():
    X, true, y = planted.sign_product(0, 800, 40, 2)
    own = trainer_for(X, y).problem.roles.trains[:, 0, 0]
    y = y.copy()
    y[own] = np.random.default_rng(1).permutation(y[own])
    first, second = changed(trainer_for(X, y))[:2]
    assert not set(true) <= first
    assert set(true) <= second


@pytest.mark.parametrize("n_columns", [2, 12_000])
def test_there_is_no_search_where_it_is_of_no_use_or_takes_too_long(n_columns):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(70, n_columns)).astype(np.float32)
    y = X[:, 0] * X[:, 1] > 0
    assert not any(changed(trainer_for(X, y, n_members=2)))


def test_a_product_among_a_thousand_columns_is_found(any_seed):
    X, true, y = planted.sign_product(any_seed, 833, 1024, 2)
    selector = BinMaskSelector(
        n_features_to_select=2, refit=False, random_state=any_seed
    ).fit(X, y)
    assert np.array_equal(selector.get_support(indices=True), true)


def test_more_outputs_never_get_less():
    efforts = [effort(n) for n in range(1, 40)]
    assert efforts == sorted(efforts) and efforts[0] == 1
    schedules = [Schedule.for_outputs(n) for n in range(1, 40)]
    lengths = [schedule.stage_steps(30) for schedule in schedules]
    assert lengths == sorted(lengths) and schedules[0] == Schedule()


def test_auto_is_a_layer_as_wide_as_the_outputs_need():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, 4))
    for n_classes, n_units, n_members in ((2, 16, 16), (6, 32, 8), (12, 64, 4)):
        selector = BinMaskSelector(n_features_to_select=2, max_iter=1, random_state=0)
        selector.fit(X, np.arange(240) % n_classes)
        weights = selector.estimator_.network.coefs[0]
        assert weights.shape[::2] == (n_members, n_units)
