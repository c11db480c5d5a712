"""BinMaskSelector

Ours, with defaults: asked for `k` columns, without the final network, which selection
does not need.
"""

import numpy as np
import torch  # noqa: F401  imported here, so that it is no cost of a fit

from sklearn_binmask import BinMaskSelector

PACKAGES = ("sklearn-binmask",)


def select(X, y, k, task, seed):
    return select_with(X, y, k, task, seed)


def select_with(X, y, k, task, seed, **given):
    """Select; what else is given is handed to `fit`."""
    selector = BinMaskSelector(
        n_features_to_select=k, task=task, refit=False, random_state=seed
    )
    selector.fit(X, y, **given)
    best = np.argsort(-selector.scores_, kind="stable")
    return best[selector.support_[best]]
