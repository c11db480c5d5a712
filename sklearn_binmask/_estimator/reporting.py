"""What a fit says of each column, as one tidy table."""

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._sklearn import _check_feature_names_in, _get_output_config

__all__ = ["ColumnReport"]


class ColumnReport(BaseEstimator):
    """Has a `report`, read from public fitted attributes alone."""

    support_: NDArray[np.bool_]
    input_kinds_: list[str]

    def report(self) -> Any:
        """Tell what the fit says of each column.

        Returns
        -------
        report : pandas.DataFrame or polars.DataFrame
            One row per column of the table fitted, in its order; a frame of polars if
            ``set_output(transform="polars")`` or scikit-learn's configuration asks
            for it. Its columns are:

            ``name``
                As in `feature_names_in_`, or x0, x1, ...
            ``kind``
                What the column was read as: "numeric", "boolean", "categorical" (text
                too), or "constant" if it does not vary.
            ``selected``
                Whether it is in `support_`.
            ``rank``
                As in `ranking_`: 1 for selected columns, then the larger, the earlier
                the column left. Missing where columns have no gates.
            ``score``
                As in `scores_`: the larger, the more important; infinite for a
                mandatory column, ``-inf`` for a constant one. Missing where the
                estimator has no `scores_`.
            ``selection_probability``
                Only after stability selection: share of resamples that select it.
            ``penalty``
                Price of an open gate at which the column left the path for good, in
                units of the mean loss: infinite if it never left, missing if it never
                was on a path, or columns have no gates. After stability selection,
                the highest penalty at which the column is still selected often enough.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self, "support_")
        unknown = np.full(len(self.support_), np.nan)
        columns = {
            "name": _check_feature_names_in(self).tolist(),
            "kind": list(self.input_kinds_),
            "selected": self.support_,
            "rank": getattr(self, "ranking_", unknown),
            "score": getattr(self, "scores_", unknown),
        }
        probabilities = getattr(self, "selection_probabilities_", None)
        if probabilities is not None:
            columns["selection_probability"] = probabilities
        columns["penalty"] = _price_of_leaving(self)
        library = _get_output_config("transform", self)["dense"]
        report = nw.from_dict(
            columns, backend="polars" if library == "polars" else "pandas"
        )
        return report.to_native()


def _price_of_leaving(estimator: ColumnReport) -> NDArray[np.float64]:
    """Find the highest penalty on the path at which each column is still there."""
    never = np.full(len(estimator.support_), np.nan)
    path = getattr(estimator, "path_", None)
    if path is None or not hasattr(estimator, "ranking_"):
        return never
    if "support" in path.dtype.names:
        there = path["support"]
    else:
        there = path["selection_probabilities"] >= estimator.threshold_
    penalty = path["penalty"].astype(np.float64)
    highest = np.where(there, penalty[:, None], -np.inf).max(axis=0)
    return np.where(there.any(axis=0), highest, never)
