"""What holds whatever happens: an atomic fit, an untouched world, finite numbers."""

import pickle
import pickletools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from planted import SMALL, easy
from saboteur import Saboteur
from world import describe_world

from sklearn_binmask import BinMaskSelector

X, Y = easy(60, n_columns=3)
FRAME = pd.DataFrame(X, columns=list("abc")).assign(d=np.where(Y, "u", "v"))
QUICK = SMALL | {"max_iter": 2, "n_features_to_select": 2}


# --- a fit that fails leaves the estimator as it was --------------------------------


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
