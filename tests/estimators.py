"""All estimators, as quick as they can be: for tests of behaviour, not of quality."""

import numpy as np
from planted import SMALL, easy

from sklearn_binmask import (
    BinMaskMLPClassifier,
    BinMaskMLPRegressor,
    BinMaskSelector,
    BinMaskSelectorCV,
    StabilitySelector,
)

X, Y = easy(60, n_columns=3)
_MLP = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0}
_PATH = SMALL | {"max_iter": 2}
_BY_NAME = {
    "selector": (BinMaskSelector, _PATH),
    "selector_cv": (BinMaskSelectorCV, _PATH | {"cv": 2}),
    "stability": (
        StabilitySelector,
        {
            "n_resamples": 2,
            "n_members": 2,
            "hidden_layer_sizes": (4,),
            "random_state": 0,
        },
    ),
    "classifier": (BinMaskMLPClassifier, _MLP),
    "regressor": (BinMaskMLPRegressor, _MLP),
}
NAMES = tuple(_BY_NAME)
# Those whose fitted form predicts.
PREDICTING = tuple(name for name in NAMES if name != "stability")


def quick(name, **params):
    """Make one that is not fitted."""
    cls, defaults = _BY_NAME[name]
    return cls(**defaults | params)


def says(estimator, table=X):
    """Gather all that a fitted estimator says of a table, as arrays by name."""
    said = {"support": estimator.support_, "transform": estimator.transform(table)}
    for method in ("predict", "predict_proba", "decision_function"):
        if hasattr(estimator, method):
            said[method] = getattr(estimator, method)(table)
    return {name: np.asarray(values) for name, values in said.items()}


def assert_says(estimator, expected, table=X):
    """Compare with what `says` gave, to the last bit."""
    said = says(estimator, table)
    assert said.keys() == expected.keys()
    for name, values in said.items():
        np.testing.assert_array_equal(values, expected[name], err_msg=name)
