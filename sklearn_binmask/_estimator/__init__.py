"""The shared road of every fit, from the user's table to fitted attributes.

`rows` checks what the user gave, `pointers` what sparse tables point at, `together`
does so for rows that several processes share, `shards` takes them in parts, `large` and
`mapped` leave large tables where they are, `encoded` makes arrays of it, `gates` puts
gates in front of columns, `settings` gathers parameters, `road` (the path), `resampled`
(many paths) and `masked` (masked networks) ask the engine, and `trial` asks again;
`selection`, `stable` and `attributes` make what is published of its answer, `fitted`,
`predicting`, `selecting`, `reporting` and `compact` serve the fitted estimator,
`partial` trains it on, `folds`, `judges`, `fold_trial` and `scoring` do
cross-validation, and `base` writes on it.
"""

from .._engine.agreement import Agreement, find_agreement
from .base import StampedEstimator, publish
from .fold_trial import FoldTrial
from .folds import Folds
from .large import check_enough_rows
from .mlp import MaskedMLP
from .pointers import refuse_outside
from .predicting import NetworkPredictions
from .resampled import word_resampled
from .road import refit_on, trace
from .rows import check_table, is_frame, select_columns
from .scoring import CrossValidated, FoldScorer, route, split_rows
from .selecting import SelectedColumns
from .selection import path_fields, path_scores, select, select_gates
from .selector import ColumnSelector, fitted_attributes
from .settings import PathSettings
from .shards import Shard
from .stable import Promise, select_stable
from .together import join_group, open_store
from .trial import Trial

__all__ = [
    "Agreement",
    "ColumnSelector",
    "CrossValidated",
    "FoldScorer",
    "FoldTrial",
    "Folds",
    "MaskedMLP",
    "NetworkPredictions",
    "PathSettings",
    "Promise",
    "SelectedColumns",
    "Shard",
    "StampedEstimator",
    "Trial",
    "check_enough_rows",
    "check_table",
    "find_agreement",
    "fitted_attributes",
    "is_frame",
    "join_group",
    "open_store",
    "path_fields",
    "path_scores",
    "publish",
    "refit_on",
    "refuse_outside",
    "route",
    "select",
    "select_columns",
    "select_gates",
    "select_stable",
    "split_rows",
    "trace",
    "word_resampled",
]
