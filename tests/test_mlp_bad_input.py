"""What masked networks refuse, in words; and that they then are as they were.

A message names the parameter or argument, the value it got, and what to try. What is
refused by the road that all estimators share is tested with the selector.
"""

import copy

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from planted import easy
from robust.test_promises import Saboteur
from world import describe_world

from sklearn_binmask import BinMaskMLPClassifier, BinMaskMLPRegressor

N = 120
TINY = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0}
X, Y = easy(N)
NUMBERS = 2 * X[:, 0] + X[:, 1]
FRAME = pd.DataFrame(X, columns=list("abcdef"))
INFINITE = scipy.sparse.csr_matrix(np.where(np.abs(X) > 2, np.inf, X))
BY_COLUMN = {"granularity": "features"}

# parameters, what is said
PARAMETERS = [
    (
        {"l0_penalty": 0.1, "sparsity": 0.5},
        r"l0_penalty=0\.1 and sparsity=0\.5.*Give one.*l0_penalty='auto'",
    ),
    (
        {**BY_COLUMN, "l0_penalty": 0, "n_features_to_select": 2},
        r"l0_penalty=0 and n_features_to_select=2.*Give one",
    ),
    (
        {**BY_COLUMN, "sparsity": 0.5, "n_features_to_select": 2},
        r"sparsity=0\.5 and n_features_to_select=2.*Give one.*sparsity=None",
    ),
    (
        {**BY_COLUMN, "sparsity": 0.5, "n_features_to_select": 2, "l0_penalty": 1.0},
        r"l0_penalty=1\.0 and sparsity=0\.5 and n_features_to_select=2.*Give one",
    ),
    ({"granularity": "columns"}, r"granularity='columns'.*'features'.*Try.*'weights'"),
    ({"granularity": ()}, r"granularity=\(\).*'units'.*Try"),
    ({"granularity": ("units", "units")}, r"granularity=.*different.*Try"),
    ({"granularity": ["units", "layers"]}, r"granularity=.*'layers'.*Try"),
    ({"granularity": None}, r"granularity.*Got None"),
    (
        {"n_features_to_select": 2},
        r"n_features_to_select=2.*granularity='weights'.*Add 'features'",
    ),
    (
        {"granularity": ("units", "weights"), "n_features_to_select": 0.5},
        r"n_features_to_select=0\.5.*granularity=\('units', 'weights'\).*Add",
    ),
    (
        {**BY_COLUMN, "n_features_to_select": 7},
        r"n_features_to_select=7.*6.*at most 6",
    ),
    ({**BY_COLUMN, "n_features_to_select": 0}, r"n_features_to_select.*Got 0"),
    ({**BY_COLUMN, "n_features_to_select": 1.5}, r"n_features_to_select.*Got 1\.5"),
    (
        {**BY_COLUMN, "n_features_to_select": "auto"},
        r"n_features_to_select.*Got 'auto'",
    ),
    (
        {**BY_COLUMN, "n_features_to_select": 1, "mandatory_features": [0, 1]},
        r"n_features_to_select=1.*mandatory_features keeps 2.*at least",
    ),
    (
        {**BY_COLUMN, "n_features_to_select": 2, "feature_groups": [[0, 1, 2]]},
        r"n_features_to_select=2.*feature_groups.*leave out feature_groups",
    ),
    (
        {**BY_COLUMN, "sparsity": 0.8, "mandatory_features": [0, 1]},
        r"sparsity=0\.8 leaves 1 of 6.*mandatory_features keeps 2.*at most 0\.667",
    ),
    ({"sparsity": 1.0}, r"sparsity.*\[0.*1.*Got 1\.0"),
    ({"sparsity": -0.1}, r"sparsity.*Got -0\.1"),
    ({"sparsity": np.nan}, r"sparsity.*[Gg]ot nan"),
    ({"l0_penalty": -1.0}, r"l0_penalty.*Got -1\.0"),
    ({"l0_penalty": "cheap"}, r"l0_penalty.*'auto'.*Got 'cheap'"),
    ({"hidden_layer_sizes": 0}, r"hidden_layer_sizes.*Got 0"),
    ({"hidden_layer_sizes": (4, 0)}, r"hidden_layer_sizes=\(4, 0\).*positive.*Try"),
    ({"learning_rate": "invscaling"}, r"learning_rate.*'adaptive'.*Got 'invscaling'"),
    ({"tol": -1e-3}, r"tol.*Got -0\.001"),
    ({"tol": 1.0}, r"tol.*Got 1\.0"),
    ({"n_iter_no_change": 0}, r"n_iter_no_change.*Got 0"),
    ({"early_stopping": "yes"}, r"early_stopping.*Got 'yes'"),
    ({"validation_fraction": 1.0}, r"validation_fraction.*Got 1\.0"),
    ({"warm_start": "yes"}, r"warm_start.*Got 'yes'"),
    ({"activation": "sine"}, r"activation.*'relu'.*Got 'sine'"),
    ({"mandatory_features": [6]}, r"mandatory_features.*6.*\[0, 5\]"),
    ({"feature_groups": [[0, 1], [1, 2]]}, r"feature_groups.*\[1, 2\] twice"),
    ({"device": "abacus"}, r"device='abacus'.*'cpu'.*Try"),
    ({"random_state": "lucky"}, r"random_state.*Got 'lucky'"),
    (
        {"hidden_layer_sizes": (5,), "warm_start": True},
        r"warm_start=True.*shapes.*Keep",
    ),
    (
        {"hidden_layer_sizes": (4, 4), "warm_start": True},
        r"warm_start=True.*hidden_layer_sizes.*warm_start=False",
    ),
    (
        {"numeric_encoding": "auto", "warm_start": True},
        r"warm_start=True.*Keep data.*warm_start=False",
    ),
]


