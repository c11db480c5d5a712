"""ExtraTrees

Importance (mean decrease of impurity) of 500 extremely randomized trees (Geurts and
others, 2006, recommend as many as one can afford), else scikit-learn's defaults.
"""

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

RANKS_ALL = True


def select(X, y, k, task, seed):
    kind = ExtraTreesClassifier if task == "classification" else ExtraTreesRegressor
    trees = kind(n_estimators=500, random_state=seed).fit(X, y)
    return np.argsort(-trees.feature_importances_, kind="stable")
