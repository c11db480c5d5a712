"""
Where a filter or trees do as well
==================================

A network is not always worth its while. Where each column speaks for itself, a test of
one column at a time chooses as well and costs next to nothing; trees choose well too.
Before you settle on a selector, draw this picture for your own table.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.feature_selection import RFE, f_classif, f_regression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from sklearn_binmask import BinMaskSelector

# %%
# Three ways to order columns, best first. One fit of `BinMaskSelector` orders them all:
# `ranking_` says in which order they leave the path.


def by_gates(X, y, task):
    """Order columns by when they leave the path."""
    selector = BinMaskSelector(
        n_features_to_select=1, task=task, refit=False, random_state=0
    )
    return np.argsort(selector.fit(X, y).ranking_, kind="stable")


def by_test(X, y, task):
    """Order columns by an F-test of each."""
    test = f_classif if task == "classification" else f_regression
    return np.argsort(-test(X, y)[0])


def by_trees(X, y, task):
    """Order columns by taking the worst away again and again."""
    forest = ExtraTreesClassifier if task == "classification" else ExtraTreesRegressor
    rfe = RFE(forest(30, random_state=0), n_features_to_select=1)
    return np.argsort(rfe.fit(X, y).ranking_)


ways = {"BinMaskSelector": by_gates, "F-test": by_test, "RFE with trees": by_trees}

# %%
# One judge for all of them: a support vector machine on the first k columns, tested on
# the rows that neither it nor the selector has seen.

tables = {
    "breast cancer, accuracy": (load_breast_cancer, "classification"),
    "wine, accuracy": (load_wine, "classification"),
    "diabetes, R2": (load_diabetes, "regression"),
}
sizes = [1, 2, 3, 5, 8]

rows = []
for table, (load, task) in tables.items():
    X, y = load(return_X_y=True)
    strata = y if task == "classification" else np.zeros(len(y))
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    for train, test in folds.split(X, strata):
        for way, order in ways.items():
            best_first = order(X[train], y[train], task)
            for k in sizes:
                few = best_first[:k]
                machine = SVC() if task == "classification" else SVR(C=100)
                model = make_pipeline(StandardScaler(), machine)
                model.fit(X[train][:, few], y[train])
                score = model.score(X[test][:, few], y[test])
                rows.append({"table": table, "k": k, "way": way, "score": score})
scores = pd.DataFrame(rows).groupby(["table", "k", "way"], sort=False)["score"].mean()
scores.unstack("way").round(3)

# %%
# Where curves meet, take the cheapest way. A filter falls behind where it spends its
# places on columns that tell the same, as do many of the thirty of breast cancer.

fig, axes = plt.subplots(1, 3, figsize=(10, 3.6), layout="constrained")
for ax, table in zip(axes, tables, strict=True):
    lines = scores[table].unstack("way")
    for way, marker in zip(lines, "os^", strict=True):
        ax.plot(lines.index, lines[way], marker=marker, label=way)
    ax.set(title=table, xlabel="columns")
axes[0].set_ylabel("on held-out rows")
axes[0].legend()
plt.show()
