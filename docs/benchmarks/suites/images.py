"""Images and sound: how good are learners on 25, 50 and 100 columns?

The protocol of Atashgahi and others (NeuroFS, TMLR 2023): official test rows where
there are any, else a fifth of the rows drawn with `random_state=42`; each column scaled
to [0, 1] (they do so on all rows, we on those for training alone); scikit-learn's
`SVC()` and others on the selected columns. The seed is that of the rival; the split is
always the same, but for one set. "mnist, full" and "fashion, full" need `--mnist-idx`
and `--fashion-idx`; "mnist, 20,000" and "fashion, 10,000" train on the first rows of
the official training rows, and their numbers are not comparable with published ones.
`har` is computed anew from the signals, in the manner of the UCI table. Its nine people
for testing are few: "har, other people" draws them anew for each seed.
"""

from functools import partial

import numpy as np
from harness.records import Case, Table
from harness.tables import read_arrays, read_groups, read_idx
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler


def split(X, y, is_test, most_rows=None):
    """Split by the official test rows or at random, and scale."""
    if is_test is None:
        X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
    else:
        X, X_test, y, y_test = X[~is_test], X[is_test], y[~is_test], y[is_test]
    X, y = X[:most_rows], y[:most_rows]
    scaler = MinMaxScaler(clip=False).fit(X)
    return Table(scaler.transform(X), y, scaler.transform(X_test), y_test)


def drawn(seed, source, name, official=False, most_rows=None):
    X, y, is_test = read_arrays(source, name)
    return split(X, y, is_test if official else None, most_rows)


def har(seed, source, official=True):
    """Thirty people, of whom nine are for testing; each has all classes."""
    X, y, is_test = read_arrays(source, "har_hapt561")
    people = read_groups(source, "har_hapt561")
    if not official:
        drawn = np.random.default_rng(seed).permutation(np.unique(people))
        is_test = np.isin(people, drawn[:9])
    return split(X, y, is_test)._replace(groups=people[~is_test])


def full(seed, source, which):
    folder = getattr(source, which)
    if folder is None:
        option = which.replace("_", "-")
        raise ValueError(f"{which}=None. Give --{option} the folder of the four files.")
    return split(*read_idx(folder))


JUDGES = ("SVC", "1-NN", "ExtraTrees")
SIZES = (25, 50, 100)


def one_case(draw, sizes=SIZES):
    return Case(draw, sizes, JUDGES)


CASES = {
    "usps": one_case(partial(drawn, name="usps")),
    "isolet": one_case(partial(drawn, name="isolet")),
    "coil20": one_case(partial(drawn, name="coil20")),
    "har": one_case(har),
    "har, other people": one_case(partial(har, official=False)),
    "mnist, 20,000": one_case(
        partial(drawn, name="mnist", official=True, most_rows=20_000)
    ),
    "fashion, 10,000": one_case(
        partial(drawn, name="fashion_mnist", official=True, most_rows=10_000)
    ),
    "madelon": one_case(partial(drawn, name="madelon")),
    "basehock": one_case(partial(drawn, name="basehock")),
    "pcmac": one_case(partial(drawn, name="pcmac")),
    "arcene": one_case(partial(drawn, name="arcene")),
    "mnist, full": one_case(partial(full, which="mnist_idx")),
    "fashion, full": one_case(partial(full, which="fashion_idx")),
}
