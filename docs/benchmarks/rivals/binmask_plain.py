"""Plain BinMask

Ours, as near to the paper's recipe as there are ways to say so: the straight-through
gradient alone (no curvature), first weights that know of no pairs of columns,
standardized values alone (no folds of ranks), and the fewest members that judge on rows
they have not trained on, which is two, of 64 units.
"""

from functools import partial
from unittest import mock

import numpy as np
import torch  # noqa: F401  imported here, so that it is no cost of a fit

from sklearn_binmask import BinMaskSelector
from sklearn_binmask._engine.problem import SolverConfig

PACKAGES = ("sklearn-binmask",)


def select(X, y, k, task, seed):
    selector = BinMaskSelector(
        n_features_to_select=k,
        task=task,
        numeric_encoding=None,
        n_members=2,
        hidden_layer_sizes=(64,),
        refit=False,
        random_state=seed,
    )
    # what the paper has is no option for users
    config = partial(SolverConfig, curvature=False, pairs=False)
    with mock.patch("sklearn_binmask._estimator.settings.SolverConfig", config):
        selector.fit(X, y)
    best = np.argsort(-selector.scores_, kind="stable")
    return best[selector.support_[best]]
