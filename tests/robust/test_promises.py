"""What holds whatever happens: an atomic fit, an untouched world, finite numbers."""

import gc
import pickle
import pickletools
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from paths import PACKAGE_DIR
from planted import SMALL, easy
from world import describe_world

from sklearn_binmask import BinMaskSelector

X, Y = easy(60, n_columns=3)
FRAME = pd.DataFrame(X, columns=list("abc")).assign(d=np.where(Y, "u", "v"))
QUICK = SMALL | {"max_iter": 2, "n_features_to_select": 2}


# --- a fit that fails leaves the estimator as it was --------------------------------


class Saboteur:
    """Notes which functions of the package are called, and lets one of them fail."""

    def __init__(self, victim=None, error=RuntimeError):
        self.victim, self.error = victim, error
        self.called = {}

    def __call__(self, frame, event, argument):
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(str(PACKAGE_DIR)):
            return
        name = f"{code.co_filename[len(str(PACKAGE_DIR)) + 1 :]}:{code.co_qualname}"
        self.called[name] = True
        if name == self.victim:
            self.victim = None
            raise self.error("planted")

    def __enter__(self):
        gc.disable()  # the generator of an earlier fit would be closed, that is, called
        sys.setprofile(self)
        return self

    def __exit__(self, *args):
        sys.setprofile(None)
        gc.enable()


def functions_of_a_fit():
    """All functions of the package that a fit enters, in the order of first use."""
    selector = BinMaskSelector(**QUICK).fit(FRAME, Y)  # what is done once is done
    with Saboteur() as spy:
        selector.fit(FRAME, Y)
    return list(spy.called)


def test_a_fault_in_any_function_leaves_the_estimator_and_the_world_as_they_were():
    functions = functions_of_a_fit()
    layers = {name.split("/")[0] for name in functions if "/" in name}
    assert layers == {"_encoding", "_engine", "_estimator", "_path"}
    assert len(functions) > 80
    fitted = BinMaskSelector(**QUICK).fit(X, Y)
    expected = fitted.predict_proba(X)
    state, world = dict(vars(fitted)), describe_world()
    complete, n_kept = vars(BinMaskSelector(**QUICK).fit(FRAME, Y)), 0
    for number, name in enumerate(functions):
        error = (RuntimeError, KeyboardInterrupt)[number % 2]
        fresh = BinMaskSelector(**QUICK)
        for estimator in (fresh, fitted):
            # an error may be reworded on its way, an interrupt may not
            allowed = error if error is KeyboardInterrupt else Exception
            with pytest.raises(allowed, match="planted"), Saboteur(name, error):
                estimator.fit(FRAME, Y)
        if error is KeyboardInterrupt and hasattr(fresh, "estimator_"):
            # an interrupt of the last training keeps its best network
            assert set(vars(fresh)) == set(complete), name
            assert np.isfinite(fresh.predict_proba(FRAME)).all(), name
            fitted = BinMaskSelector(**QUICK).fit(X, Y)
            state = dict(vars(fitted))
            n_kept += 1
            continue
        assert set(vars(fresh)) == set(fresh.get_params()), name
        assert set(vars(fitted)) == set(state), name
        assert all(vars(fitted)[key] is state[key] for key in state), name
        assert describe_world() == world, name
    assert n_kept < 5
    assert_array_equal(fitted.predict_proba(X), expected)
    assert_array_equal(fitted.fit(X, Y).predict_proba(X), expected)


# --- what is left behind ------------------------------------------------------------


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("table", [X, FRAME], ids=["array", "frame"])
def test_a_fitted_selector_is_made_of_numpy_and_plain_python(table, task):
    selector = BinMaskSelector(**QUICK, task=task).fit(table, Y)
    pickled = pickle.dumps(selector, protocol=2)  # names of classes are in the clear
    modules = {
        argument.split()[0].partition(".")[0]
        for code, argument, _ in pickletools.genops(pickled)
        if code.name == "GLOBAL"
    }
    known = {"numpy", "sklearn_binmask", "builtins", "__builtin__", "copy_reg"}
    assert "sklearn_binmask" in modules
    assert modules <= known | {"_codecs"}
    assert len(pickled) < 40_000  # nor does it keep the rows


def test_a_fitted_selector_does_not_grow_with_the_rows():
    sizes = []
    for n_rows in (300, 3000):
        table, y = easy(n_rows, n_columns=3)
        sizes.append(len(pickle.dumps(BinMaskSelector(**QUICK).fit(table, y))))
    assert sizes[1] < 1.2 * sizes[0]


# --- finite numbers, whatever goes in -----------------------------------------------

