"""abess

Best subset of exactly `k` columns by splicing (Zhu and others, 2020, 2022), linear,
logistic or multinomial, with the defaults of its authors; ordered by their weights.
"""

import numpy as np
from abess import LinearRegression, LogisticRegression, MultinomialRegression
from sklearn.preprocessing import StandardScaler

PACKAGES = ("abess",)


def select(X, y, k, task, seed):
    X = StandardScaler().fit_transform(X)
    if task == "regression":
        kind = LinearRegression
    else:
        kind = LogisticRegression if len(np.unique(y)) == 2 else MultinomialRegression
    weights = np.abs(kind(support_size=k).fit(X, y).coef_)
    if weights.ndim == 2:
        weights = weights.max(axis=1 if len(weights) == X.shape[1] else 0)
    best = np.argsort(-weights, kind="stable")
    return best[weights[best] > 0]
