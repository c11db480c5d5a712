"""`verbose` shows scikit-learn's bar, callbacks see each step, and nothing changes."""

import builtins
import re
import threading

import numpy as np
import pytest
from planted import SMALL, easy
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.callback._progressbar import RichProgressMonitor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_binmask
from sklearn_binmask import BinMaskMLPClassifier, BinMaskMLPRegressor, BinMaskSelector
from sklearn_binmask._estimator.road import Ask

X, Y = easy(n_columns=4)
PUBLIC = {name: getattr(sklearn_binmask, name) for name in sklearn_binmask.__all__}
VERBOSE = [
    name
    for name, public in PUBLIC.items()
    if "verbose" in getattr(public, "_parameter_constraints", {})
]
ESTIMATORS = [
    BinMaskSelector(**SMALL),
    BinMaskMLPClassifier(sparsity=0.5, max_iter=5, random_state=0),
    BinMaskMLPRegressor(granularity="features", max_iter=5, random_state=0),
]


@pytest.fixture(params=ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def estimator(request):
    return clone(request.param)


def state_of(estimator):
    """Name what is on an estimator besides its parameters and its fit."""
    names = set(vars(estimator)) - set(estimator.get_params())
    return {name for name in names if not name.endswith("_")} - {"_fitted_on_frame"}


def threads_of_bars():
    """Find the threads of displays, and those that wait for other processes."""
    return {
        thread
        for thread in threading.enumerate()
        if isinstance(thread, RichProgressMonitor) or "_accept" in thread.name
    }


def test_every_estimator_has_a_bar():
    assert {type(estimator).__name__ for estimator in ESTIMATORS} <= set(VERBOSE)


@pytest.mark.parametrize("name", VERBOSE)
def test_a_bar_is_shown_where_asked_for(name, capsys):
    estimator = getattr(sklearn_binmask, name)(random_state=0)
    estimator.fit(X, Y)
    assert capsys.readouterr() == ("", "")
    estimator.set_params(verbose=1).fit(X, Y)
    assert f"{name} - fit" in capsys.readouterr().out


def test_the_bar_changes_nothing_and_leaves_nothing(estimator, capsys):
    before = threads_of_bars()
    plain = clone(estimator).fit(X, Y)
    shown = estimator.set_params(verbose=True).fit(X, Y)
    np.testing.assert_array_equal(plain.predict(X), shown.predict(X))
    np.testing.assert_array_equal(plain.loss_curve_, shown.loss_curve_)
    assert state_of(shown) == state_of(plain) == set()
    assert threads_of_bars() <= before


def test_a_failing_fit_ends_its_bar(capsys, monkeypatch):
    monkeypatch.setattr(
        "sklearn_binmask._estimator.selector.refit_on",
        lambda *_: (_ for _ in ()).throw(OSError),
    )
    before = threads_of_bars()
    selector = BinMaskSelector(**SMALL, verbose=1)
    with pytest.raises(OSError):
        selector.fit(X, Y)
    assert threads_of_bars() <= before
    assert state_of(selector) == set()


def test_a_bar_of_the_user_is_not_doubled(estimator, capsys):
    estimator.set_params(verbose=1).set_callbacks(ProgressBar()).fit(X, Y)
    out = capsys.readouterr().out
    assert len(re.findall(f"{type(estimator).__name__} - fit", out)) == 1
    assert len(estimator._skl_callbacks) == 1


@pytest.mark.parametrize("outer_bar", [False, True])
def test_bars_are_shown_inside_a_search(estimator, outer_bar, capsys):
    name = type(estimator).__name__
    step = name.lower()
    pipeline = make_pipeline(StandardScaler(), estimator.set_params(verbose=1))
    search = GridSearchCV(
        pipeline, {f"{step}__alpha": [0.1, 0.2]}, cv=2, scoring="accuracy"
    )
    if name.endswith("Regressor"):
        search.set_params(scoring="r2")
    if outer_bar:
        search.set_callbacks(ProgressBar(max_propagation_depth=None))
    search.fit(X, Y)
    out = capsys.readouterr().out
    assert len(re.findall(rf"{name} - fit", out)) == 2 * 2 + 1
    assert ("GridSearchCV - fit" in out) == outer_bar
    assert state_of(estimator) == set()


def test_a_search_in_two_processes_finds_the_same():
    grid = {"n_features_to_select": [1, 2]}
    quiet = BinMaskSelector(**SMALL, task="classification")
    search = GridSearchCV(quiet, grid, cv=2).fit(X, Y)
    shown = GridSearchCV(clone(quiet).set_params(verbose=1), grid, cv=2, n_jobs=2)
    shown.fit(X, Y)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], shown.cv_results_["mean_test_score"]
    )


