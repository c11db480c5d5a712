"""Recovery: are the planted columns among those selected?

The first four generators, at every number of columns from 8 to 2,048, are those of
Passemiers and others: columns uniform on [0, 1], of which the target reads the first,
1,000 rows, in six folds of which five are given to the selector, columns shuffled and
scaled to [-1, 1]. The seeds 0 to 5 are the folds of one table, 6 to 11 those of the
next, and so on. The other tables are drawn anew for every seed.
"""

from functools import partial

import numpy as np
from harness.learners import TRUTH
from harness.records import Case, Table
from sklearn.datasets import (
    make_classification,
    make_friedman1,
    make_friedman2,
    make_friedman3,
)
from sklearn.model_selection import KFold

WIDTHS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
FOLDS = 6


def ring(a, b, half_width):
    """Tell the rows that lie in a band around the centre."""
    return np.abs(np.hypot(a - 0.5, b - 0.5) - 0.35) <= half_width


def xor(a, b):
    return (a - 0.5) * (0.5 - b)


def ring_xor_sum(X, rng):
    a, b, c, d, e, f = X[:, :6].T
    noisy = e + f + rng.normal(0, 0.2, len(X))
    return ring(a, b, 0.0479) | (xor(c, d) >= 0.0598) | (noisy >= 1.4074)


# name -> the number of columns that matter, and the classes
PUBLISHED = {
    "xor": (2, lambda X, rng: xor(X[:, 0], X[:, 1]) >= 0),
    "ring": (2, lambda X, rng: ring(X[:, 0], X[:, 1], 0.1151)),
    "ring+xor": (
        4,
        lambda X, rng: (
            ring(X[:, 0], X[:, 1], 0.0704) | (xor(X[:, 2], X[:, 3]) >= 0.0337)
        ),
    ),
    "ring+xor+sum": (6, ring_xor_sum),
}


def shuffled(rng, X, y, n_true, task="classification"):
    """Put the true columns, which come first, at random places."""
    order = rng.permutation(X.shape[1])
    y = y.astype(int) if task == "classification" else y
    return Table(X[:, order], y, task=task, truth=np.flatnonzero(order < n_true))


def published(seed, source, generator, n_columns):
    """Draw a table of Passemiers and others, and take five of its six folds."""
    draw, fold = divmod(seed, FOLDS)
    rng = np.random.default_rng([draw, n_columns])
    n_true, classes = PUBLISHED[generator]
    X = rng.uniform(size=(1000, n_columns))
    table = shuffled(rng, 2 * X - 1, classes(X, rng), n_true)
    splits = KFold(FOLDS, shuffle=True, random_state=draw).split(X)
    train = list(splits)[fold][0]
    return table._replace(X=table.X[train], y=table.y[train])


def friedman(seed, source, make, n_true, n_columns=200, n_rows=1000):
    """Friedman's functions, among columns without effect, noise a third of the signal.

    Those of the second and third have ranges of their own; others are like one of them.
    """
    rng = np.random.default_rng(seed)
    X, y = make(n_rows, random_state=seed)
    more = rng.permuted(X[:, np.arange(n_columns - X.shape[1]) % n_true], axis=0)
    y = y + rng.normal(0, y.std() / 3, n_rows)
    return shuffled(rng, np.hstack([X, more]), y, n_true, "regression")


