"""
How sure is a selection?
========================

A selection may owe much to the rows at hand. `StabilitySelector` follows the path on 50
resamples and selects only columns on which most of them agree, so that a bound on the
share of false selections is kept. To see it at work we add columns that are false by
construction.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

from sklearn_binmask import BinMaskSelector, StabilityDisplay, StabilitySelector

# %%
# Ten columns of the diabetes study, and beside each a copy of which the rows are
# shuffled: it has the same distribution and knows nothing of the target.

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
rng = np.random.default_rng(0)
shuffled = {f"{name} shuffled": rng.permutation(X[name].to_numpy()) for name in X}
table = pd.concat([X, pd.DataFrame(shuffled)], axis=1)

# %%
# `fdr=0.1` asks that at most a tenth of what is selected be false, in expectation. The
# target holds whole numbers, which "auto" would take for classes, hence `task`.

stable = StabilitySelector(fdr=0.1, task="regression", random_state=0).fit(table, y)
print("selected:", ", ".join(stable.get_feature_names_out()))
print(f"threshold {stable.threshold_:.2f},", end=" ")
print(f"bound on the number of false selections {stable.expected_false_:.2f}")
stable.report().sort_values("rank").head(8)[["name", "selection_probability"]]

# %%
# A single fit that is told to choose ten has to fill its places.

ten = BinMaskSelector(
    n_features_to_select=10, task="regression", refit=False, random_state=0
)
print("ten of one fit:", ", ".join(ten.fit(table, y).get_feature_names_out()))

# %%
# Along the path: how often each column is open. Those selected are in colour.

StabilityDisplay.from_estimator(stable)
plt.show()
