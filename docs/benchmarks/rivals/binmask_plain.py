"""Plain BinMask

Ours, as near to the paper's recipe as there are ways to say so: the straight-through
gradient alone (no curvature), first weights that know of no products of columns, no
column asked again, the target as it is, standardized values alone (no folds of ranks),
and the fewest members that judge on rows they have not trained on, which is two, of 64
units.
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
    departures = ("curvature", "pairs", "triples", "interplay", "recall")
    config = partial(SolverConfig, **dict.fromkeys(departures, False))
    estimator = "sklearn_binmask._estimator"
    with (
        mock.patch(f"{estimator}.settings.SolverConfig", config),
        mock.patch(f"{estimator}.encoded.winsorized", lambda target: target),
    ):
        selector.fit(X, y)
    best = np.argsort(-selector.scores_, kind="stable")
    return best[selector.support_[best]]
