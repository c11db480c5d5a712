"""Extra columns: are the original columns of a table told from added ones?

After Cherepanova and others (NeurIPS 2023): half or three quarters of all columns are
added ones, and as many are selected as there were at first. The added ones are

* random: normal noise,
* corrupted: `0.5 x + 0.5 noise` of a column drawn by lot,
* products of two columns drawn by lot.

Columns are made normal by their ranks, a fifth of the rows is for testing, and of the
rest at most 20,000 rows are used; the seed draws the split and the added columns. There
selectors and learners are tuned with 100 trials each; here nobody is tuned. The sets
are those of theirs that are at hand, or parts of them (see the README); `letter`,
`magic` and `spambase` are not of theirs. "recovery" is the share of the original
columns among the selected, which is only worth asking where the added ones are random.
"""

from functools import partial

import numpy as np
from harness.learners import TRUTH
from harness.records import Case, Table
from harness.tables import numbered, read_frame
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import QuantileTransformer

MOST_ROWS = 20_000
# name -> number of columns, and whether the target is a number
SETS = {
    "eye_movements": (22, False),
    "gesture_a1": (32, False),
    "higgs_11k": (28, False),
    "house_16h": (16, True),
    "california_housing": (8, True),
    "covtype_20k": (54, False),
    "letter": (16, False),
    "magic": (10, False),
    "spambase": (57, False),
}
SHARES = {"half": 1, "three quarters": 3}  # added columns for each original one


def random(rng, X, n_more):
    return rng.normal(size=(len(X), n_more))


def corrupted(rng, X, n_more):
    sources = X[:, rng.integers(0, X.shape[1], n_more)]
    return 0.5 * sources + 0.5 * rng.normal(size=sources.shape)


def products(rng, X, n_more):
    first, second = rng.integers(0, X.shape[1], (2, n_more))
    return X[:, first] * X[:, second]


ADDED = {"random": random, "corrupted": corrupted, "products": products}


def drawn(seed, source, name, added, per_column):
    """Split, make columns normal, and add others at random places."""
    rng = np.random.default_rng(seed)
    n_columns, is_number = SETS[name]
    frame, y, _ = read_frame(source, name)
    X = frame.to_numpy(float)
    if X.shape[1] != n_columns:
        raise ValueError(f"{name} has {X.shape[1]} columns, not {n_columns}.")
    y = np.log1p(y.astype(float)) if name == "house_16h" else y
    y = y.astype(float) if is_number else numbered(y)
    train, test = train_test_split(np.arange(len(y)), test_size=0.2, random_state=seed)
    train = train[:MOST_ROWS]
    ranks = QuantileTransformer(output_distribution="normal", random_state=seed)
    X = ranks.fit(X[train]).transform(X)
    X = np.hstack([X, ADDED[added](rng, X, per_column * n_columns)])
    order = rng.permutation(X.shape[1])
    X, truth = X[:, order], np.flatnonzero(order < n_columns)
    task = "regression" if is_number else "classification"
    return Table(X[train], y[train], X[test], y[test], task, truth)


CASES = {
    f"{name}, {added}, {share}": Case(
        partial(drawn, name=name, added=added, per_column=per_column),
        (n_columns,),
        ("MLP", "HistGradientBoosting", *([TRUTH] if added == "random" else [])),
    )
    for share, per_column in reversed(SHARES.items())
    for added in ADDED
    for name, (n_columns, _) in SETS.items()
}


def place(name):
    """Say in which table, and there in which column, a set stands."""
    source, _, added = name.partition(", ")
    return added, source
