"""What each parameter may be, in the form of scikit-learn's parameter constraints.

Where a parameter names a row of a table of the engine or of the encodings, its
constraint is read from that table, so a new row is allowed as soon as it is there.
"""

from numbers import Integral, Real
from typing import Any

from sklearn.metrics import get_scorer_names

from ._encoding import FINE, NUMERIC_ENCODINGS
from ._engine.predict import ACTIVATIONS
from ._path.choose import RULES
from ._path.resamples import RESAMPLINGS
from ._sklearn import Interval, RealNotInt, StrOptions

__all__ = [
    "COMMON",
    "CROSS_VALIDATION",
    "ENCODING",
    "GATES",
    "MASKED",
    "RESAMPLED",
    "SELECTION",
    "SHARED",
    "TRAINING",
]

Constraints = dict[str, list[Any]]

ENCODING: Constraints = {
    "task": [StrOptions({"auto", "classification", "regression"})],
    "numeric_encoding": [StrOptions(set(NUMERIC_ENCODINGS) - {FINE, None}), None],
    "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
    "class_weight": [StrOptions({"balanced"}), dict, list, None],
}

SELECTION: Constraints = {
    "n_features_to_select": [
        StrOptions({"auto"}),
        Interval(Integral, 1, None, closed="left"),
        Interval(RealNotInt, 0, 1, closed="right"),
    ],
    "l0_penalty": [Interval(Real, 0, None, closed="left"), None],
    "min_features_to_select": [Interval(Integral, 1, None, closed="left")],
}

GATES: Constraints = {
    "feature_groups": ["array-like", list, None],
    "mandatory_features": ["array-like", None],
}

TRAINING: Constraints = {
    "hidden_layer_sizes": [Interval(Integral, 1, None, closed="left"), "array-like"],
    "n_members": [Interval(Integral, 2, None, closed="left")],
    "activation": [StrOptions(set(ACTIVATIONS))],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "mask_learning_rate": [Interval(Real, 0, 1, closed="right")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "validation_fraction": [Interval(RealNotInt, 0, 1, closed="neither")],
    "device": [str],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

# A fit that several processes may share.
COMMON: Constraints = {"distributed": [StrOptions({"auto"}), None]}

MASKED: Constraints = {
    **COMMON,
    **{name: given for name, given in ENCODING.items() if name != "task"},
    **GATES,
    **{name: given for name, given in TRAINING.items() if name != "n_members"},
    "granularity": [str, tuple, list],
    "l0_penalty": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left"), None],
    "sparsity": [Interval(Real, 0, 1, closed="left"), None],
    "n_features_to_select": [
        Interval(Integral, 1, None, closed="left"),
        Interval(RealNotInt, 0, 1, closed="right"),
        None,
    ],
    "learning_rate": [StrOptions({"adaptive", "constant"})],
    "tol": [Interval(Real, 0, 1, closed="left")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "early_stopping": ["boolean"],
    "warm_start": ["boolean"],
}

CROSS_VALIDATION: Constraints = {
    "cv": ["cv_object"],
    "scoring": [StrOptions(set(get_scorer_names())), callable, None],
    "rule": [StrOptions(set(RULES))],
}

_AUTOMATIC = ("hidden_layer_sizes", "n_members")
# What the path takes, whoever asks for it.
SHARED: Constraints = {
    **ENCODING,
    **GATES,
    **TRAINING,
    **{n: [StrOptions({"auto"}), *TRAINING[n]] for n in _AUTOMATIC},
}

RESAMPLED: Constraints = {
    **{n: g for n, g in SHARED.items() if n not in ("max_iter", "validation_fraction")},
    "n_members": TRAINING["n_members"],
    "n_resamples": [Interval(Integral, 2, None, closed="left")],
    "resampling": [StrOptions(set(RESAMPLINGS))],
    "threshold": [Interval(Real, 0.5, 1, closed="right"), None],
    "max_false": [Interval(Real, 0, None, closed="neither"), None],
    "fdr": [Interval(Real, 0, 1, closed="neither"), None],
    "n_jobs": [Integral, None],
}