def sign_product(seed, source, order, n_columns, n_rows):
    """Take the sign of a product of columns, none of which has an effect alone."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    return shuffled(rng, X, X[:, :order].prod(axis=1) > 0, order)


def madelon(seed, source, n_rows=2000, n_columns=500):
    """Five columns that matter together, fifteen mixtures of them, and noise."""
    X, y = make_classification(
        n_rows,
        n_columns,
        n_informative=5,
        n_redundant=15,
        n_classes=2,
        n_clusters_per_class=16,
        flip_y=0.01,
        class_sep=1.5,
        shuffle=False,
        random_state=seed,
    )
    return shuffled(np.random.default_rng(seed), X, y, 20)


def blocks(seed, source, n_rows=500, n_columns=200, size=10, tie=0.8):
    """Columns in blocks, correlated by 0.8; one of each of the first six has an effect.

    Every second effect has no slope.
    """
    rng = np.random.default_rng(seed)
    shared = np.repeat(rng.normal(size=(n_rows, n_columns // size)), size, axis=1)
    own = rng.normal(size=(n_rows, n_columns))
    X = np.sqrt(tie) * shared + np.sqrt(1 - tie) * own
    first = np.arange(6) * size
    X = X[:, np.argsort(~np.isin(np.arange(n_columns), first), kind="stable")]
    signal = X[:, [0, 2, 4]].sum(axis=1) + (np.abs(X[:, [1, 3, 5]]) * 1.66).sum(axis=1)
    y = signal + rng.normal(0, signal.std() / 3, n_rows)
    return shuffled(rng, X, y, 6, "regression")


def wide(seed, source, linear, n_rows=100, n_columns=5000):
    """Far more columns than rows; five matter."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    if linear:
        signal = X[:, :5] @ rng.choice([-1, 1], 5)
    else:
        X = rng.uniform(-1, 1, size=(n_rows, n_columns))
        a, b, c, d, e = X[:, :5].T
        signal = 2 * a + np.sin(3 * b) + 2 * c * np.abs(c) - np.exp(d) + 2 * (e > 0)
    y = signal + rng.normal(0, signal.std() / 4, n_rows)
    return shuffled(rng, X, y, 5, "regression")


def rare(seed, source, n_rows=3000, n_columns=100):
    """One row in thirty belongs to the class that five columns tell."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    a, b, c, d, e = X[:, :5].T
    odds = a * b * 1.5 + c + d - e + rng.logistic(0, 0.5, n_rows)
    return shuffled(rng, X, odds > np.quantile(odds, 1 - 1 / 30), 5)


def heavy(seed, source, n_rows=1000, n_columns=100):
    """Columns with the tails of Student's t with 1.5 degrees of freedom."""
    rng = np.random.default_rng(seed)
    X = rng.standard_t(1.5, size=(n_rows, n_columns))
    a, b, c, d, e = np.tanh(X[:, :5]).T
    signal = a + b - c + 2 * d * e
    y = signal + rng.normal(0, signal.std() / 3, n_rows)
    return shuffled(rng, X, y, 5, "regression")


def outliers(seed, source, n_rows=1000, n_columns=100, share=0.05):
    """One target in twenty is wrong, by thirty deviations."""
    rng = np.random.default_rng(seed)
    table = friedman(seed, source, make_friedman1, 5, n_columns, n_rows)
    wrong = rng.random(n_rows) < share
    y = table.y + wrong * rng.normal(0, 30 * table.y.std(), n_rows)
    return table._replace(y=y)


def one_case(draw, n_true):
    return Case(draw, (n_true,), (TRUTH,))


CASES = {
    f"{name} of {width}": one_case(
        partial(published, generator=name, n_columns=width), PUBLISHED[name][0]
    )
    for width in WIDTHS
    for name in PUBLISHED
} | {
    "Madelon-like": one_case(madelon, 20),
    "correlated blocks": one_case(blocks, 6),
    "Friedman-1 of 200": one_case(
        partial(friedman, make=partial(make_friedman1, n_features=5), n_true=5), 5
    ),
    "Friedman-2 of 200": one_case(partial(friedman, make=make_friedman2, n_true=4), 4),
    "Friedman-3 of 200": one_case(partial(friedman, make=make_friedman3, n_true=4), 4),
    "three signs of 20": one_case(
        partial(sign_product, order=3, n_columns=20, n_rows=4000), 3
    ),
    "three signs of 50": one_case(
        partial(sign_product, order=3, n_columns=50, n_rows=4000), 3
    ),
    "three signs of 200": one_case(
        partial(sign_product, order=3, n_columns=200, n_rows=1000), 3
    ),
    "four signs of 12": one_case(
        partial(sign_product, order=4, n_columns=12, n_rows=8000), 4
    ),
    "wide, linear": one_case(partial(wide, linear=True), 5),
    "wide, not linear": one_case(partial(wide, linear=False), 5),
    "rare class": one_case(rare, 5),
    "heavy tails": one_case(heavy, 5),
    "outliers": one_case(outliers, 5),
}


def place(name):
    """Say in which table, and there in which column, a set stands."""
    generator, _, width = name.rpartition(" of ")
    return (generator, width) if generator in PUBLISHED else ("Others", name)
