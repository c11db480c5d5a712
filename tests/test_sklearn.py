"""The whole scikit-learn contract, with nothing excused.

`check_estimator` leaves some of scikit-learn's own checks out; they are called here.
"""

import pytest
from sklearn.utils import estimator_checks as checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_binmask import (
    BinMaskMLPClassifier,
    BinMaskMLPRegressor,
    BinMaskSelector,
    BinMaskSelectorCV,
    StabilitySelector,
)

# Small committees: the contract is about behaviour, not about quality.
SMALL = {"n_members": 2, "hidden_layer_sizes": (4,), "max_iter": 50, "random_state": 0}

CONFIGURATIONS = [
    BinMaskSelector(**SMALL),
    BinMaskSelector(n_features_to_select=1, **SMALL),
    BinMaskSelector(n_features_to_select=0.5, numeric_encoding=None, **SMALL),
    BinMaskSelector(l0_penalty=0.01, activation="tanh", **SMALL),
    BinMaskSelector(refit=False, **SMALL),
    BinMaskSelector(task="regression", alpha=0.0, batch_size=16, **SMALL),
    BinMaskSelector(task="classification", **SMALL),
    BinMaskSelector(
        **(SMALL | {"hidden_layer_sizes": (4, 3)}), class_weight="balanced"
    ),
]

CROSS_VALIDATED = [
    BinMaskSelectorCV(**SMALL),
    BinMaskSelectorCV(cv=3, task="classification", scoring="roc_auc_ovr", **SMALL),
    BinMaskSelectorCV(cv=2, task="regression", scoring="r2", rule="best", **SMALL),
]

FEW = {
    "n_resamples": 4,
    "n_members": 2,
    "hidden_layer_sizes": (4,),
    "random_state": 0,
}
RESAMPLED = [
    StabilitySelector(**FEW),
    StabilitySelector(threshold=0.6, **FEW),
    StabilitySelector(resampling="bootstrap", max_false=2.0, **FEW),
    # of four resamples nothing may be promised, and no column has no inverse
    StabilitySelector(
        task="regression",
        fdr=0.5,
        numeric_encoding=None,
        mandatory_features=[0],
        **FEW,
    ),
    StabilitySelector(task="classification", class_weight="balanced", **FEW),
]

TINY = {"hidden_layer_sizes": (4,), "max_iter": 100, "random_state": 0}
GRANULARITIES = [
    "weights",
    "units",
    "features",
    ("features", "units"),
    ("features", "weights"),
    ("units", "weights"),
    ("features", "units", "weights"),
]
NETWORKS = [
    *(BinMaskMLPClassifier(granularity=kind, **TINY) for kind in GRANULARITIES),
    *(BinMaskMLPRegressor(granularity=kind, **TINY) for kind in GRANULARITIES),
    BinMaskMLPClassifier(granularity="features", n_features_to_select=0.9, **TINY),
    BinMaskMLPClassifier(
        sparsity=0.5,
        activation="tanh",
        **(TINY | {"hidden_layer_sizes": (16,)}),
    ),
    BinMaskMLPRegressor(
        granularity="units",
        sparsity=0.5,
        early_stopping=False,
        **(TINY | {"hidden_layer_sizes": (4, 3)}),
    ),
    BinMaskMLPRegressor(
        l0_penalty=0.01,
        alpha=0.0,
        batch_size=16,
        learning_rate="constant",
        **TINY,
    ),
]

LEFT_OUT = [
    checks.check_dataframe_column_names_consistency,
    checks.check_transformer_get_feature_names_out,
    checks.check_transformer_get_feature_names_out_pandas,
    checks.check_get_feature_names_out_error,
    checks.check_set_output_transform,
    checks.check_set_output_transform_pandas,
    checks.check_set_output_transform_polars,
    checks.check_global_output_transform_pandas,
    checks.check_global_set_output_transform_polars,
    checks.check_param_validation,
    checks.check_inplace_ensure_writeable,
]


# tables of a few rows of noise, of which nothing is sure enough
none_selected = pytest.mark.filterwarnings(
    "ignore:No features were selected:UserWarning"
)


@none_selected
@parametrize_with_checks(
    [*CONFIGURATIONS, *CROSS_VALIDATED, *RESAMPLED, *NETWORKS], xfail_strict=True
)
def test_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("check", LEFT_OUT, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    "estimator",
    [
        *CONFIGURATIONS[:3],
        CROSS_VALIDATED[0],
        RESAMPLED[1],
        NETWORKS[0],
        NETWORKS[9],
        NETWORKS[-2],
    ],
    ids=["auto", "int", "float", "cv", "resamples", "classes", "numbers", "units"],
)
@none_selected
# some of these transform an array after a fit on a frame, and do not mind the warning
@pytest.mark.filterwarnings("ignore:X .*feature names, but:UserWarning")
def test_checks_that_are_left_out(estimator, check):
    check(type(estimator).__name__, estimator)
