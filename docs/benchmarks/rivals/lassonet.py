"""LassoNet

The path of LassoNet (Lemhadri and others, 2021) with the defaults of its package: one
hidden layer of 100, `M=10`, penalties 2 % apart, up to 1,000 epochs for the dense
network and 100 a point; columns are standardized, and ranked by the penalty at which
they leave.
"""

import numpy as np
from lassonet import LassoNetClassifier, LassoNetRegressor
from sklearn.preprocessing import StandardScaler

PACKAGES = ("lassonet",)
RANKS_ALL = True


def select(X, y, k, task, seed):
    kind = LassoNetClassifier if task == "classification" else LassoNetRegressor
    y = y if task == "classification" else (y - y.mean()) / y.std()
    model = kind(verbose=0, random_state=seed, torch_seed=seed)
    model.path(StandardScaler().fit_transform(X), y, return_state_dicts=False)
    return np.argsort(-model.feature_importances_.numpy(), kind="stable")
