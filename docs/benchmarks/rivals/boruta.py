"""Boruta

`BorutaPy` of Kursa and Rudnicki's method (2010), in the form its authors show: a forest
of depth 5 with balanced classes, `n_estimators="auto"`, 100 rounds. It answers which
columns are relevant at all, not which are the `k` best: confirmed ones, then tentative
ones, are ordered by their median importance over the rounds.
"""

import numpy as np
from boruta import BorutaPy
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

PACKAGES = ("boruta",)
RANKS_ALL = True


def select(X, y, k, task, seed):
    if task == "classification":
        forest = RandomForestClassifier(max_depth=5, class_weight="balanced")
    else:
        forest = RandomForestRegressor(max_depth=5)
    fitted = BorutaPy(forest, n_estimators="auto", random_state=seed).fit(X, y)
    importance = np.nanmedian(fitted.importance_history_[1:], axis=0)
    return np.lexsort((-importance, fitted.ranking_))
