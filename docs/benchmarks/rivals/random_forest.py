"""Random forest

Importance (mean decrease of impurity) of a forest of 500 trees, the number of Breiman's
and Cutler's `randomForest`, which also tries a third of the columns at a split where
the target is a number, and the square root of their number for classes.
"""

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

RANKS_ALL = True


def select(X, y, k, task, seed):
    if task == "classification":
        forest = RandomForestClassifier(n_estimators=500, random_state=seed)
    else:
        forest = RandomForestRegressor(
            n_estimators=500, max_features=1 / 3, random_state=seed
        )
    return np.argsort(-forest.fit(X, y).feature_importances_, kind="stable")
