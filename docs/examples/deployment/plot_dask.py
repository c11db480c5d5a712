"""
Many fits on many machines
==========================

Fits that do not depend on each other can run anywhere: on the cores of one machine
through joblib, or on a cluster through joblib's dask backend.
"""

import joblib
import matplotlib.pyplot as plt
import numpy as np
from distributed import Client, SubprocessCluster
from sklearn.datasets import load_digits

from sklearn_binmask import BinMaskSelector, MaskDisplay

X, y = load_digits(return_X_y=True)

# %%
# Which four pixels tell one digit from the one that follows it? Ten selections, none
# of which waits for another.

pairs = [(digit, (digit + 1) % 10) for digit in range(10)]


def select(pair):
    """Select four pixels that tell two digits apart."""
    rows = np.isin(y, pair)
    selector = BinMaskSelector(n_features_to_select=4, refit=False, random_state=0)
    return selector.fit(X[rows], y[rows])


# %%
# Here the "many machines" are two worker processes of this one. For a real cluster,
# connect `Client` to the address of its scheduler, and leave the rest as it is.

cluster = SubprocessCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
with cluster, Client(cluster) as client, joblib.parallel_config(backend="dask"):
    client.wait_for_workers(2)
    far = joblib.Parallel()(joblib.delayed(select)(pair) for pair in pairs)

# %%
# The first of them again, in this process: the same pixels at the same prices.

near = select(pairs[0])
print((near.support_ == far[0].support_).all(), (near.scores_ == far[0].scores_).all())

# %%
# `GridSearchCV`, `cross_validate` and `StabilitySelector` take the backend in the same
# way: what they do inside of ``with joblib.parallel_config(backend="dask")`` goes to
# the workers.

fig, axes = plt.subplots(2, 5, figsize=(9, 4.2), layout="constrained")
for ax, (one, other), selector in zip(axes.flat, pairs, far, strict=True):
    MaskDisplay.from_estimator(selector, image_shape=(8, 8), ax=ax)
    ax.set_title(f"{one} or {other}")
plt.show()
