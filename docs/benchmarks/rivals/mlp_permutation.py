"""MLP, permutation

Permutation importance (Breiman, 2001; Fisher and others, 2019) of scikit-learn's
`MLPClassifier` or `MLPRegressor` with defaults and early stopping, on standardized
columns: five permutations on a quarter of the rows, which the network has not seen.
"""

import numpy as np
from sklearn.inspection import permutation_importance
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

RANKS_ALL = True


def select(X, y, k, task, seed):
    classes = task == "classification"
    y = y if classes else (y - y.mean()) / y.std()
    stratify = y if classes and np.bincount(y)[np.unique(y)].min() > 1 else None
    X, X_held, y, y_held = train_test_split(
        X, y, test_size=0.25, stratify=stratify, random_state=seed
    )
    scaler = StandardScaler().fit(X)
    kind = MLPClassifier if classes else MLPRegressor
    # early stopping wants rows of each class: too few of them, and there is none
    network = kind(early_stopping=len(y) >= 100, random_state=seed)
    network.fit(scaler.transform(X), y)
    found = permutation_importance(
        network, scaler.transform(X_held), y_held, n_repeats=5, random_state=seed
    )
    return np.argsort(-found.importances_mean, kind="stable")
