"""ReliefF

`skrebate.ReliefF` (Kononenko, 1994; Urbanowicz and others, 2018) with the 100
neighbours that its authors recommend, all rows. Its cost grows with the square of the
rows.
"""

import numpy as np
from skrebate import ReliefF

PACKAGES = ("skrebate",)
RANKS_ALL = True


def select(X, y, k, task, seed):
    counts = np.bincount(y) if task == "classification" else np.array([len(y)])
    kind = {1: "continuous", 2: "binary"}.get(len(counts), "multiclass")
    # a row cannot have more neighbours of its class than there are
    neighbours = max(1, min(100, counts.min() - 1))
    fitted = ReliefF(k, n_neighbors=neighbours, label_type=kind).fit(X, y)
    return np.argsort(-fitted.feature_importances_, kind="stable")
