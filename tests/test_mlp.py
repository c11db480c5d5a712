"""The masked networks: as sparse as asked for, and as told by their attributes."""

import pickle
import pickletools
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from paths import ROOT
from planted import easy
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_binmask import BinMaskMLPClassifier, BinMaskMLPRegressor

TINY = {"hidden_layer_sizes": (8,), "max_iter": 40, "random_state": 0}
X, Y = easy(150)
NUMBERS = 2 * X[:, 0] + X[:, 1]
NAMES = [f"c{j}" for j in range(6)]
FRAME = pd.DataFrame(X, columns=NAMES).assign(
    level=np.where(X[:, 2] > 0, "up", "down"), hole=np.where(Y, X[:, 3], np.nan)
)
GRANULARITIES = [
    "weights",
    "units",
    "features",
    ("features", "units"),
    ("features", "weights"),
    ("units", "weights"),
    ("features", "units", "weights"),
]
every_granularity = pytest.mark.parametrize("granularity", GRANULARITIES, ids=str)
every_activation = pytest.mark.parametrize(
    "activation", ["relu", "tanh", "logistic", "identity"]
)
both_tasks = pytest.mark.parametrize("task", ["classes", "numbers"])

# what is predicted -> target of the rows of X
TARGETS = {
    "binary": Y,
    "multiclass": np.digitize(NUMBERS, [-1, 1]),
    "multilabel": np.column_stack([Y, X[:, 1] > 0, X[:, 0] > 1]).astype(int),
    "regression": NUMBERS,
    "many targets": np.column_stack([NUMBERS, 100 * X[:, 1] + 7]),
}
every_target = pytest.mark.parametrize("target", TARGETS)


def classifier(**params):
    return BinMaskMLPClassifier(**(TINY | params))


def regressor(**params):
    return BinMaskMLPRegressor(**(TINY | params))


def make(task, **params):
    return classifier(**params) if task == "classes" else regressor(**params)


def fit_target(target, table=X, **params):
    is_number = target in ("regression", "many targets")
    model = make("numbers" if is_number else "classes", **params)
    return model.fit(table, TARGETS[target])


# --- what the attributes say --------------------------------------------------------


@every_granularity
@both_tasks
def test_coefs_are_zero_exactly_where_masks_are_closed(granularity, task):
    target = "multiclass" if task == "classes" else "many targets"
    model = fit_target(target, FRAME, granularity=granularity, sparsity=0.6)
    assert any(not mask.all() for mask in model.masks_)
    for weights, mask in zip(model.coefs_, model.masks_, strict=True):
        assert mask.dtype == bool
        assert weights.dtype == np.float64
        assert_array_equal(weights != 0, mask)
    n_open = sum(mask.sum() for mask in model.masks_)
    assert model.n_nonzero_params_ == n_open + sum(b.size for b in model.intercepts_)


def paths_to_outputs(model):
    """Count, for each column, the ways through open weights: (n_columns,)."""
    ways = np.ones(model.n_outputs_)
    for mask in model.masks_[::-1]:
        ways = mask.astype(float) @ ways
    return np.array([ways[outputs].sum() for outputs in model.input_to_outputs_])


@every_granularity
@pytest.mark.parametrize("sparsity", [0.5, 0.9, 0.97])
def test_support_is_what_open_weights_join_to_an_output(granularity, sparsity):
    model = classifier(
        granularity=granularity, sparsity=sparsity, hidden_layer_sizes=(6, 5)
    ).fit(FRAME, Y)
    assert_array_equal(model.support_, paths_to_outputs(model) > 0)
    assert model.n_features_ == model.support_.sum()
    names = FRAME.columns[model.support_].tolist()
    assert model.get_feature_names_out().tolist() == names
    # what is outside says nothing
    changed = FRAME.copy()
    for name in FRAME.columns[~model.support_]:
        changed[name] = FRAME[name].to_numpy()[::-1]
    assert_allclose(model.predict_proba(changed), model.predict_proba(FRAME))


