"""
How many columns: a grid search, and one fit instead
====================================================

The number of columns is a parameter like any other, so `GridSearchCV` can choose it.
`BinMaskSelectorCV` answers the same question in one fit: every fold follows the whole
path, from all columns to none, and all folds train as one batch.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_binmask import BinMaskSelector, BinMaskSelectorCV

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
folds = StratifiedKFold(3, shuffle=True, random_state=0)

# %%
# The grid search tries each number with the model that will use the columns.

pipeline = Pipeline(
    [
        ("select", BinMaskSelector(refit=False, random_state=0)),
        ("scale", StandardScaler()),
        ("model", LogisticRegression(max_iter=1000)),
    ]
)
sizes = [1, 2, 4, 8, 16]
search = GridSearchCV(
    pipeline, {"select__n_features_to_select": sizes}, cv=folds, scoring="neg_log_loss"
).fit(X, y)
print("grid search:", search.best_params_)

# %%
# The other way fits once. By its rule it takes the smallest number whose score is
# within one standard error of the best.

counted = BinMaskSelectorCV(cv=folds, random_state=0).fit(X, y)
print("BinMaskSelectorCV:", counted.n_features_, "columns:")
print(", ".join(counted.get_feature_names_out()))

# %%
# The two curves are scores of two models, a linear one and the selector's own
# networks, so their heights differ. What counts is where each becomes flat.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.errorbar(
    sizes,
    search.cv_results_["mean_test_score"],
    search.cv_results_["std_test_score"] / search.n_splits_**0.5,
    marker="o",
    capsize=3,
    label="grid search, logistic regression",
)
ax.errorbar(
    counted.cv_results_["n_features"],
    counted.cv_results_["mean_test_score"],
    counted.cv_results_["std_test_score"] / counted.n_splits_**0.5,
    marker="s",
    capsize=3,
    label="BinMaskSelectorCV, its own networks",
)
ax.axvline(counted.n_features_, color="grey", linestyle="--")
ax.set_xlabel("columns")
ax.set_ylabel("log loss on held-out rows, negative")
ax.legend()
plt.show()
