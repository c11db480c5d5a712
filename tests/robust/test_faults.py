"""A fit that fails leaves the estimator as it was; an interrupted one never half done.

Twenty points at which something goes wrong, on each estimator, fresh and fitted.
"""

import contextlib

import numpy as np
import pytest
import scipy.sparse
import torch
from estimators import NAMES, PREDICTING, X, Y, assert_says, quick, says
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import KFold

from sklearn_binmask._engine import training
from sklearn_binmask._estimator import encoded

NARROW = X[:, :2]


class Callback:
    """Fails when it has been called a number of times."""

    def __init__(self, error, at_begin=None, at_end=None):
        self.error = error
        self.waits = {"begin": at_begin, "end": at_end}

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self._count("begin")

    def on_fit_task_end(self, estimator, context):
        self._count("end")

    def _count(self, when):
        if self.waits[when] is not None:
            self.waits[when] -= 1
            if self.waits[when] == 0:
                raise self.error


def by_callback(error, **when):
    def fail(estimator, monkeypatch):
        # a copy is fitted: callbacks stay with an estimator
        estimator.set_callbacks(Callback(error, **when))
        try:
            estimator.fit(X, Y)
        finally:
            del estimator._skl_callbacks

    return fail


def by_data(X, y, **more):
    return lambda estimator, monkeypatch: estimator.fit(X, y, **more)


def by_parameter(**params):
    def fail(estimator, monkeypatch):
        before = {name: getattr(estimator, name) for name in params}
        try:
            estimator.set_params(**params).fit(X, Y)
        finally:
            estimator.set_params(**before)

    return fail


def by_patch(place, name, error, after=1):
    """Let a function of the engine fail when it is called for the n-th time."""

    def fail(estimator, monkeypatch):
        genuine, calls = getattr(place, name), [0]

        def faulty(*args, **kwargs):
            calls[0] += 1
            if calls[0] == after:
                raise error
            return genuine(*args, **kwargs)

        monkeypatch.setattr(place, name, faulty)
        estimator.fit(X, Y)

    return fail


def by_no_number(estimator, monkeypatch):
    """Let the losses of a training be NaN from its second step on."""
    genuine, calls = training.Trainer._follow_loss, [0]

    def faulty(self, values):
        calls[0] += 1
        if calls[0] > 1:
            self.networks.parameters.fill_(torch.nan)
            values = values * torch.nan
        genuine(self, values)

    monkeypatch.setattr(training.Trainer, "_follow_loss", faulty)
    estimator.fit(X, Y)


FAULTS = {
    "callback, at the beginning": by_callback(RuntimeError("planted"), at_begin=1),
    "callback, at the first step": by_callback(RuntimeError("planted"), at_begin=2),
    "callback, at the first look": by_callback(RuntimeError("planted"), at_end=1),
    "callback, out of memory": by_callback(MemoryError("planted"), at_end=2),
    "callback, exit": by_callback(SystemExit("planted"), at_end=1),
    "memory, encoding": by_patch(encoded, "learn_table", MemoryError("planted")),
    "memory, first network": by_patch(
        training.Trainer, "_make_networks", MemoryError("planted")
    ),
    "memory, fifth step": by_patch(
        training.Trainer, "step", MemoryError("planted"), after=5
    ),
    "torch, twentieth step": by_patch(
        training.Trainer, "step", RuntimeError("planted"), after=20
    ),
    "torch, no memory for a tensor": by_patch(
        torch, "zeros", RuntimeError("planted: you tried to allocate"), after=2
    ),
    "interrupt, first step": by_patch(
        training.Trainer, "step", KeyboardInterrupt("planted")
    ),
    "no number": by_no_number,
    "missing target": by_data(X, np.where(np.arange(60) == 7, np.nan, Y)),
    "infinite cell": by_data(np.where(np.eye(60, 3) > 0, np.inf, X), Y),
    "too few targets": by_data(X, Y[:-1]),
    "infinite cell of a sparse table": by_data(
        scipy.sparse.csr_array(np.where(np.eye(60, 3) > 0, np.inf, X)), Y
    ),
    "no target": by_data(X, None),
    "no column": by_data(X[:, :0], Y),
    "one row": by_data(X[:1], Y[:1]),
    "negative weight": by_data(X, Y, sample_weight=np.arange(60) - 1.0),
    "text in an array": by_data(X.astype(str).astype(object) + "?", Y),
    "parameter of a wrong kind": by_parameter(activation=3),
    "a device that is not there": by_parameter(device="meteor"),
    "other columns, then a fault": by_data(NARROW, np.where(Y == 1, np.nan, Y)),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_fault_leaves_fresh_and_fitted_estimators_as_they_were(
    name, fault, monkeypatch
):
    fitted = quick(name).fit(X, Y)
    expected, state = says(fitted), dict(vars(fitted))
    for estimator in (quick(name), fitted):
        with monkeypatch.context() as patched, pytest.raises(BaseException) as caught:
            FAULTS[fault](estimator, patched)
        assert type(caught.value) is not pytest.fail.Exception
        if estimator is fitted:
            assert vars(fitted).keys() == state.keys()
            assert all(vars(fitted)[key] is state[key] for key in state)
            assert_says(fitted, expected)
        else:
            assert set(vars(estimator)) == set(estimator.get_params(deep=False))
    fitted.fit(NARROW, Y)  # and it is as good as new
    assert_says(fitted, says(quick(name).fit(NARROW, Y), NARROW), NARROW)


class BrokenFolds(KFold):
    """Fails after the first fold."""

    error = RuntimeError("planted")

    def split(self, X, y=None, groups=None):
        yield next(super().split(X, y, groups))
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, KeyboardInterrupt])
@pytest.mark.parametrize("place", ["scorer", "folds"])
def test_a_fault_of_what_the_user_brings_leaves_a_selector_as_it_was(place, error):
    asked = []

    def scorer(estimator, X, y):
        asked.append(estimator)
        if len(asked) == 3:
            raise error("planted")
        return accuracy_score(y, estimator.predict(X))

    folds = BrokenFolds(2)
    folds.error = error("planted")
    own = {"scoring": scorer} if place == "scorer" else {"cv": folds}
    fitted = quick("selector_cv").fit(X, Y)
    expected = says(fitted)
    for estimator in (quick("selector_cv"), fitted):
        names = set(vars(estimator))
        asked.clear()
        with pytest.raises(error, match="planted"):
            estimator.set_params(**own).fit(NARROW, Y)
        assert set(vars(estimator)) == names
    assert_says(fitted, expected)