@every_granularity
def test_masks_are_the_product_of_the_gates(granularity):
    model = classifier(
        granularity=granularity, sparsity=0.6, hidden_layer_sizes=(6, 5)
    ).fit(FRAME, Y)
    expected = [np.ones_like(mask) for mask in model.masks_]
    gates = model.open_gates_
    assert set(gates) == set(np.atleast_1d(granularity))
    if "features" in gates:
        for column, outputs in enumerate(model.input_to_outputs_):
            expected[0][outputs] &= gates["features"][column]
    if "units" in gates:
        for layer, part in enumerate(np.split(gates["units"], [6])):
            expected[layer] &= part  # what enters a closed unit is of no use
            expected[layer + 1] &= part[:, None]
    if "weights" in gates:
        ends = np.cumsum([mask.size for mask in expected])[:-1]
        for mask, part in zip(expected, np.split(gates["weights"], ends), strict=True):
            mask &= part.reshape(mask.shape)
    for mask, one in zip(model.masks_, expected, strict=True):
        assert_array_equal(mask, one)


@every_granularity
def test_the_path_tells_of_gates_that_close(granularity):
    model = classifier(granularity=granularity, sparsity=0.8).fit(X, Y)
    path = model.path_
    n_gates = sum(len(gates) for gates in model.open_gates_.values())
    assert path["n_open"][0] == n_gates
    assert path["n_open"][-1] == sum(g.sum() for g in model.open_gates_.values())
    assert path["n_weights"][0] == sum(mask.size for mask in model.masks_)
    assert path["n_weights"][-1] == sum(mask.sum() for mask in model.masks_)
    assert (np.diff(path["n_weights"]) <= 0).all()
    assert (np.diff(path["penalty"]) >= 0).all()
    assert path["penalty"][-1] == np.inf
    assert np.isfinite(path["validation_loss"]).all()
    assert np.isfinite(path["train_loss"]).all()


FUNCTIONS = {
    "relu": lambda z: np.where(z > 0, z, 0),
    "tanh": np.tanh,
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "identity": lambda z: z,
}


def outputs_by_hand(model, table):
    h = model.estimator_.encoding.encode(table, np.float64)
    for layer in range(model.n_layers_ - 1):
        h = FUNCTIONS[model.activation](h) if layer else h
        h = h @ model.coefs_[layer] + model.intercepts_[layer]
    return h


@every_activation
@pytest.mark.parametrize("layers", [(), (5, 4, 3)], ids=str)
@every_target
def test_predictions_are_made_of_coefs_and_intercepts(activation, layers, target):
    model = fit_target(
        target,
        FRAME,
        activation=activation,
        hidden_layer_sizes=layers,
        sparsity=0.4,
        max_iter=3,
    )
    z = outputs_by_hand(model, FRAME)
    assert z.shape == (150, model.n_outputs_)
    assert [w.shape[1] for w in model.coefs_] == [*layers, model.n_outputs_]
    links = {"logistic": FUNCTIONS["logistic"], "identity": FUNCTIONS["identity"]}
    links["softmax"] = lambda z: np.exp(z) / np.exp(z).sum(1, keepdims=True)
    says = links[model.out_activation_](z)
    if target == "binary":
        says = np.column_stack([1 - says, says])
    if "class" in target or "binary" in target:
        assert_array_equal(model.predict(FRAME), model.classes_[says.argmax(1)])
    if model.out_activation_ != "identity":
        assert_allclose(model.predict_proba(FRAME), says, rtol=0, atol=1e-12)
        decisions = model.decision_function(FRAME).reshape(z.shape)
        assert_allclose(decisions, z, rtol=1e-9, atol=1e-12)


@every_activation
@every_target
def test_each_kind_of_target_is_learned(activation, target):
    model = fit_target(
        target,
        activation=activation,
        hidden_layer_sizes=(12, 6),
        learning_rate_init=0.02,
        max_iter=60,
        sparsity=0.5,
    )
    y = TARGETS[target]
    assert model.predict(X).shape == y.shape
    right = (model.predict(X) == y).mean()
    score = model.score(X, y) if "class" not in model.task_ else right
    assert score > 0.8


# --- copies, processes, searches ----------------------------------------------------


def parts(model):
    return [*model.coefs_, *model.intercepts_, model.path_, model.loss_curve_]


IN_ANOTHER_PROCESS = """
import sys, joblib
jobs = joblib.load(sys.argv[1])
joblib.dump([model.fit(X, y) for model, X, y in jobs], sys.argv[1])
"""


