"""The selector among scikit-learn's own: inside, around and beside them."""

import pickle
import re
import subprocess
import sys
from contextlib import contextmanager

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_array_equal
from paths import ROOT
from planted import SMALL, easy
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_binmask
from sklearn_binmask import BinMaskSelector
from sklearn_binmask.exceptions import VersionMismatchWarning

X, Y = easy(200)
NAMES = [f"c{j}" for j in range(6)]
FRAME = pd.DataFrame(X, columns=NAMES, index=np.arange(200) + 7)
WEIGHTS = np.random.default_rng(1).integers(0, 3, 200).astype(float)


def make(**params):
    return BinMaskSelector(**(SMALL | params))


# --- pipelines and searches ---------------------------------------------------------


def test_a_pipeline_that_ends_in_another_model():
    selector = make(n_features_to_select=2, refit=False)
    pipeline = make_pipeline(StandardScaler(), selector, LogisticRegression())
    assert pipeline.fit(X, Y).score(X, Y) > 0.95
    assert pipeline[:-1].get_feature_names_out().tolist() == ["x0", "x1"]


def test_a_pipeline_that_ends_in_the_selector():
    pipeline = make_pipeline(StandardScaler(), make(max_iter=300)).fit(X, Y)
    assert pipeline.score(X, Y) > 0.9
    assert pipeline.predict_proba(X).shape == (200, 2)


def test_beside_another_transformer():
    parts = [("some", make(n_features_to_select=1), NAMES[:3])]
    both = ColumnTransformer([*parts, ("rest", StandardScaler(), NAMES[3:])])
    both.set_output(transform="pandas")
    out = both.fit_transform(FRAME, Y)
    assert out.columns.tolist() == ["some__c0", *(f"rest__{n}" for n in NAMES[3:])]
    assert_array_equal(out["some__c0"], FRAME["c0"])
    assert_array_equal(out.index, FRAME.index)


def test_grid_search_over_columns_and_over_the_network():
    grid = {
        "select__n_features_to_select": [1, 2],
        "select__hidden_layer_sizes": [(2,), (4, 3)],
    }
    steps = [("select", make()), ("model", LogisticRegression())]
    search = GridSearchCV(Pipeline(steps), grid, cv=2).fit(FRAME, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_params_["select__n_features_to_select"] == 2
    assert search.best_estimator_["select"].support_.tolist() == [1, 1, 0, 0, 0, 0]
    sizes = search.best_params_["select__hidden_layer_sizes"]
    network = search.best_estimator_["select"].estimator_.network
    assert [w.shape[2] for w in network.coefs] == [*sizes, 1]


def test_cross_validate_scores_the_selector_itself():
    selector = make(task="classification", max_iter=300)
    scores = cross_validate(selector, X, Y, cv=3, scoring=["accuracy", "roc_auc"])
    assert scores["test_accuracy"].mean() > 0.85
    assert scores["test_roc_auc"].mean() > 0.9


def support_and_path(selector, X, y):
    selector = clone(selector).fit(X, y)
    return selector.support_, selector.path_, selector.predict_proba(X)


def test_workers_return_what_one_process_does():
    jobs = [make(random_state=seed) for seed in range(2)]
    with joblib.parallel_backend("loky", n_jobs=2):
        there = joblib.Parallel()(
            joblib.delayed(support_and_path)(selector, X, Y) for selector in jobs
        )
    for selector, parts in zip(jobs, there, strict=True):
        for part, expected in zip(parts, support_and_path(selector, X, Y), strict=True):
            assert_array_equal(part, expected)


# --- copies -------------------------------------------------------------------------


def test_clone_keeps_parameters_and_forgets_the_fit():
    selector = make(n_features_to_select=2, feature_groups=[[2, 3]]).fit(X, Y)
    copy = clone(selector)
    assert copy.get_params() == selector.get_params()
    assert not [name for name in vars(copy) if name.endswith("_")]
    assert_array_equal(copy.fit(X, Y).path_, selector.path_)


@pytest.mark.parametrize("table", [X, FRAME, pl.DataFrame(X, schema=NAMES)])
def test_a_pickle_is_the_same_selector(table):
    selector = make().fit(table, Y)
    copy = pickle.loads(pickle.dumps(selector))
    assert set(vars(copy)) == set(vars(selector))
    assert_array_equal(copy.predict_proba(table), selector.predict_proba(table))
    assert_array_equal(copy.transform(table), selector.transform(table))


def test_a_pickle_of_another_version_warns():
    here = sklearn_binmask.__version__
    other = "9" + here[1:]
    old = pickle.dumps(make().fit(X, Y)).replace(here.encode(), other.encode())
    says = f"{re.escape(other)}.*{re.escape(here)}.*fit it again"
    with pytest.warns(VersionMismatchWarning, match=says):
        selector = pickle.loads(old)
    assert selector.predict(X).shape == (200,)


WITHOUT_TORCH = """
import importlib.abc, sys
class NoTorch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "torch":
            raise ImportError("planted")
sys.meta_path.insert(0, NoTorch())
import joblib
selector, X, expected = joblib.load(sys.argv[1])
assert (selector.predict_proba(X) == expected).all()
assert selector.transform(X).shape == (len(X), selector.n_features_)
assert selector.predict(X).shape == (len(X),)
try:
    selector.fit(X, selector.predict(X))
except ImportError:
    print("no torch")
"""


@pytest.mark.parametrize("table", [X, FRAME], ids=["array", "frame"])
def test_what_is_fitted_needs_no_torch(table, tmp_path):
    selector = make().fit(table, Y)
    saved = str(tmp_path / "selector.joblib")
    joblib.dump((selector, table, selector.predict_proba(table)), saved)
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, saved],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (0, "no torch\n"), ran.stderr