# --- Ctrl-C: the best state so far, or the one before ---------------------------------


def interrupted(estimator, n_looks, X=X, y=Y, **more):
    """Fit, and interrupt after a number of looks; tell whether it came so far."""
    callback = Callback(KeyboardInterrupt("planted"), at_end=n_looks)
    estimator.set_callbacks(callback)
    with contextlib.suppress(KeyboardInterrupt):
        estimator.fit(X, y, **more)
    del estimator._skl_callbacks
    return callback.waits["end"] <= 0


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"sparsity": 0.5},
        {"l0_penalty": 0.0},
        {"l0_penalty": 1e-3},
        {"granularity": ("features", "units"), "n_features_to_select": 2},
    ],
    ids=str,
)
def test_an_interrupted_network_is_of_the_size_asked_for_or_as_before(params):
    """It never is half done: neither in its attributes nor in its size."""
    params |= {"max_iter": 30}
    whole = quick("classifier", **params).fit(X, Y)
    n_kept = n_looks = 0
    while True:
        n_looks += 1
        estimator = quick("classifier", **params)
        if not interrupted(estimator, n_looks):
            break
        if not hasattr(estimator, "estimator_"):
            assert set(vars(estimator)) == set(estimator.get_params(deep=False))
            continue
        n_kept += 1
        assert vars(estimator).keys() == vars(whole).keys()
        assert "interrupted" in estimator.estimator_.network.stop_reason.value
        assert np.isfinite(estimator.predict_proba(X)).all()
        if "sparsity" in params:
            assert estimator.sparsity_ == whole.sparsity_
        if "n_features_to_select" in params:
            assert estimator.n_features_ == 2
    assert n_kept > 1


@pytest.mark.parametrize("n_looks", [1, 2, 4, 7])
def test_an_interrupted_network_is_the_best_so_far(n_looks):
    """Its loss on rows that we hold out ourselves is the least of the looks so far."""
    estimator = quick("classifier", max_iter=400, l0_penalty=0.0)
    held_out = {"X_val": X[40:], "y_val": Y[40:]}
    assert interrupted(estimator, n_looks, X[:40], Y[:40], **held_out)
    loss = log_loss(Y[40:], estimator.predict_proba(X[40:]))
    looks = -estimator.validation_scores_
    assert len(looks) == n_looks
    np.testing.assert_allclose(loss, looks.min(), rtol=1e-9)


@pytest.mark.parametrize("name", ["selector", "selector_cv"])
def test_a_selector_keeps_a_selection_that_is_complete(name, monkeypatch):
    """An interrupt on the path leaves it as before, one in the last training not."""
    genuine, looks = training.Trainer.held_out_loss, [0]

    def faulty(self):
        looks[0] += 1
        if looks[0] == 3:  # of the last training alone: the path has its own
            raise KeyboardInterrupt("planted")
        return genuine(self)

    whole = quick(name, max_iter=200).fit(X, Y)
    estimator = quick(name, max_iter=200)
    with monkeypatch.context() as patched:
        patched.setattr(training.Trainer, "held_out_loss", faulty)
        with pytest.raises(KeyboardInterrupt, match="planted"):
            estimator.fit(X, Y)
    assert vars(estimator).keys() == vars(whole).keys()
    np.testing.assert_array_equal(estimator.support_, whole.support_)
    np.testing.assert_array_equal(estimator.path_, whole.path_)
    assert len(estimator.loss_curve_) == 1 < len(whole.loss_curve_)
    assert 0 < estimator.estimator_.network.n_steps < whole.estimator_.network.n_steps
    assert np.isfinite(estimator.predict_proba(X)).all()
    estimator.fit(X, Y)
    assert_says(estimator, says(whole))


@pytest.mark.parametrize("name", PREDICTING)
def test_an_error_while_the_best_state_is_kept_does_not_hide_the_interrupt(
    name, monkeypatch
):
    def faulty(*args):
        tried.append(args)
        raise ValueError("planted")

    fitted = quick(name, max_iter=200).fit(X, Y)
    expected = says(fitted)
    tried = []
    monkeypatch.setattr(training.Trainer, "network", faulty)
    fail = (
        by_patch(
            training.Trainer, "held_out_loss", KeyboardInterrupt("planted"), after=3
        )
        if "selector" in name
        else by_callback(KeyboardInterrupt("planted"), at_end=2)
    )
    with pytest.raises(KeyboardInterrupt, match="planted"):
        fail(fitted, monkeypatch)
    assert tried
    assert_says(fitted, expected)
