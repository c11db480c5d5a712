"""L1

The path of the lasso, columns in the order in which they enter (Tibshirani, 1996), on
standardized columns; for classes an L1-penalized logistic regression on a grid of
penalties, halved from the one that closes everything (Friedman and others, 2010, walk
down in the same way), until `k` columns have entered. Columns that enter together are
ordered by the size of their weights.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression, lasso_path
from sklearn.preprocessing import StandardScaler
from sklearn.svm import l1_min_c


def select(X, y, k, task, seed):
    X = StandardScaler().fit_transform(X)
    if task == "classification":
        weights = _logistic_path(X, y, k, seed)
    else:
        _, path, _ = lasso_path(X, y - y.mean(), n_alphas=100, eps=1e-3)
        weights = list(np.abs(path).T)
    entered, seen = [], np.zeros(X.shape[1], dtype=bool)
    for at in weights:
        new = np.flatnonzero((at > 0) & ~seen)
        entered += list(new[np.argsort(-at[new], kind="stable")])
        seen[new] = True
    return np.array(entered, dtype=int)


def _logistic_path(X, y, k, seed):
    model = LogisticRegression(
        solver="saga", l1_ratio=1.0, warm_start=True, random_state=seed, tol=1e-3
    )
    path = []
    strength = l1_min_c(X, y, loss="log")
    for _ in range(20):
        strength *= 2**0.5 if len(path) < 6 else 2
        model.set_params(C=strength).fit(X, y)
        path.append(np.abs(model.coef_).max(axis=0))
        if np.count_nonzero(path[-1]) >= k:
            break
    return path