RNG = np.random.default_rng(0)
TABLES = {
    "huge": X * 1e30,
    "tiny": X * 1e-30,
    "near the largest float": X * 1e307,
    "denormal": X * 1e-310,
    "of all scales": X * [1e-200, 1.0, 1e200],
    "far from zero": X + 1e12,
    "heavy tails": RNG.standard_cauchy(X.shape) ** 3,
    "one outlier": np.where(np.arange(60)[:, None] == 7, 1e300, X),
    "the same column again": np.hstack([X, X, X]),
    "integers": np.round(X).astype(np.int8),
    "floats of two bytes": X.astype(np.float16),
    "floats of four bytes": (X * 1e30).astype(np.float32),
    "other byte order": X.astype(">f8"),
    "columns first": np.asfortranarray(X),
    "backwards": X[::-1, ::-1],
    "half of it missing": np.where(RNG.random(X.shape) < 0.5, np.nan, X),
    "nearly all missing": np.where(np.arange(60)[:, None] < 57, np.nan, X),
    "more columns than rows": RNG.normal(size=(60, 200)),
    "two values": (X > 0).astype(float),
    "one row differs": np.eye(60)[:, :3],
}


def assert_all_finite(selector, table):
    """Or infinite by right: scores of columns that never were on the path."""
    assert not np.isnan(selector.scores_).any()
    for name in ("train_loss", "validation_loss", "validation_se"):
        assert np.isfinite(selector.path_[name]).all(), name
    assert not np.isnan(selector.path_["penalty"]).any()
    assert np.isfinite(selector.loss_curve_).all()
    assert 1 <= selector.n_features_ == selector.support_.sum()
    wild = np.full((4, np.shape(table)[1]), np.nan)
    wild[1:] = [[1e300], [-1e300], [1e-300]]
    for rows in (table, wild):
        assert np.isfinite(selector.predict(rows)).all()
        if selector.task_ == "classification":
            assert np.isfinite(selector.predict_proba(rows)).all()


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("case", TABLES)
def test_any_table_gives_finite_numbers(case, task):
    y = Y if task == "classification" else Y + 0.1 * X[:, 0]
    for encoding in ("auto", None):
        selector = BinMaskSelector(**SMALL, task=task, numeric_encoding=encoding)
        assert_all_finite(selector.fit(TABLES[case], y), TABLES[case])


TARGETS = {
    "huge": 1e300 * X[:, 0],
    "tiny": 1e-300 * X[:, 0],
    "far from zero": 1e12 + X[:, 0],
    "one outlier": np.where(np.arange(60) == 7, 1e200, X[:, 0]),
    "heavy tails": np.random.default_rng(1).standard_cauchy(60) ** 3,
    "constant": np.full(60, 0.1),
    "one of two constant": np.column_stack([X[:, 0], np.full(60, 3.5)]),
    "a class of one row": (np.arange(60) == 7).astype(int),
    "three classes of one row": np.maximum(np.arange(60), 56),
    "every row a class": np.arange(60),
    "a label that nobody has": np.column_stack([Y, Y * 0]),
    "separable": (X[:, 0] > 0).astype(int),
}


@pytest.mark.parametrize("case", TARGETS)
def test_any_target_gives_finite_numbers(case):
    y = TARGETS[case]
    selector = BinMaskSelector(**SMALL).fit(X, y)
    assert_all_finite(selector, X)
    if "constant" in case:
        last = selector.predict(X).reshape(60, -1)[:, -1]
        assert_allclose(last, y.reshape(60, -1)[:, -1], atol=0.2)


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e300])
def test_weights_of_any_scale(scale):
    weights = scale * np.random.default_rng(0).uniform(0.1, 1, 60)
    selector = BinMaskSelector(**SMALL).fit(X, Y, sample_weight=weights)
    assert_all_finite(selector, X)
    uneven = np.where(np.arange(60) % 2, scale, 1.0)
    assert_all_finite(BinMaskSelector(**SMALL).fit(X, Y, sample_weight=uneven), X)


@pytest.mark.parametrize("n_rows", [2, 3, 4, 5])
@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("wanted", ["auto", 2])
def test_a_handful_of_rows(n_rows, task, wanted):
    y = np.arange(n_rows) % 2 + (0.5 if task == "regression" else 0)
    params = QUICK | {"n_features_to_select": wanted, "n_members": 4}
    selector = BinMaskSelector(**params, task=task).fit(X[:n_rows], y)
    assert_all_finite(selector, X[:n_rows])


def test_one_column():
    selector = BinMaskSelector(**SMALL).fit(X[:, :1], Y)
    assert selector.support_.tolist() == [True]
    assert_all_finite(selector, X[:, :1])
