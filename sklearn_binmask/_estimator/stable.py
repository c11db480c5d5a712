"""From the paths of many resamples to a selection of columns."""

from typing import Any

import numpy as np

from .._path.choose import LeavingOrder
from .._path.stability import Promise, StabilityPath, judge
from .gates import Gates
from .selection import as_record, column_scores, rank_columns

__all__ = ["Promise", "select_stable"]


def select_stable(
    path: StabilityPath, gates: Gates, promise: Promise, *, in_pairs: bool
) -> dict[str, Any]:
    """Select the columns that most resamples agree on.

    Parameters
    ----------
    path : StabilityPath
        What the resamples say.
    gates : Gates
        Between columns and gates.
    promise : Promise
        Of the threshold.
    in_pairs : bool
        Whether the resamples come in complementary pairs.

    Returns
    -------
    attributes : dict
        The fitted attributes by name.
    """
    free = ~gates.mandatory
    verdict = judge(path, free, promise, in_pairs=in_pairs)
    shares = path.probabilities[verdict.point]
    chosen = (shares >= verdict.threshold - 1e-9) | ~free
    order = LeavingOrder(path.scores, np.lexsort((-path.scores, -shares)))
    support = gates.columns(chosen)
    by_column = gates.columns(path.probabilities)
    fields = {
        "n_open": path.n_open,
        "n_features": by_column.sum(axis=1),
        "penalty": path.penalty,
        "validation_loss": path.validation_loss,
        "validation_se": path.validation_se,
        "copy_probability": path.copied.mean(axis=1),
        "selection_probabilities": by_column,
    }
    return {
        "support_": support,
        "selection_probabilities_": by_column[verdict.point],
        "threshold_": verdict.threshold,
        "expected_false_": verdict.n_false,
        "ranking_": rank_columns(chosen, order, gates),
        "scores_": column_scores(order, gates),
        "n_features_": int(support.sum()),
        "path_": as_record(fields),
        "point_": verdict.point,
        "n_resamples_": path.n_runs,
    }
