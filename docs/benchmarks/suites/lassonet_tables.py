"""LassoNet's tables: learners on 50 columns of six sets.

The protocol of Lemhadri and others (2021): 70 % of the rows to train on, 20 % to test
on, drawn anew for every seed. The 10 % between them, by which they choose settings,
are used by nobody, as nothing is tuned here. Learners are trained from scratch on the
selected columns. Of the images, 10,000 rows are drawn. Columns are standardized on
the training rows.

Missing cells of `mice` are filled with the means of columns (LassoNet's loader takes
means of classes, which tells the class). A mouse has fifteen rows: "mice, by mouse"
never has a mouse on both sides, the other split does, as it is published so. `coil20`
has 32 x 32 pixels where they had 20 x 20; `activity` is computed anew from the signals.
"""

from functools import partial

import numpy as np
from harness.records import Case, Table
from harness.tables import numbered, read_arrays, read_frame
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit
from sklearn.preprocessing import StandardScaler

JUDGES = ("ExtraTrees", "MLP")
MOST_IMAGES = 10_000


def split(seed, X, y, groups=None):
    """Draw training and test rows, fill missing cells, standardize."""
    kind = ShuffleSplit if groups is None else GroupShuffleSplit
    shares = kind(1, train_size=0.7, test_size=0.2, random_state=seed)
    train, test = next(shares.split(X, y, groups))
    scaler = StandardScaler().fit(X[train])  # lets missing cells pass
    parts = (np.nan_to_num(scaler.transform(X[rows])) for rows in (train, test))
    X_train, X_test = parts
    groups = None if groups is None else groups[train]
    return Table(X_train, y[train], X_test, y[test], groups=groups)


def drawn(seed, source, name, most_rows=None):
    X, y, _ = read_arrays(source, name)
    if most_rows:
        rows = np.random.default_rng(seed).choice(len(X), most_rows, replace=False)
        X, y = X[rows], y[rows]
    return split(seed, X, y)


def mice(seed, source, by_mouse):
    frame, y, groups = read_frame(source, "mice_protein")
    X = frame.to_numpy(float)
    return split(seed, X, numbered(y), groups if by_mouse else None)


def one_case(draw):
    return Case(draw, (50,), JUDGES)


CASES = {
    "mice": one_case(partial(mice, by_mouse=False)),
    "mice, by mouse": one_case(partial(mice, by_mouse=True)),
    "mnist": one_case(partial(drawn, name="mnist", most_rows=MOST_IMAGES)),
    "fashion": one_case(partial(drawn, name="fashion_mnist", most_rows=MOST_IMAGES)),
    "isolet": one_case(partial(drawn, name="isolet")),
    "coil20": one_case(partial(drawn, name="coil20")),
    "activity": one_case(partial(drawn, name="har_hapt561")),
}
