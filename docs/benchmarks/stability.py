"""
How many selections are false?
==============================

Tables whose answer is known, with independent and correlated columns, with linear and
other effects, and `StabilitySelector` with its defaults, `fdr=0.1`. For each design:
the share of false selections and the share of the planted columns that are selected,
means over seeds; how alike the selection probabilities of two runs with different seeds
are; and the CPU time over that of one `BinMaskSelector` fit. With ``--boruta``,
Boruta's selections on the same tables stand beside them::

    python docs/benchmarks/stability.py --seeds 20
    python docs/benchmarks/stability.py --seeds 5 --boruta --only "300 x 50"
"""

import argparse
import time
import warnings

import numpy as np
from harness.settings import read_setting
from joblib import Parallel, delayed
from sklearn.datasets import make_friedman1
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from threadpoolctl import threadpool_limits

from sklearn_binmask import BinMaskSelector, StabilitySelector


def columns(rng, n_rows, n_columns, ties):
    """Draw normal columns: independent, each like its neighbours, or in blocks."""
    X = rng.normal(size=(n_rows, n_columns))
    if ties == "chain":
        for j in range(1, n_columns):
            X[:, j] = 0.7 * X[:, j - 1] + np.sqrt(1 - 0.7**2) * X[:, j]
    if ties == "blocks":
        shared = rng.normal(size=(n_rows, -(-n_columns // 5)))
        X = np.sqrt(0.5) * (X + np.repeat(shared, 5, axis=1)[:, :n_columns])
    return X


def linear(rng, X, n_true):
    true = rng.choice(X.shape[1], n_true, replace=False)
    slopes = rng.choice([-1, 1], n_true) * rng.uniform(0.7, 1.3, n_true)
    return true, X[:, true] @ slopes


def additive(rng, X, n_true):
    """Sum effects of several shapes, each of deviation 1."""
    true = rng.choice(X.shape[1], n_true, replace=False)
    shapes = [lambda x: np.sin(1.5 * x), np.abs, lambda x: np.tanh(2 * x), np.square]
    effects = [shapes[i % 4](X[:, column]) for i, column in enumerate(true)]
    return true, sum(effect / effect.std() for effect in effects)


def with_product(rng, X, n_true):
    """Sum a product of two columns and effects of single ones."""
    true, others = additive(rng, X, n_true)
    partner = rng.choice(np.setdiff1d(np.arange(X.shape[1]), true))
    product = X[:, true[0]] * X[:, partner]
    return np.append(true, partner), others + 2 * product / product.std()


def signs(rng, X, n_true):
    """Take the product of two columns, neither of which has an effect alone."""
    true = rng.choice(X.shape[1], 2, replace=False)
    return true, 3 * np.sign(X[:, true].prod(axis=1))


def nothing(rng, X, n_true):
    return np.array([], dtype=int), np.zeros(len(X))


# name -> effects, rows, columns, planted ones, ties among columns, classes or numbers
DESIGNS = {
    "linear, 300 x 50": (linear, 300, 50, 10, None, False),
    "linear, 300 x 500": (linear, 300, 500, 8, None, False),
    "linear, chain, 1000 x 200": (linear, 1000, 200, 10, "chain", False),
    "linear, blocks, 500 x 100": (linear, 500, 100, 10, "blocks", False),
    "logistic, 500 x 100": (linear, 500, 100, 10, None, True),
    "logistic, blocks, 1000 x 200": (linear, 1000, 200, 10, "blocks", True),
    "additive, 300 x 50": (additive, 300, 50, 5, None, False),
    "additive, blocks, 500 x 200": (additive, 500, 200, 6, "blocks", False),
    "additive, chain, 2000 x 500": (additive, 2000, 500, 10, "chain", True),
    "product too, 1000 x 100": (with_product, 1000, 100, 5, None, False),
    "signs, 1000 x 50": (signs, 1000, 50, 2, None, True),
    "signs, chain, 2000 x 200": (signs, 2000, 200, 2, "chain", True),
    "Friedman-1, 500 x 200": (None, 500, 200, 5, None, False),
    "nothing, 500 x 100": (nothing, 500, 100, 0, None, True),
}


def table_of(name, seed):
    """Draw a table: its columns, its target, and the planted columns."""
    effects, n_rows, n_columns, n_true, ties, is_classes = DESIGNS[name]
    rng = np.random.default_rng(seed)
    if effects is None:
        X, y = make_friedman1(n_rows, n_columns, noise=1.0, random_state=seed)
        order = rng.permutation(n_columns)
        return X[:, order], y, np.flatnonzero(order < 5)
    X = columns(rng, n_rows, n_columns, ties)
    true, signal = effects(rng, X, n_true)
    signal = signal / max(signal.std(), 1e-9)
    if is_classes:
        y = rng.random(n_rows) < 1 / (1 + np.exp(-3 * signal))
    else:
        y = signal + 0.6 * rng.normal(size=n_rows)
    return X, y, true


def quality(chosen, true):
    """Return the share of the chosen that is false, and of the true that is chosen."""
    false = np.isin(chosen, true, invert=True).mean() if len(chosen) else 0.0
    return false, np.isin(true, chosen).mean() if len(true) else np.nan


def outcome(name, seed, params):
    """Fit twice with different seeds: false share, power, likeness, cost ratio."""
    X, y, true = table_of(name, seed)
    with threadpool_limits(1):
        start = time.process_time()
        BinMaskSelector(random_state=seed).fit(X, y)
        single = time.process_time() - start
        start = time.process_time()
        selector = StabilitySelector(random_state=seed, **params).fit(X, y)
        cost = (time.process_time() - start) / single
        other = StabilitySelector(random_state=seed + 1000, **params).fit(X, y)
    false, power = quality(selector.get_support(indices=True), true)
    shares = selector.selection_probabilities_, other.selection_probabilities_
    alike = np.corrcoef(*shares)[0, 1] if len(true) else np.nan
    return false, power, alike, cost


def boruta_outcome(name, seed):
    from boruta import BorutaPy

    X, y, true = table_of(name, seed)
    kind = RandomForestClassifier if DESIGNS[name][-1] else RandomForestRegressor
    forest = kind(n_jobs=1, max_depth=5, random_state=seed)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rival = BorutaPy(forest, n_estimators="auto", random_state=seed).fit(X, y)
    return quality(np.flatnonzero(rival.support_), true)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--only", default="", help="part of the names of the designs")
    parser.add_argument("--set", type=read_setting, nargs="*", default=[])
    parser.add_argument("--boruta", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    BinMaskSelector(random_state=0).fit(np.eye(20), np.arange(20) % 2)  # loads torch
    heads = "| design | false | its error | power | two seeds alike | cost |"
    print(heads + (" Boruta: false | power |" if args.boruta else ""))
    print("|---" * (8 if args.boruta else 6) + "|")
    for name in DESIGNS:
        if args.only not in name:
            continue
        rows = Parallel(args.jobs)(
            delayed(outcome)(name, seed, dict(args.set)) for seed in seeds
        )
        false, power, alike, cost = np.array(rows).T
        error = false.std(ddof=1) / np.sqrt(len(false)) if len(false) > 1 else np.nan
        line = (
            f"| {name} | {false.mean():.3f} | {error:.3f} | {power.mean():.2f} "
            f"| {alike.mean():.3f} | {np.median(cost):.1f} |"
        )
        if args.boruta:
            rival = Parallel(args.jobs)(
                delayed(boruta_outcome)(name, seed) for seed in seeds
            )
            line += " {:.3f} | {:.2f} |".format(*np.mean(rival, axis=0))
        print(line, flush=True)


if __name__ == "__main__":
    main()
