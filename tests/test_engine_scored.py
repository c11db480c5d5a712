"""Rows that only some runs speak on, and committees copied to numpy on the way."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from test_engine_path import EXACT, SHORT, make_problem

from sklearn_binmask._engine import scored
from sklearn_binmask._engine.path import follow_path
from sklearn_binmask._engine.predict import committee_outputs
from sklearn_binmask._engine.training import Trainer
from sklearn_binmask._path.grid import path_sizes


def folds_problem(n_runs=3, **changes):
    """Each row is tested by one run, and stretched by the others."""
    problem = make_problem(0, n_runs=n_runs, **changes)
    tested = np.arange(len(problem.inputs)) % n_runs == np.arange(n_runs)[:, None]
    evaluates = np.repeat(tested.T[:, :, None], 2, axis=2)
    roles = replace(problem.roles, evaluates=evaluates, stretches=problem.roles.judges)
    return replace(problem, roles=roles)


def trained(problem):
    trainer = Trainer(problem, EXACT)
    for _ in range(30):
        trainer.step(0.01, judge=True)
    return trainer


def test_few_rows_of_each_run_are_predicted_as_all_rows_by_all_would_be():
    rows = trained(folds_problem()).scored
    networks = trained(folds_problem()).networks
    few = rows.outputs(networks)
    speaks = rows.run_weights > 0
    assert_array_equal(speaks.sum(0).numpy(), 1)
    all_rows = scored._committees(networks, rows.x, rows.votes)
    assert_allclose(few[speaks].numpy(), all_rows[speaks].numpy(), rtol=1e-12)
    assert (few[~speaks] == 0).all() and (all_rows[~speaks] == 0).all()


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.1), (1.0, 0.0), (0.3, 0.3)])
def test_rows_of_one_member_each_are_predicted_as_all_rows_by_all_would_be(shares):
    """Members have few or no rows, and some rows nobody."""
    problem = make_problem(0, n_runs=3)
    draws = np.random.default_rng(0).uniform(size=(len(problem.inputs), 3))
    bounds = np.cumsum(shares)
    speaks = np.stack([draws < bounds[0], (draws >= bounds[0]) & (draws < bounds[1])])
    roles = replace(problem.roles, evaluates=speaks.transpose(1, 2, 0))
    trainer = trained(replace(problem, roles=roles))
    rows = trainer.scored
    assert rows._rows_of_each is not None
    quick = rows.outputs(trainer.networks)
    slow = scored._committees(trainer.networks, rows.x, rows.votes)
    assert_allclose(quick.numpy(), slow.numpy(), rtol=1e-12, atol=1e-300)
    assert (quick != 0).any()


def test_the_factor_is_that_of_the_rows_named_for_it():
    """Other targets of tested rows change their losses, and not the stretching."""
    problem = folds_problem(n_runs=1)
    some = np.arange(120) % 4 == 0
    roles = problem.roles
    roles = replace(
        roles,
        trains=roles.trains & ~some[:, None, None],
        judges=roles.judges & ~some[:, None, None],
        evaluates=roles.evaluates & some[:, None, None],
        stretches=roles.stretches & ~some[:, None, None],
    )
    found = []
    for targets in (problem.targets, 0 * problem.targets):
        trainer = trained(replace(problem, roles=roles))
        trainer.scored.y = torch.from_numpy(targets[some])
        found.append(trainer.evaluate_stretched())
    assert (found[0][0] != found[1][0]).any()
    assert torch.equal(found[0][1], found[1][1])
    assert float(found[0][1]) > 0


@pytest.mark.parametrize("gate_of_input", [None, np.array([0, 3, 1, 1, 2, 3, 3, 4])])
def test_a_committee_copied_on_the_way_predicts_what_the_engine_scored(gate_of_input):
    """Also when gates have been closed, and columns dropped."""
    problem = folds_problem(gate_of_input=gate_of_input)
    seen = []

    def look(point):
        for run in range(3):
            network = point.committee(run)
            is_open = point.open_gates[run][problem.gate_of_input]
            assert network.coefs[0].shape[:2] == (2, is_open.sum())
            outputs = committee_outputs(network, problem.inputs[:, is_open])[:, 0]
            tested = problem.roles.evaluates[:, run, 0]
            y = problem.targets[:, 0]
            losses = np.logaddexp(0, outputs) - y * outputs
            assert_allclose(point.row_losses[run, tested], losses[tested], rtol=1e-9)
        seen.append(point.open_gates.sum(axis=1))

    dropping = replace(SHORT, spare=1.0)
    sizes = path_sizes(problem.n_gates, 0)
    solution = follow_path(problem, EXACT, sizes, schedule=dropping, look=look)
    assert_array_equal(seen, np.repeat(solution.n_open[:, None], 3, axis=1))
    assert np.isnan(solution.worth).any()  # some columns have been dropped


def clustered(clusters, weights=None):
    """Rows that all members speak on, and their clusters."""
    problem = make_problem(0)
    weights = np.ones(len(clusters)) if weights is None else weights
    everywhere = np.ones_like(problem.roles.evaluates)
    roles = replace(problem.roles, evaluates=everywhere, clusters=clusters)
    return Trainer(replace(problem, roles=roles, row_weights=weights), EXACT).scored


@pytest.mark.parametrize("seed", range(3))
def test_rows_of_a_cluster_that_are_copies_tell_as_much_as_one(seed):
    """The error of the mean is then that of the means of the clusters."""
    rng = np.random.default_rng(seed)
    clusters = rng.permutation(np.repeat(np.arange(20), 6))
    of_cluster = rng.normal(size=20)
    values = torch.from_numpy(of_cluster[clusters][None])
    mean, error = clustered(clusters).mean(values)
    assert_allclose(mean, of_cluster.mean())
    assert_allclose(error, of_cluster.std(ddof=1) / np.sqrt(20))


@pytest.mark.parametrize("seed", range(3))
def test_the_error_between_clusters_is_that_of_repeated_draws(seed):
    """Of clusters of unequal sizes, whose rows share a part of what they say."""
    rng = np.random.default_rng(seed)
    clusters = np.arange(120) ** 2 // 100 % 30
    weights = rng.uniform(0.5, 1.5, 120)
    rows = clustered(clusters, weights / weights.mean())
    shared, own = rng.normal(size=(2, 4000, 120))
    draws = torch.from_numpy(shared[:, clusters] + own)
    found = [rows.mean(values[None]) for values in draws]
    means, errors = (np.array([float(f[i]) for f in found]) for i in (0, 1))
    assert np.sqrt((errors**2).mean()) == pytest.approx(means.std(), rel=0.1)
    alone = Trainer(make_problem(0), EXACT).scored
    naive = np.array([float(alone.mean(values[None])[1]) for values in draws[:500]])
    assert naive.mean() < 0.6 * means.std()
