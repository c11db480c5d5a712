"""RFE, ExtraTrees

Recursive elimination by the importance of trees. A fifth of the columns that are left
leaves at a time, as Diaz-Uriarte and Alvarez de Andres (2006) recommend for forests;
scikit-learn's `RFE` would take the same number of columns each time, and in its last
step all but a few. 200 trees a step.
"""

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor


def select(X, y, k, task, seed):
    kind = ExtraTreesClassifier if task == "classification" else ExtraTreesRegressor
    left = np.arange(X.shape[1])
    while True:
        trees = kind(n_estimators=200, random_state=seed).fit(X[:, left], y)
        left = left[np.argsort(-trees.feature_importances_, kind="stable")]
        if len(left) == k:
            return left
        left = left[: max(k, min(len(left) - 1, round(0.8 * len(left))))]
