"""Boosting, permutation

Permutation importance of scikit-learn's histogram boosting with defaults: five
permutations on a quarter of the rows, which the trees have not seen.
"""

import numpy as np
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.inspection import permutation_importance
from sklearn.model_selection import train_test_split

RANKS_ALL = True


def select(X, y, k, task, seed):
    classes = task == "classification"
    stratify = y if classes and np.bincount(y)[np.unique(y)].min() > 1 else None
    X, X_held, y, y_held = train_test_split(
        X, y, test_size=0.25, stratify=stratify, random_state=seed
    )
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    model = kind(random_state=seed).fit(X, y)
    found = permutation_importance(
        model, X_held, y_held, n_repeats=5, random_state=seed
    )
    return np.argsort(-found.importances_mean, kind="stable")