def classifier(**params):
    return BinMaskMLPClassifier(**(TINY | params))


def regressor(**params):
    return BinMaskMLPRegressor(**(TINY | params))


FITTED = classifier().fit(X, Y)


def assert_refused(model, call, error, says):
    """It raises, and nothing of the estimator has changed."""
    state = dict(vars(model))
    with pytest.raises(error, match=f"(?s){says}"):
        call(model)
    assert set(vars(model)) == set(state)
    assert all(vars(model)[name] is value for name, value in state.items())


@pytest.mark.parametrize(
    ("params", "says"), PARAMETERS, ids=lambda value: str(value)[:60]
)
def test_parameters(params, says):
    fitted = copy.copy(FITTED)
    assert_refused(fitted.set_params(**params), lambda m: m.fit(X, Y), ValueError, says)
    assert_array_equal(fitted.predict(X), FITTED.predict(X))
    if "warm_start=True" in says:  # which goes on from something fitted
        return
    assert_refused(classifier(**params), lambda m: m.fit(X, Y), ValueError, says)
    call = lambda m: m.fit(X, NUMBERS)  # noqa: E731
    assert_refused(regressor(**params), call, ValueError, says)


def test_a_warm_start_with_other_columns_or_classes():
    model = classifier(warm_start=True).fit(X, Y)
    says = r"warm_start=True.*Keep data.*warm_start=False"
    assert_refused(model, lambda m: m.fit(X[:, :5], Y), ValueError, says)
    three = np.arange(N) % 3
    assert_refused(model, lambda m: m.fit(X, three), ValueError, says)


def test_class_weight_that_cannot_serve():
    for given, says in [
        ("heavy", r"class_weight.*Got 'heavy'"),
        ({0: -1, 1: 1}, r"class_weight=\{0: -1.*at least 0"),
        ({"x": 1, "y": 2}, r"class_weight.*'x'.*\[0, 1\]"),
    ]:
        model = classifier(class_weight=given)
        assert_refused(model, lambda m: m.fit(X, Y), ValueError, says)
    with pytest.raises(TypeError, match="class_weight"):
        regressor(class_weight="balanced")


TARGETS = [
    (classifier, NUMBERS, r"continuous.*fractions.*regressor"),
    (classifier, Y * 0, r"only 1 class, 0.*at least 2"),
    (classifier, None, r"requires y to be passed"),
    (regressor, np.where(Y, "a", "b"), r"'[ab]'.*regression needs numbers.*classifier"),
    (regressor, np.where(Y, np.nan, 1.0), r"y contains NaN"),
]


