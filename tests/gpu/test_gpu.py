"""A GPU does what the processor does, and waits for nothing: run where there is one."""

import pickle
import warnings

import numpy as np
import pandas as pd
import planted
import pytest
import scipy.sparse
import torch
from estimators import NAMES, assert_says, quick, says
from joblib import Parallel, delayed
from sklearn.datasets import make_multilabel_classification

from sklearn_binmask import (
    BinMaskMLPClassifier,
    BinMaskMLPRegressor,
    BinMaskSelector,
)
from sklearn_binmask._engine import replay
from sklearn_binmask._engine.step import move
from sklearn_binmask._engine.training import Trainer

if not torch.cuda.is_available():
    pytest.skip("there is no GPU", allow_module_level=True)

DEVICES = ("cpu", "cuda")


def tall(n_rows=20_000, n_columns=6):
    """So many rows that groups of networks have batches of their own."""
    return planted.easy(n_rows, n_columns)


def three_classes():
    X, _ = planted.easy(600, 8)
    return X, (2 * X[:, 0] + X[:, 1] > 0).astype(int) + (X[:, 0] > 1)


def several_outputs():
    X, _ = planted.easy(600, 8)
    return X, np.stack([X[:, 0] * 2, X[:, 0] - X[:, 1]], axis=1)


def mixed():
    """Words, gaps and numbers."""
    X, y = planted.easy(600, 4)
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["word"] = np.where(X[:, 0] > 0, "up", "down")
    frame.loc[::7, "c"] = np.nan
    return frame, y


def sparse():
    X, y = planted.easy(600, 12)
    return scipy.sparse.csr_array(np.where(np.abs(X) > 0.7, X, 0.0)), y


def drawn():
    """More numbers than are held encoded: they are encoded batch by batch."""
    X, y = planted.easy(90_000, 50)
    return X.astype(np.float32), y


def labels():
    return make_multilabel_classification(600, 6, n_classes=3, random_state=0)


TABLES = (tall, three_classes, several_outputs, mixed, sparse, drawn)


def fit(device, table, **params):
    params = {"n_features_to_select": 2, "random_state": 0} | params
    X, y = table()
    return BinMaskSelector(device=device, **params).fit(X, y), X


@pytest.mark.parametrize("table", TABLES)
def test_it_chooses_the_same_columns(table):
    (cpu, X), (gpu, _) = (fit(device, table) for device in DEVICES)
    np.testing.assert_array_equal(gpu.support_, cpu.support_)
    head = X[:500]
    assert np.mean(gpu.predict(head) == cpu.predict(head)) > 0.9 or (
        np.corrcoef(gpu.predict(head).ravel(), cpu.predict(head).ravel())[0, 1] > 0.98
    )


@pytest.mark.parametrize("table", TABLES)
def test_it_says_the_same_again(table):
    (one, X), (other, _) = (fit("cuda", table) for _ in range(2))
    np.testing.assert_array_equal(one.ranking_, other.ranking_)
    np.testing.assert_array_equal(one.predict(X[:500]), other.predict(X[:500]))


def as_it_is(replays, trainer, numbers, rate, *kind):
    """Make a step without a recording."""
    replays._rate.fill_(rate)
    return move(trainer, numbers, replays._rate, *kind)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("wanted", [2, "auto"])
def test_a_step_is_the_same_recorded_or_not(table, wanted, monkeypatch):
    params = {"n_features_to_select": wanted, "n_members": 4}
    recorded, X = fit("cuda", table, **params)
    monkeypatch.setattr(replay._Replays, "__call__", as_it_is)
    plain, _ = fit("cuda", table, **params)
    np.testing.assert_array_equal(recorded.ranking_, plain.ranking_)
    np.testing.assert_array_equal(recorded.predict(X[:500]), plain.predict(X[:500]))


@pytest.mark.parametrize("granularity", ["features", "units", ("features", "weights")])
def test_a_step_of_an_mlp_is_the_same_recorded_or_not(granularity, monkeypatch):
    X, y = planted.easy(600)
    params = {"hidden_layer_sizes": (16, 8), "max_iter": 20, "random_state": 0}
    mlp = BinMaskMLPClassifier(**params, granularity=granularity, device="cuda")
    recorded = mlp.fit(X, y).predict_proba(X)
    monkeypatch.setattr(replay._Replays, "__call__", as_it_is)
    np.testing.assert_array_equal(recorded, mlp.fit(X, y).predict_proba(X))


