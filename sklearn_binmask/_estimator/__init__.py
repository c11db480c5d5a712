"""The shared road of every fit, from the user's table to fitted attributes.

`rows` checks what the user gave, `encoded` makes arrays of it, `gates` puts gates in
front of columns, `settings` gathers parameters, `road` (the path) and `masked` (masked
networks) ask the engine, `selection` makes columns of its answer, `fitted`,
`predicting`, `selecting` and `reporting` serve the fitted estimator, and `base` writes
on it.
"""

from .base import StampedEstimator, publish
from .mlp import MaskedMLP
from .predicting import NetworkPredictions
from .road import refit_on, trace
from .rows import check_rows, check_table, is_frame, select_columns
from .selecting import SelectedColumns
from .selection import path_fields, path_scores, select
from .settings import PathSettings

__all__ = [
    "MaskedMLP",
    "NetworkPredictions",
    "PathSettings",
    "SelectedColumns",
    "StampedEstimator",
    "check_rows",
    "check_table",
    "is_frame",
    "path_fields",
    "path_scores",
    "publish",
    "refit_on",
    "select",
    "select_columns",
    "trace",
]