@pytest.mark.parametrize(("make", "y", "says"), TARGETS)
def test_targets_that_cannot_serve(make, y, says):
    for fit in (lambda m: m.fit(X, y), lambda m: m.partial_fit(X, y)):
        assert_refused(make(), fit, ValueError, says)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_tables_and_weights_that_cannot_serve(method):
    cases = [
        ({"X": INFINITE}, ValueError, r"infinity"),
        ({"X": X[0]}, ValueError, r"Expected 2D"),
        ({"X": X[:-1]}, ValueError, r"inconsistent.*119, 120"),
        ({"X": np.where(X > 2, np.inf, X)}, ValueError, r"infinity"),
        (
            {"sample_weight": np.zeros(N)},
            ValueError,
            r"sample_weight is zero.*positive",
        ),
        ({"sample_weight": -np.ones(N)}, ValueError, r"[Nn]egative.*sample_weight"),
        ({"sample_weight": np.ones(N - 1)}, ValueError, r"sample_weight.*119"),
    ]
    for wrong, error, says in cases:
        arguments = {"X": X, "y": Y, **wrong}
        for model in (classifier(), copy.copy(FITTED)):
            call = getattr(model, method)
            assert_refused(model, lambda m, c=call, a=arguments: c(**a), error, says)


# --- rows that the user holds out ---------------------------------------------------

HELD_OUT = [
    ({"X_val": X}, ValueError, r"X_val and y_val.*one of them is None.*Pass both"),
    ({"y_val": Y}, ValueError, r"X_val and y_val.*one of them is None.*Pass both"),
    (
        {"X_val": X[:9], "y_val": Y[:8]},
        ValueError,
        r"X_val has 9 rows and y_val 8.*Pass",
    ),
    ({"X_val": X[:, :5], "y_val": Y}, ValueError, r"5 features.*6 features"),
    ({"X_val": X[:0], "y_val": Y[:0]}, ValueError, r"0 sample"),
    ({"X_val": X, "y_val": Y + 1}, ValueError, r"classes \[2\].*known.*\[0, 1\].*Name"),
    (
        {"X_val": X, "y_val": np.where(Y, "a", "b")},
        *(ValueError, r"classes \['a', 'b'\].*known.*\[0, 1\].*Name"),
    ),
    ({"X_val": X, "y_val": np.full(N, np.nan)}, ValueError, r"NaN"),
    ({"X_val": scipy.sparse.csr_array(X[:9]), "y_val": Y}, ValueError, r"9 rows"),
]


@pytest.mark.parametrize(("held", "error", "says"), HELD_OUT)
def test_rows_held_out_that_cannot_serve(held, error, says):
    for model in (classifier(), copy.copy(FITTED)):
        assert_refused(model, lambda m: m.fit(X, Y, **held), error, says)


def test_rows_held_out_with_other_names_or_targets():
    other = FRAME.rename(columns={"a": "z"})
    call = lambda m: m.fit(FRAME, Y, X_val=other, y_val=Y)  # noqa: E731
    assert_refused(classifier(), call, ValueError, r"(?s)feature names.*z")
    two = np.column_stack([NUMBERS, NUMBERS])
    call = lambda m: m.fit(X, NUMBERS, X_val=X, y_val=two)  # noqa: E731
    assert_refused(regressor(), call, ValueError, r"y must hold 1 column.*has 2")


# --- portions -----------------------------------------------------------------------

PORTIONS = [
    ({"y": Y + 1}, r"classes \[2\].*known.*\[0, 1\].*fit anew"),
    ({"X": X[:, :4]}, r"4 features.*6 features"),
    ({"y": np.where(Y, "a", "b")}, r"classes \['a', 'b'\].*known, \[0, 1\]"),
]


@pytest.mark.parametrize(("wrong", "says"), PORTIONS)
def test_portions_unlike_those_before(wrong, says):
    for model in (classifier().fit(X, Y), classifier().partial_fit(X, Y)):
        arguments = {"X": X, "y": Y, **wrong}
        assert_refused(
            model, lambda m, a=arguments: m.partial_fit(**a), ValueError, says
        )


def test_portions_of_numbers_unlike_those_before():
    model = regressor().fit(X, NUMBERS)
    two = np.column_stack([NUMBERS, NUMBERS])
    says = r"y must hold 1 column.*has 2"
    assert_refused(model, lambda m: m.partial_fit(X, two), ValueError, says)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("params", [{"learning_rate_init": 1e30}, {"alpha": 1e30}])
