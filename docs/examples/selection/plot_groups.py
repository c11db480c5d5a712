"""
Groups of columns, and columns that must stay
=============================================

Columns often come in lots: measured by one device, bought together, made from one
source. `feature_groups` gives each lot one gate, and `mandatory_features` names what
is kept in any case, free of charge.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer

from sklearn_binmask import BinMaskSelector, MaskDisplay, PathDisplay

# %%
# Each of ten traits of a cell nucleus was measured once, and three numbers were kept:
# its mean, its standard error, and its worst value. Who measures a trait has all three.

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
traits = [name.removeprefix("mean ") for name in X.columns[:10]]
groups = [[f"mean {t}", f"{t} error", f"worst {t}"] for t in traits]

# %%
# Three traits, nine columns. A number of columns has to be one that whole groups add
# up to.

by_trait = BinMaskSelector(
    n_features_to_select=9, feature_groups=groups, random_state=0
).fit(X, y)
print(
    [trait for trait in traits if f"mean {trait}" in by_trait.get_feature_names_out()]
)

# %%
# Suppose the mean radius is on file for every patient. It counts towards the number,
# and the others are chosen for what they add to it.

on_file = BinMaskSelector(
    n_features_to_select=4, mandatory_features=["mean radius"], random_state=0
).fit(X, y)
print(list(on_file.get_feature_names_out()))

# %%
# Columns of one group leave the path together.

PathDisplay.from_estimator(by_trait, kind="columns")
plt.show()

# %%
# And with the mandatory column:

MaskDisplay.from_estimator(on_file)
plt.show()