# --- output, metadata, display, progress --------------------------------------------


def test_set_output_gives_the_frame_asked_for():
    selector = make(n_features_to_select=2).fit(FRAME, Y)
    polars = clone(selector).set_output(transform="polars").fit(FRAME, Y)
    assert isinstance(selector.transform(FRAME), pd.DataFrame)
    out = polars.transform(FRAME)
    assert isinstance(out, pl.DataFrame)
    assert out.columns == ["c0", "c1"]
    pandas = make(n_features_to_select=2).set_output(transform="pandas").fit(X, Y)
    assert pandas.transform(X).columns.tolist() == ["x0", "x1"]
    assert isinstance(make().fit(X, Y).transform(X), np.ndarray)


@contextmanager
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_sample_weight_is_routed_to_the_selector():
    with routing():
        selector = make(n_features_to_select=2).set_fit_request(sample_weight=True)
        model = LogisticRegression().set_fit_request(sample_weight=False)
        model.set_score_request(sample_weight=True)
        pipeline = Pipeline([("select", selector), ("model", model)])
        grid = {"select__n_features_to_select": [2]}
        search = GridSearchCV(pipeline, grid, cv=2)
        search.fit(X, Y, sample_weight=WEIGHTS)
    routed = search.best_estimator_["select"]
    weighted = make(n_features_to_select=2).fit(X, Y, sample_weight=WEIGHTS)
    assert_array_equal(routed.path_, weighted.path_)
    plain = make(n_features_to_select=2).fit(X, Y)
    assert (routed.path_["train_loss"] != plain.path_["train_loss"]).any()


def test_sample_weight_that_nobody_asked_for_is_refused():
    with routing(), pytest.raises(ValueError, match="sample_weight"):
        make_pipeline(make(), LogisticRegression()).fit(X, Y, sample_weight=WEIGHTS)


def test_the_html_view_links_to_the_documentation():
    selector = make()
    link = selector._get_doc_link()
    assert re.fullmatch(r"\w+://\S+", link)
    assert link in selector._repr_html_()
    assert link in make_pipeline(StandardScaler(), selector)._repr_html_()


class Counter:
    """Counts the tasks that end, and asks to stop after some."""

    def __init__(self, stop_after=np.inf):
        self.ended = {"fit": 0, "path point": 0}
        self.stop_after = stop_after

    def setup(self, estimator, context): ...
    def teardown(self, estimator, context): ...
    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context):
        self.ended[context.task_name] += 1
        return self.ended["path point"] >= self.stop_after


def test_callbacks_see_each_point_and_change_nothing(capsys):
    counter = Counter()
    selector = make().set_callbacks(counter, ProgressBar()).fit(X, Y)
    plain = make().fit(X, Y)
    assert_array_equal(selector.path_, plain.path_)
    assert_array_equal(selector.predict_proba(X), plain.predict_proba(X))
    assert counter.ended["fit"] == 1
    assert counter.ended["path point"] >= len(plain.path_)
    assert "BinMaskSelector" in capsys.readouterr().out


def test_a_callback_can_end_the_path():
    """What has been seen of the path is what there is to choose from."""
    selector = make().set_callbacks(Counter(stop_after=3)).fit(X, Y)
    assert selector.path_["n_open"].tolist() == [6, 5, 4]
    assert selector.n_features_ >= 4
    exact = make(n_features_to_select=2).set_callbacks(Counter(stop_after=3))
    assert exact.fit(X, Y).n_features_ == 2
