"""XGBoost

Gain of boosted trees (Chen and Guestrin, 2016), the defaults of the package: 100 rounds
of depth 6.
"""

import numpy as np
from xgboost import XGBClassifier, XGBRegressor

PACKAGES = ("xgboost",)
RANKS_ALL = True


def select(X, y, k, task, seed):
    kind = XGBClassifier if task == "classification" else XGBRegressor
    model = kind(n_jobs=1, random_state=seed).fit(X, y)
    return np.argsort(-model.feature_importances_, kind="stable")
