"""Closed columns that are recalled: what counts, and what becomes of them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import planted
import pytest
import torch
from numpy.testing import assert_array_equal
from scipy.stats import chi2
from test_engine_pairs import trainer_for

from sklearn_binmask import BinMaskSelector
from sklearn_binmask._engine import recall
from sklearn_binmask._engine.agreement import ALONE, Alone
from sklearn_binmask._engine.path import follow_path
from sklearn_binmask._engine.problem import LEAST_TO_ASK, SolverConfig
from sklearn_binmask._engine.recall import gates_to_recall
from sklearn_binmask._path.grid import path_sizes

NOBODY = np.array([], dtype=np.intp)


def not_known(residuals, *, worth=None, clusters=None, agreement=ALONE):
    """A trainer whose committee leaves these residuals."""
    n_rows = len(residuals) if worth is None else worth
    clusters = None if clusters is None else torch.from_numpy(clusters)
    return SimpleNamespace(
        agreement=agreement,
        evaluate_stretched=lambda: (None, torch.ones(1)),
        residuals=lambda factors: torch.from_numpy(residuals)[None],
        scored=SimpleNamespace(
            effective_rows=torch.tensor([float(n_rows)]), clusters=clusters
        ),
    )


def recalled(X, residuals, left=NOBODY, *, n_asked=8, weights=None, gates=None, **of):
    residuals = np.asarray(residuals, dtype=float).reshape(len(X), -1)
    problem = trainer_for(X, np.zeros(len(X)), loss="squared_error").problem
    gates = np.arange(X.shape[1]) if gates is None else gates
    problem = replace(
        problem,
        gate_of_input=gates,
        n_gates=int(gates.max()) + 1,
        row_weights=np.ones(len(X)) if weights is None else weights,
        n_asked=n_asked,
    )
    return gates_to_recall(problem, not_known(residuals, **of), left)


def normal(seed, n_rows=100, n_columns=300):
    return np.random.default_rng(seed).normal(size=(n_rows, n_columns))


def test_columns_that_tell_of_residuals_are_recalled_the_best_first(any_seed):
    X = normal(any_seed, 200)
    residuals = 2 * X[:, 7] - 1.2 * X[:, 3] + 0.3 * normal(any_seed + 1, 200)[:, 0]
    assert_array_equal(recalled(X, residuals)[:2], [7, 3])
    assert_array_equal(recalled(X, residuals, n_asked=1), [7])


def test_open_gates_are_not_recalled(any_seed):
    X = normal(any_seed)
    assert 7 not in recalled(X, X[:, 7], np.array([2, 7]))
    assert not len(recalled(X[:, :2], X[:, 0], np.arange(2)))


def test_a_gate_is_recalled_for_any_of_its_encoded_columns(any_seed):
    X = normal(any_seed)
    gates = np.arange(300) % 100
    assert recalled(X, X[:, 250], gates=gates)[0] == 50


def test_noise_is_recalled_as_often_as_luck_has_it():
    """Columns that count, of all tables; of uniform ones nothing is clipped."""
    rng, n_tables = np.random.default_rng(0), 400
    counts = [
        len(recalled(rng.uniform(-1, 1, (200, 20)), rng.normal(size=200)))
        for _ in range(n_tables)
    ]
    expected = recall._LUCK
    assert abs(np.mean(counts) - expected) < 4 * (expected / n_tables) ** 0.5


def test_what_counts_is_the_chi_squared_statistic_of_correlation(any_seed, monkeypatch):
    """Over outputs that have nothing in common."""
    rng = np.random.default_rng(any_seed)
    X = rng.uniform(-1, 1, size=(120, 15))
    residuals, _ = np.linalg.qr(rng.normal(size=(120, 3)))
    residuals -= residuals.mean(axis=0)
    residuals, _ = np.linalg.qr(residuals)
    correlations = np.corrcoef(X.T, residuals.T)[:15, 15:]
    chance = chi2.sf(120 * (correlations**2).sum(axis=1), df=3)
    order = np.argsort(chance)
    for n_counting in (0, 1, 4):
        between = np.sqrt(
            np.prod(np.append(chance[order], 1)[[n_counting - 1, n_counting]])
        )
        limit = between if n_counting else chance.min() / 2
        monkeypatch.setattr(recall, "_LUCK", 15 * limit)
        assert_array_equal(recalled(X, residuals), order[:n_counting])


def test_an_output_that_is_there_twice_counts_once(any_seed):
    X = normal(any_seed)
    residuals = 0.3 * X[:, :8].sum(axis=1) + normal(any_seed + 1)[:, 0]
    twice = np.stack([residuals, residuals], axis=1)
    assert_array_equal(recalled(X, twice), recalled(X, residuals))


def test_a_weight_is_as_good_as_copies(any_seed):
    rng = np.random.default_rng(any_seed)
    X = normal(any_seed)
    residuals = X[:, 7] + rng.normal(size=100)
    copies = rng.integers(1, 4, 100)
    by_copies = recalled(X.repeat(copies, 0), residuals.repeat(copies), worth=90)
    weights = copies / copies.mean()
    assert_array_equal(recalled(X, residuals, weights=weights, worth=90), by_copies)


def test_rows_of_a_cluster_count_as_one(any_seed):
    X = normal(any_seed)
    residuals = 0.6 * X[:, 7] + normal(any_seed + 1)[:, 0]
    few = np.arange(100) % 5
    assert not len(recalled(X, residuals, clusters=few))


def test_none_is_recalled_where_rows_are_many():
    X = normal(0, LEAST_TO_ASK)
    assert not len(recalled(X, X[:, 7]))
    assert_array_equal(recalled(X[1:], X[1:, 7])[:1], [7])


class _Other(Alone):
    """Adds what another process has said, or writes it down."""

    def __init__(self, said=None):
        self.said = said
        self.saying = []

    def sum_(self, *tensors):
        self.saying.extend(tensor.clone() for tensor in tensors)
        if self.said is not None:
            for tensor in tensors:
                tensor.add_(self.said.pop(0))


def test_what_counts_is_what_rows_of_all_processes_say(any_seed):
    """Each has seen too little of it."""
    X = normal(any_seed, 120)
    residuals = X[:, 7] + normal(any_seed + 1, 120)[:, 0]
    other = _Other()
    recalled(X[40:], residuals[40:], agreement=other)
    own = _Other(other.saying)
    both = recalled(X[:40], residuals[:40], agreement=own, worth=120)
    assert not own.said
    assert_array_equal(both, recalled(X, residuals))


def test_blocks_of_columns_are_one_table(any_seed, monkeypatch):
    X = normal(any_seed)
    residuals = X[:, 7] + normal(any_seed + 1)[:, 0]
    whole = recalled(X, residuals)
    monkeypatch.setattr(recall, "_BLOCK", 1000)
    assert_array_equal(recalled(X, residuals), whole)


# --- on a path -----------------------------------------------------------------------


def walked(X, y, wanted, **config):
    trainer = trainer_for(X, y, loss="squared_error", n_members=8)
    problem = replace(trainer.problem, n_asked=8)
    sizes = path_sizes(X.shape[1], 0, wanted)
    return follow_path(problem, SolverConfig(batch_size=128, **config), sizes), sizes


def test_a_path_has_the_sizes_that_were_asked_for(any_seed):
    X, _, y = planted.shapes(any_seed, 100, 400)
    solution, sizes = walked(X, (y - y.mean()) / y.std(), 5)
    assert_array_equal(solution.n_open[1:], sizes)
    assert_array_equal(solution.open_gates[1:, 0].sum(axis=1), sizes)
    assert bool((np.diff(solution.penalty[:-1, 0]) >= 0).all())


def test_a_path_without_a_wanted_number_recalls_none(any_seed, monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr("sklearn_binmask._engine.path.gates_to_recall", refuse)
    X, y = planted.easy(seed=any_seed)
    BinMaskSelector(random_state=any_seed, refit=False).fit(X, y)


def test_a_mandatory_column_and_a_group_may_be_among_them(any_seed):
    """Columns of a group come back together, and what is mandatory stays."""
    X, true, y = planted.shapes(any_seed, 120, 600)
    stranger = int(np.setdiff1d(np.arange(600), true)[0])
    selector = BinMaskSelector(
        n_features_to_select=7,
        feature_groups=[true[:2].tolist()],
        mandatory_features=[stranger],
        refit=False,
        random_state=any_seed,
    ).fit(X, y)
    assert selector.support_[stranger]
    assert selector.support_[true[0]] == selector.support_[true[1]]
    assert selector.n_features_ == 7


def test_a_column_that_closed_early_is_found():
    """In some of these tables one is lost without a recall."""
    n_found = {False: 0, True: 0}
    for seed in range(6):
        X, true, y = planted.shapes(seed, 100, 1000)
        for recalls in n_found:
            solution, _ = walked(X, (y - y.mean()) / y.std(), 5, recall=recalls)
            n_found[recalls] += solution.open_gates[-1, 0, true].sum()
    assert n_found[True] >= n_found[False] + 2


@pytest.mark.long
def test_nine_of_ten_columns_are_found_among_5000_in_100_rows():
    """Without a recall, four of five are."""
    found = []
    for seed in range(20):
        X, true, y = planted.shapes(seed, 100, 5000)
        selector = BinMaskSelector(
            n_features_to_select=5, refit=False, random_state=seed
        ).fit(X, y)
        found.append(selector.support_[true].mean())
    assert np.mean(found) >= 0.9
