"""No public method touches what a process shares, and no result hangs on it."""

import functools
import io
import pickle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from estimators import NAMES, X, Y, assert_says, quick, says
from skl2onnx import to_onnx
from world import untouched

import sklearn_binmask
from sklearn_binmask import (
    MaskDisplay,
    PathDisplay,
    StabilityDisplay,
    TrainingDisplay,
    binmask_path,
    dump,
    load,
    register_onnx_converters,
    sample_rows,
)

FRAME = pd.DataFrame(X, columns=list("abc")).assign(d=np.where(Y, "u", "v"))
WEIGHTS = np.ones(len(Y))


def public_methods(estimator):
    """All but scikit-learn's own, which set and tell parameters and requests."""
    return {
        name
        for name in dir(estimator)
        if not name.startswith(("_", "set_", "get_params", "get_metadata"))
        and callable(getattr(estimator, name))
    }


def calls_of(estimator, table):
    """Give each public method what it takes; a new one has to be added here."""
    nothing = ("report", "compact", "get_support", "get_feature_names_out")
    arguments = dict.fromkeys(nothing, ()) | {
        "fit": (table, Y, WEIGHTS),
        "fit_transform": (table, Y),
        "partial_fit": (table, Y),
        "score": (table, Y),
    }
    for name in ("transform", "predict", "predict_proba", "decision_function"):
        arguments[name] = (table,)
    calls = {
        name: functools.partial(getattr(estimator, name), *arguments[name])
        for name in sorted(public_methods(estimator) - {"inverse_transform"})
    }
    # each fit without a seed may select other columns
    calls["inverse_transform"] = lambda: estimator.inverse_transform(
        estimator.transform(table)
    )
    return calls


@pytest.mark.parametrize(
    ("table", "random_state"), [(X, None), (FRAME, 0)], ids=["array", "frame, seed"]
)
@pytest.mark.parametrize("name", NAMES)
def test_no_method_touches_the_world(name, table, random_state):
    estimator = quick(name, random_state=random_state).fit(table, Y)
    calls = calls_of(estimator, table)
    assert {"fit", "transform", "report"} <= set(calls)
    calls["pickle"] = lambda: pickle.loads(pickle.dumps(estimator))
    calls["repr"] = lambda: (repr(estimator), estimator._repr_html_())
    for method, call in calls.items():
        call()  # what is imported late is here from now on
        with untouched(method):
            call()


def functions_and_pictures():
    """Call by name each function, and each way to a picture."""
    selector, stability = quick("selector").fit(X, Y), quick("stability").fit(X, Y)
    cv_results = {
        "n_features": np.arange(1, 4),
        "mean_test_score": np.array([0.5, 0.7, 0.6]),
        "std_test_score": np.full(3, 0.1),
    }
    calls = {
        "binmask_path": lambda: binmask_path(X, Y, n_members=2),
        "dump": lambda: dump(selector, io.BytesIO()),
        "load": lambda: load(saved),
        "register_onnx_converters": register_onnx_converters,
        "register_onnx_converters, then to_onnx": lambda: to_onnx(
            selector, X[:1], options={"zipmap": False}
        ),
        "sample_rows": lambda: sample_rows([(X, Y)], n_rows=10, random_state=0),
        "MaskDisplay": lambda: MaskDisplay.from_estimator(selector),
        "PathDisplay": lambda: PathDisplay.from_estimator(selector),
        "PathDisplay, of results": lambda: PathDisplay.from_cv_results(cv_results),
        "StabilityDisplay": lambda: StabilityDisplay.from_estimator(stability),
        "TrainingDisplay": lambda: TrainingDisplay.from_estimator(selector),
    }
    dump(selector, saved := io.BytesIO())
    return calls


def test_no_function_and_no_picture_touches_the_world():
    calls = functions_and_pictures()
    estimators = {type(quick(name)).__name__ for name in NAMES}
    public = set(sklearn_binmask.__all__) - estimators - {"__version__"}
    assert {name.partition(",")[0] for name in calls} == public
    try:
        for name, call in calls.items():
            call()
            with untouched(name):
                call()
    finally:
        plt.close("all")


@pytest.mark.parametrize("name", NAMES)
def test_a_fit_does_not_hang_on_the_world(name):
    """Other seeds, defaults and modes make no difference to the last bit."""
    expected = says(quick(name).fit(X, Y))
    np.random.seed(99)
    torch.manual_seed(99)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.inference_mode(), np.errstate(all="raise"):
            assert_says(quick(name).fit(X, Y), expected)
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", NAMES)
def test_the_table_and_the_target_are_not_touched(name):
    table, y, weights = X.copy(), Y.copy(), WEIGHTS.copy()
    for array in (table, y, weights):
        array.flags.writeable = False
    says(quick(name).fit(table, y, sample_weight=weights), table)
    frame, before = FRAME.copy(), FRAME.copy(deep=True)
    says(quick(name).fit(frame, Y), frame)
    pd.testing.assert_frame_equal(frame, before)
