"""The path against the best subset, found by trying them all."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier

from sklearn_binmask._engine.path import follow_path
from sklearn_binmask._engine.problem import Problem, SolverConfig
from sklearn_binmask._engine.schedules import Schedule
from sklearn_binmask._path.grid import path_sizes
from sklearn_binmask._path.resample import committee_roles, order_rows

every_seed = pytest.mark.parametrize("seed", [0, 1, 2])
# A linear model is at its optimum then: weak effects, too, can be told apart.
SETTLED = Schedule(warm_up_max=300, learned=0.0)


def supports_of_path(x, y, loss, hidden, seed, schedule=None):
    """Size to support, for each point of a path."""
    n_rows, n_columns = x.shape
    targets = y[:, None].astype(float)
    order = order_rows(x, targets, np.zeros(n_rows))
    weights = np.ones(n_rows)
    roles = committee_roles(order, weights, np.random.default_rng(seed), 4, None)
    mandatory = np.zeros(n_columns, dtype=bool)
    gates = np.arange(n_columns)
    problem = Problem(x, targets, weights, gates, n_columns, mandatory, loss, roles)
    config = SolverConfig(hidden, alpha=0.0, seed=seed)
    sizes = path_sizes(n_columns, 0)
    solution = follow_path(problem, config, sizes, schedule=schedule)
    supports = (set(np.flatnonzero(gates)) for gates in solution.open_gates[:, 0])
    return dict(zip(solution.n_open.tolist(), supports, strict=True))


def best_subset(x, size, judge):
    """Columns of the given number on which the judge's score is highest."""
    subsets = combinations(range(x.shape[1]), size)
    return set(max(subsets, key=lambda columns: judge(x[:, columns])))


def fit_of_line(y):
    return lambda z: LinearRegression().fit(z, y).score(z, y)


def draw_linear(seed, n_rows, n_columns):
    """Nearly orthogonal columns; effects of random sign fall by a third each."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_rows, n_columns))
    effects = 3 * 0.67 ** np.arange(n_columns) * rng.choice([-1, 1], n_columns)
    return x, x @ rng.permutation(effects), rng


@every_seed
def test_linear_regression(seed):
    x, signal, rng = draw_linear(seed, n_rows=400, n_columns=7)
    y = signal + rng.normal(0, 0.5, len(x))
    y = (y - y.mean()) / y.std()
    supports = supports_of_path(x, y, "squared_error", (), seed, SETTLED)
    for size in range(1, 8):
        assert supports[size] == best_subset(x, size, fit_of_line(y)), size


@every_seed
@pytest.mark.parametrize("hidden", [(), (16,)], ids=str)
def test_three_columns_of_eight(seed, hidden):
    rng = np.random.default_rng(seed)
    x, effects = rng.normal(size=(400, 8)), np.array([1, -1, 1, 0, 0, 0, 0, 0])
    y = x @ rng.permutation(effects) / 2 + rng.normal(0, 0.5, 400)
    supports = supports_of_path(x, y, "squared_error", hidden, seed)
    assert supports[3] == best_subset(x, 3, fit_of_line(y))


@every_seed
def test_logistic_regression(seed):
    x, signal, rng = draw_linear(seed, n_rows=1500, n_columns=5)
    y = rng.random(len(x)) < 1 / (1 + np.exp(-signal))

    def judge(z):
        model = LogisticRegression(C=1e6).fit(z, y)
        return model.predict_log_proba(z)[np.arange(len(y)), y.astype(int)].sum()

    supports = supports_of_path(x, y, "log_loss", (), seed, SETTLED)
    for size in range(1, 6):
        assert supports[size] == best_subset(x, size, judge), size


@every_seed
def test_exclusive_or(seed):
    # neither column alone says anything
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(500, 6))
    pair = sorted(rng.permutation(6)[:2])
    y = x[:, pair[0]] * x[:, pair[1]] > 0
    tree = DecisionTreeClassifier(max_depth=6, random_state=0)
    best = best_subset(x, 2, lambda z: cross_val_score(tree, z, y, cv=3).mean())
    assert best == set(pair)
    assert supports_of_path(x, y, "log_loss", (16,), seed)[2] == best