def test_without_rich_the_fit_goes_on_and_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without_rich(name, *args, **kwargs):
        if name.partition(".")[0] == "rich":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_rich)
    selector = BinMaskSelector(**SMALL, verbose=1)
    with pytest.warns(UserWarning, match=r"sklearn-binmask\[progress\]"):
        selector.fit(X, Y)
    assert selector.n_features_ >= 1


# --- callbacks that score -----------------------------------------------------------


def test_each_step_is_scored(estimator):
    metric = "r2" if isinstance(estimator, BinMaskMLPRegressor) else "accuracy"
    monitor = ScoringMonitor(scoring=metric)
    estimator.set_params(max_iter=100)
    plain = clone(estimator).fit(X, Y)
    watched = estimator.set_params(verbose=0).set_callbacks(monitor).fit(X, Y)
    np.testing.assert_array_equal(watched.predict(X), plain.predict(X))
    rows = monitor.get_logs().data
    (fit,) = (row for row in rows if row["task_name"] == "fit")
    assert fit[metric] == watched.score(X, Y)
    steps = [row[metric] for row in rows if row["task_name"] != "fit"]
    is_selector = isinstance(estimator, BinMaskSelector)
    assert len(steps) == len(watched.path_) if is_selector else len(steps) > 5
    assert len(set(steps)) > 1


class Keeper:
    """Keeps the estimators that it is shown."""

    def __init__(self):
        self.fitted = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.fitted.append(fitted_estimator)


def test_at_each_point_of_the_path_the_committee_reads_its_open_columns():
    """Also where closed columns have been dropped from the networks."""
    wide, y = easy(n_rows=300, n_columns=40)
    keeper = Keeper()
    selector = BinMaskSelector(**SMALL).set_callbacks(keeper).fit(wide, y)
    *points, _ = keeper.fitted
    rng = np.random.default_rng(1)
    scores = []
    for fitted, point in zip(points, selector.path_, strict=True):
        np.testing.assert_array_equal(fitted.support_, point["support"])
        assert fitted.n_features_ == point["n_features"]
        moved = np.where(point["support"], wide, rng.normal(size=wide.shape))
        np.testing.assert_array_equal(
            fitted.predict_proba(moved), fitted.predict_proba(wide)
        )
        scores.append(fitted.score(wide, y))
    assert max(scores) > 0.85  # columns stand behind the right weights
    assert set(points[-1].predict(wide)) <= {0, 1}  # no column is left


def test_the_last_look_at_a_network_is_the_network():
    keeper = Keeper()
    network = BinMaskMLPClassifier(
        l0_penalty=0.0, early_stopping=False, max_iter=100, random_state=0
    )
    network.set_callbacks(keeper).fit(X, Y)
    *looks, last = [fitted for fitted in keeper.fitted if fitted is not None]
    np.testing.assert_allclose(
        looks[-1].predict_proba(X), network.predict_proba(X), rtol=1e-12
    )
    assert not np.array_equal(looks[0].predict_proba(X), last.predict_proba(X))


def test_only_for_such_a_callback_are_networks_made(monkeypatch, capsys):
    made, make = [], Ask._attributes_at
    monkeypatch.setattr(
        Ask, "_attributes_at", lambda *given: made.append(1) or make(*given)
    )
    BinMaskSelector(**SMALL, verbose=1).fit(X, Y)
    assert not made
    BinMaskSelector(**SMALL).set_callbacks(Keeper()).fit(X, Y)
    assert made
