"""Genes: far more columns than rows.

Nested cross-validation: five folds by class, and all that is learned, scaling and
selection included, is learned inside the four training folds; the one setting of the
linear machine among the learners is tuned by folds of those again. Seeds 0 to 4 are
the folds of one split, 5 to 9 those of the next, and so on. Classes of fewer than five
rows are left out. `arcene`, `dexter`, `basehock` and `pcmac` are no genes, but as wide.
"""

from functools import partial

import numpy as np
from harness.records import Case, Table
from harness.tables import numbered, read_arrays, read_csr
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

FOLDS = 5
JUDGES = ("tuned linear SVC", "1-NN", "ExtraTrees")


def fold_of(seed, source, name, sparse=False):
    if sparse:
        X, y = read_csr(source, name)
    else:
        X, y, _ = read_arrays(source, name)
    kept = np.bincount(y)[y] >= FOLDS
    X, y = X[kept], numbered(y[kept])
    split, fold = divmod(seed, FOLDS)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=split).split(X, y)
    train, test = list(folds)[fold]
    scaler = StandardScaler().fit(X[train])
    return Table(
        scaler.transform(X[train]), y[train], scaler.transform(X[test]), y[test]
    )


CASES = {
    name: Case(
        partial(fold_of, name=file_name, sparse=file_name.endswith("_sparse")),
        (5, 10, 20, 50),
        JUDGES,
    )
    for name, file_name in {
        "colon": "colon_alon",
        "leukemia": "leukemia_golub",
        "khan": "khan_srbct",
        "nci60": "nci60",
        "arcene": "arcene",
        "dexter": "dexter_sparse",
        "basehock": "basehock",
        "pcmac": "pcmac",
    }.items()
}