@pytest.mark.parametrize("y", [Y, np.arange(N) % 3], ids=["two", "three"])
def test_a_training_that_runs_away_is_refused(method, params, y):
    table, y = np.tile(X, (3, 1)), np.tile(y, 3)
    says = r"ran away with learning_rate_init=.*alpha=.*Try smaller"

    def call(model):
        for _ in range(3):
            getattr(model, method)(table, y)

    with pytest.raises(ValueError, match=says):
        call(classifier(**params))


def test_a_first_portion_with_classes_that_were_not_named():
    says = r"y has the classes \[.*0.*\].*classes=\[1, 2\].*Name all"
    assert_refused(
        classifier(), lambda m: m.partial_fit(X, Y, classes=[1, 2]), ValueError, says
    )


def test_a_class_that_the_first_portion_had_not():
    three = np.arange(N) % 3
    rows = three < 2
    model = classifier().partial_fit(X[rows], three[rows])
    says = r"classes \[2\].*known.*\[0, 1\].*Name all classes beforehand"
    assert_refused(model, lambda m: m.partial_fit(X, three), ValueError, says)


@pytest.mark.parametrize("given", ["balanced", {0: 1, 1: 2}])
def test_portions_cannot_weigh_classes(given):
    says = r"class_weight=.*partial_fit.*Pass sample_weight"
    model = classifier(class_weight=given)
    assert_refused(model, lambda m: m.partial_fit(X, Y), ValueError, says)
    model.fit(X, Y)
    assert_refused(model, lambda m: m.partial_fit(X, Y), ValueError, says)


def test_portions_check_parameters_too():
    model = classifier(granularity="layers")
    says = r"granularity='layers'.*Try"
    assert_refused(model, lambda m: m.partial_fit(X, Y), ValueError, says)
    model = classifier(alpha=-1.0)
    assert_refused(model, lambda m: m.partial_fit(X, Y), ValueError, r"alpha.*Got -1")


def test_what_is_not_fitted_says_so():
    for method in ("compact", "get_support"):
        with pytest.raises(ValueError, match="not fitted"):
            getattr(classifier(), method)()
    for method in ("predict", "predict_proba", "decision_function", "transform"):
        with pytest.raises(ValueError, match="not fitted"):
            getattr(classifier(), method)(X)


# --- a fault in the middle ----------------------------------------------------------

KINDS = {"granularity": ("features", "units", "weights"), "sparsity": 0.1}
KINDS |= {"hidden_layer_sizes": (2,)}
CALLS = {
    "fit": lambda model: model.fit(FRAME, Y, X_val=FRAME, y_val=Y),
    "partial_fit": lambda model: model.partial_fit(FRAME, Y, sample_weight=1 + Y),
}


def functions_of(call, model):
    """All functions of the package that a call enters, in the order of first use."""
    with Saboteur() as spy:
        call(model)
    return list(spy.called)


@pytest.mark.parametrize(
    ("method", "start"),
    [("fit", "fitted"), ("partial_fit", "new"), ("partial_fit", "fitted")],
)
def test_a_fault_in_any_function_leaves_the_estimator_and_the_world(method, start):
    def prepare():
        model = classifier(**KINDS)
        return model.fit(FRAME, Y) if start == "fitted" else model

    call, model = CALLS[method], prepare()
    call(prepare())  # what is done once is done
    functions = functions_of(call, prepare())
    assert {"_encoding", "_engine", "_estimator"} <= {
        f.split("/")[0] for f in functions
    }
    assert len(functions) > 60
    state, world = dict(vars(model)), describe_world()
    for number, name in enumerate(functions):
        error = (RuntimeError, KeyboardInterrupt)[number % 2]
        # an error may be reworded on its way, an interrupt may not
        allowed = error if error is KeyboardInterrupt else Exception
        with pytest.raises(allowed, match="planted"), Saboteur(name, error):
            call(model)
        assert describe_world() == world, name
        assert set(vars(model)) == set(state), name
        if all(vars(model)[key] is state[key] for key in state):
            continue
        # an interrupt of the training keeps its best network, whole and ready to use
        assert (method, error) == ("fit", KeyboardInterrupt), name
        assert np.isfinite(model.predict_proba(FRAME)).all(), name
        model = prepare()
        state = dict(vars(model))
    assert_array_equal(call(model).coefs_[0], call(prepare()).coefs_[0])
