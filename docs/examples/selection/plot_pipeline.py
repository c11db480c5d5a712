"""
Selection in a pipeline
=======================

A selector belongs inside the pipeline. There it is fitted anew on the training rows of
every fold, and never sees the rows that the score comes from.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline

from sklearn_binmask import BinMaskSelector

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
folds = StratifiedKFold(n_splits=8, shuffle=True, random_state=0)
trees = HistGradientBoostingClassifier(max_iter=50, random_state=0)

# %%
# The same trees three times: on all 30 columns, and behind selectors of five and of
# two. `refit=False` spares the selector its own network, which nobody asks here.

models = {"all 30 columns": trees}
for k in (5, 2):
    selector = BinMaskSelector(n_features_to_select=k, refit=False, random_state=0)
    models[f"{k} columns"] = make_pipeline(selector, trees)

results = {
    label: cross_validate(model, X, y, cv=folds, return_estimator=True)
    for label, model in models.items()
}
for label, result in results.items():
    scores = result["test_score"]
    print(f"{label:15s} accuracy {scores.mean():.3f} +- {scores.std():.3f}")

# %%
# `return_estimator=True` keeps the fitted pipelines, so we can ask which columns each
# of the eight folds chose. Where folds disagree, the table holds columns that tell much
# the same.

chosen = np.array(
    [pipeline[0].support_ for pipeline in results["5 columns"]["estimator"]]
)
some = np.flatnonzero(chosen.any(axis=0))
some = some[np.argsort(-chosen[:, some].sum(axis=0), kind="stable")]

fig, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4), layout="constrained", width_ratios=[1, 1.4]
)
left.boxplot([r["test_score"] for r in results.values()], tick_labels=list(results))
left.set_ylabel("accuracy on held-out rows")
right.imshow(chosen[:, some].T, aspect="auto", cmap="Blues", vmax=1.3)
right.set_yticks(range(len(some)), X.columns[some])
right.set_xlabel("fold")
right.set_title("columns chosen, five in each fold")
plt.show()