@pytest.mark.parametrize("table", [tall, three_classes, several_outputs, mixed])
def test_most_steps_are_replays(table, monkeypatch):
    step, play, made = Trainer.step, replay._Tape.play, {"steps": 0, "replays": 0}

    def counted_step(*args, **options):
        made["steps"] += 1
        return step(*args, **options)

    def counted_play(*args):
        made["replays"] += 1
        return play(*args)

    monkeypatch.setattr(Trainer, "step", counted_step)
    monkeypatch.setattr(replay._Tape, "play", counted_play)
    fit("cuda", table)
    assert made["replays"] > 0.7 * made["steps"]


def test_threads_record_side_by_side():
    tables = [planted.easy(600, 8, seed=seed) for seed in range(6)]

    def say(X, y):
        selector = BinMaskSelector(n_features_to_select=2, device="cuda")
        return selector.set_params(random_state=0).fit(X, y).predict_proba(X)

    together = Parallel(n_jobs=3, backend="threading")(
        delayed(say)(*table) for table in tables
    )
    for said, table in zip(together, tables, strict=True):
        np.testing.assert_array_equal(said, say(*table))


@pytest.mark.parametrize("name", NAMES)
def test_a_fitted_estimator_holds_nothing_of_it(name):
    X, y = planted.easy()
    fitted = quick(name, device="cuda").fit(X, y)
    assert b"torch" not in pickle.dumps(fitted)
    assert_says(quick(name, device="cuda").fit(X, y), says(fitted, X), X)


@pytest.fixture
def no_step_waits(monkeypatch):
    """Let a step that waits for the GPU fail; gives a list, one word for each step."""
    step, made = Trainer.step, []
    with warnings.catch_warnings(action="ignore"):  # which torch says once
        torch.cuda.set_sync_debug_mode("default")

    def watched(trainer, *args, **options):
        torch.cuda.set_sync_debug_mode("error")
        try:
            step(trainer, *args, **options)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        made.append(trainer.config.device)

    monkeypatch.setattr(Trainer, "step", watched)
    return made


@pytest.mark.parametrize("table", [tall, three_classes, several_outputs, mixed])
def test_no_step_waits(table, no_step_waits):
    fit("cuda", table, n_members=4)
    assert len(no_step_waits) > 100 and set(no_step_waits) == {"cuda"}


@pytest.mark.usefixtures("no_step_waits")
@pytest.mark.parametrize(
    "params",
    [
        {"granularity": "features", "n_features_to_select": 2},
        {"granularity": "units", "sparsity": 0.5},
        {"granularity": "weights", "sparsity": 0.9},
        {"granularity": ("features", "units"), "l0_penalty": "auto"},
        {"granularity": ("features", "weights"), "l0_penalty": 1e-4},
    ],
)
def test_no_step_of_an_mlp_waits(params):
    X, y = planted.easy(600)
    common = {"hidden_layer_sizes": (16, 8), "max_iter": 20, "random_state": 0}
    for cls, target in ((BinMaskMLPClassifier, y), (BinMaskMLPRegressor, X[:, 0])):
        on_cpu, on_gpu = (
            cls(**common, **params, device=device).fit(X, target) for device in DEVICES
        )
        assert on_gpu.score(X, target) > on_cpu.score(X, target) - 0.05


@pytest.mark.usefixtures("no_step_waits")
def test_no_step_on_labels_waits():
    X, y = labels()
    params = {"max_iter": 20, "random_state": 0, "device": "cuda"}
    assert BinMaskMLPClassifier(**params).fit(X, y).score(X, y) > 0.3


def test_portions_go_on_where_they_were():
    X, y = planted.easy(600)
    both = []
    for device in DEVICES:
        model = BinMaskMLPClassifier(
            hidden_layer_sizes=(8,), random_state=0, device=device
        )
        for _ in range(20):
            model.partial_fit(X, y, classes=[0, 1])
        both.append(model.predict_proba(X))
    np.testing.assert_allclose(*both, atol=0.05)