def test_the_same_seed_gives_the_same_bits_also_in_another_process(tmp_path):
    jobs = [
        (classifier(sparsity=0.7, granularity=("features", "weights")), X, Y),
        (regressor(max_iter=5), X, NUMBERS),
        # a table that is not taken whole
        (regressor(sparsity=0.5, batch_size=64), *(np.tile(X, (2, 1)), [*NUMBERS] * 2)),
    ]
    saved = str(tmp_path / "jobs.joblib")
    joblib.dump(jobs, saved)
    script = [sys.executable, "-c", IN_ANOTHER_PROCESS, saved]
    subprocess.run(script, cwd=ROOT, check=True)
    for (model, table, y), other in zip(jobs, joblib.load(saved), strict=True):
        here, again = clone(model).fit(table, y), clone(model).fit(table, y)
        for one, two, three in zip(*map(parts, (here, again, other)), strict=True):
            assert_array_equal(one, two)
            assert_array_equal(one, three)
        other_seed = clone(model).set_params(random_state=1).fit(table, y)
        assert (other_seed.coefs_[0] != here.coefs_[0]).any()


WITHOUT_TORCH = """
import importlib.abc, sys
class NoTorch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "torch":
            raise ImportError("planted")
sys.meta_path.insert(0, NoTorch())
import joblib
for model, X, Y, probabilities in joblib.load(sys.argv[1]):
    assert (model.predict_proba(X) == probabilities).all()
    assert model.transform(X).shape == (len(X), model.n_features_)
    assert abs(model.compact().predict_proba(X) - probabilities).max() < 1e-10
    for method in (model.fit, model.partial_fit):
        try:
            method(X, Y)
        except ImportError:
            print("no torch")
    assert (model.predict_proba(X) == probabilities).all()
"""


def test_what_is_fitted_needs_no_torch(tmp_path):
    jobs = []
    for table in (X, FRAME):
        model = classifier(sparsity=0.8).fit(table, Y)
        models = [model, model.compact(), classifier().partial_fit(table, Y)]
        jobs += [(one, table, Y, one.predict_proba(table)) for one in models]
    saved = str(tmp_path / "models.joblib")
    joblib.dump(jobs, saved)
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, saved],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (0, 12 * "no torch\n"), ran.stderr


@every_granularity
@pytest.mark.parametrize("table", [X, FRAME, pl.DataFrame(X, schema=NAMES)])
def test_a_fitted_network_is_made_of_numpy_and_plain_python(table, granularity):
    model = classifier(granularity=granularity, sparsity=0.5).fit(table, Y)
    for one in (model, clone(model).partial_fit(table, Y)):
        pickled = pickle.dumps(one, protocol=2)  # names of classes are in the clear
        modules = {
            argument.split()[0].partition(".")[0]
            for code, argument, _ in pickletools.genops(pickled)
            if code.name == "GLOBAL"
        }
        known = {"numpy", "sklearn_binmask", "builtins", "__builtin__", "copy_reg"}
        assert "sklearn_binmask" in modules
        assert modules <= known | {"_codecs"}
        copy = pickle.loads(pickled)
        assert set(vars(copy)) == set(vars(one))
        assert_array_equal(copy.predict_proba(table), one.predict_proba(table))


def test_a_fitted_network_does_not_grow_with_the_rows():
    sizes = []
    for n_rows in (300, 3000):
        table, y = easy(n_rows, n_columns=3)
        sizes.append(len(pickle.dumps(classifier(max_iter=2).fit(table, y))))
    assert sizes[1] < 1.2 * sizes[0]


def test_grid_search_over_price_share_and_granularity():
    grid = [
        {"l0_penalty": [0.001, "auto"], "granularity": ["weights", "features"]},
        {"sparsity": [0.5], "granularity": ["units", ("features", "weights")]},
    ]
    search = GridSearchCV(classifier(), grid, cv=2).fit(FRAME, Y)
    assert len(search.cv_results_["params"]) == 6
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_score_ > 0.85
    best = search.best_estimator_
    assert {name: getattr(best, name) for name in search.best_params_}
    assert search.predict_proba(FRAME).shape == (150, 2)


def test_in_a_pipeline_as_the_last_step_and_as_a_step_that_selects():
    model = classifier(granularity="features", n_features_to_select=2)
    last = make_pipeline(StandardScaler(), model).fit(X, Y)
    assert last.score(X, Y) > 0.9
    first = make_pipeline(clone(model), classifier(sparsity=0.5)).fit(X, Y)
    assert first[-1].n_features_in_ == 2
    assert first.score(X, Y) > 0.9
