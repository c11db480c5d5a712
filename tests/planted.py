"""Tables whose answer is known, and a selector that is quick rather than good."""

import numpy as np
from sklearn.datasets import load_breast_cancer, make_friedman1

# Where behaviour is tested, not quality.
SMALL = {"n_members": 2, "hidden_layer_sizes": (4,), "max_iter": 50, "random_state": 0}


def easy(n_rows=150, n_columns=6, seed=0):
    """Class of a sum: column 0 matters much, column 1 less, the others not at all."""
    X = np.random.default_rng(seed).normal(size=(n_rows, n_columns))
    return X, (2 * X[:, 0] + X[:, 1] > 0).astype(int)


def _planted(rng, X, n_true):
    """Put the true columns, which come first, at random places."""
    order = rng.permutation(X.shape[1])
    return X[:, order], np.flatnonzero(order < n_true)


def sign_product(seed, n_rows, n_columns, order):
    """Sign of the product of `order` columns: none of them has an effect alone."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    y = X[:, :order].prod(axis=1) > 0
    return *_planted(rng, X, order), y


def friedman(seed, n_rows, n_columns):
    """Friedman-1 with noise of deviation 1; five columns matter."""
    rng = np.random.default_rng(seed)
    X, y = make_friedman1(n_rows, n_columns, noise=1.0, random_state=seed)
    return *_planted(rng, X, 5), y


def wrong_targets(seed, n_rows, n_columns, share=0.05):
    """Friedman-1, where some targets are wrong, by thirty deviations on average."""
    X, planted, y = friedman(seed, n_rows, n_columns)
    rng = np.random.default_rng((seed, 1))
    wrong = rng.random(n_rows) < share
    return X, planted, y + wrong * rng.normal(0, 30 * y.std(), n_rows)


def logistic(seed, n_rows, n_columns, n_true):
    """Classes drawn from log-odds to which each true column adds 1 or -1 times it."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    odds = np.exp(X[:, :n_true] @ rng.choice([-1, 1], n_true))
    return *_planted(rng, X, n_true), rng.random(n_rows) < odds / (1 + odds)


def ring(seed, n_rows, n_columns):
    """A band around the centre of two columns; one row in two lies in it."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(n_rows, n_columns))
    radius = np.hypot(X[:, 0], X[:, 1]) / 2
    return *_planted(rng, X, 2), np.abs(radius - 0.35) <= 0.1151


def ring_or_signs_or_sum(seed, n_rows, n_columns):
    """A thin ring, a product of two, or a noisy sum of two: any of them is enough."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(n_rows, n_columns))
    a, b, c, d, e, f = X[:, :6].T
    in_ring = np.abs(np.hypot(a - 0.5, b - 0.5) - 0.35) <= 0.0479
    signs = (c - 0.5) * (0.5 - d) >= 0.0598
    large = e + f + rng.normal(0, 0.2, n_rows) >= 1.4074
    return *_planted(rng, X, 6), (in_ring | signs | large).astype(int)


def even(seed, n_rows, n_columns, n_true):
    """Sum of absolute values, with noise of a third of its deviation."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    signal = np.abs(X[:, :n_true]).sum(axis=1)
    y = signal + rng.normal(0, signal.std() / 3, n_rows)
    return *_planted(rng, X, n_true), y


def shapes(seed, n_rows, n_columns):
    """Draw a line, a wave, a bent line, an exponential and a step: five columns.

    Noise of a quarter of their deviation is added.
    """
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(n_rows, n_columns))
    a, b, c, d, e = X[:, :5].T
    signal = 2 * a + np.sin(3 * b) + 2 * c * np.abs(c) - np.exp(d) + 2 * (e > 0)
    y = signal + rng.normal(0, signal.std() / 4, n_rows)
    return *_planted(rng, X, 5), y


def waves(seed, n_rows, n_columns, n_largest=4):
    """Eight waves without noise, each of 0.6 times the height of the one before.

    The true ones are the largest; from the fifth on, each is 2 % of the target or less.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    turning = X[:, :8]
    heights = np.sin(1.5 * turning) * (1 + 0.5 * np.roll(turning, -1, axis=1))
    return *_planted(rng, X, n_largest), heights @ 0.6 ** np.arange(8)


def sum_of_products(seed, n_rows, n_columns, noise=0.1):
    """Draw a column, a product of two others, and one of three, all normal."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    true = np.sort(rng.permutation(n_columns)[:6])
    a, b, c, d, e, f = X[:, rng.permutation(true)].T
    return X, true, a + b * c + d * e * f + noise * rng.normal(size=n_rows)


def unequal_products(seed, n_rows, n_columns, weights=(3, 2, 1), noise=0.1):
    """Draw products of two columns each, of which the last is hard to see."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    true = np.sort(rng.permutation(n_columns)[: 2 * len(weights)])
    one, other = X[:, rng.permutation(true)].reshape(n_rows, 2, -1).swapaxes(0, 1)
    return X, true, one * other @ weights + noise * rng.normal(size=n_rows)


def products(seed, n_rows, n_columns, orders, noise=0.1):
    """Draw a sum of products of so many columns each."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    drawn = rng.permutation(n_columns)[: sum(orders)]
    parts = np.split(X[:, drawn], np.cumsum(orders)[:-1], axis=1)
    y = np.sum([part.prod(axis=1) for part in parts], axis=0)
    return X, np.sort(drawn), y + noise * y.std() * rng.normal(size=n_rows)


def either_product(seed, n_rows, n_columns, noise=0.1):
    """Draw a column whose sign says which of two products of two others counts."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    drawn = rng.permutation(n_columns)[:5]
    a, b, c, d, e = X[:, drawn].T
    y = np.where(a > 0, b * c, d * e)
    return X, np.sort(drawn), y + noise * y.std() * rng.normal(size=n_rows)


def noise(seed, n_rows, n_columns):
    """Columns and classes that know nothing of each other."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_rows, n_columns)), rng.integers(0, 2, n_rows)


def hidden_cancer(seed, n_copies=200):
    """Breast cancer, its 30 columns among copies of them whose rows are shuffled."""
    rng = np.random.default_rng(seed)
    X, y = load_breast_cancer(return_X_y=True)
    sources = rng.integers(0, X.shape[1], n_copies)
    copies = rng.permuted(X[:, sources], axis=0)
    return *_planted(rng, np.hstack([X, copies]), X.shape[1]), y


def patients(seed, n_groups=40, n_rows=1000):
    """Three columns matter; ten are the same in all rows of a group, as its level is.

    The level adds to the target and has nothing to do with the ten, which only tell the
    groups apart. Returns the groups too.
    """
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), n_rows // n_groups)
    own = rng.normal(size=(n_rows, 10))
    shared = rng.normal(size=(n_groups, 10))[groups]
    level = rng.normal(size=n_groups)[groups]
    y = own[:, 0] + own[:, 1] * own[:, 2] + level + 0.3 * rng.normal(size=n_rows)
    return np.hstack([own, shared]), np.arange(3), y, groups
