"""Targets, weights, and the network that predicts from the chosen columns."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from planted import SMALL, easy
from sklearn.dummy import DummyClassifier, DummyRegressor

from sklearn_binmask import BinMaskSelector
from sklearn_binmask._engine import fixed

N = 300
X, Y = easy(N)
NAMES = np.array(["no", "perhaps", "yes"], dtype=object)
CUT = np.digitize(X[:, 0], [-0.4, 0.4])
# what it is -> target, shape of predict_proba (None: there is none)
TARGETS = {
    "bool": (Y == 1, (N, 2)),
    "two texts": (NAMES[2 * Y], (N, 2)),
    "odd integers": (3 - 10 * Y, (N, 2)),
    "three texts": (NAMES[CUT], (N, 3)),
    "three integers": (CUT + 5, (N, 3)),
    "two labels": (np.column_stack([Y, X[:, 1] > 0]).astype(int), (N, 2)),
    "three labels": ((X[:, :3] > [0, 0.5, -0.5]).astype(int), (N, 3)),
    "number": (1e4 + 50 * (2 * X[:, 0] + X[:, 1]), None),
    "column of numbers": ((X[:, :1] - 2 * X[:, 1:2]) / 1e5, None),
    "numbers": (X[:, :2] @ [[1.0, 2.0, 0.5], [0.0, 3.0, -2.0]] + [0, 1e3, 1], None),
}


def fit(y=Y, X=X, sample_weight=None, **params):
    selector = BinMaskSelector(**(SMALL | {"max_iter": 300} | params))
    return selector.fit(X, y, sample_weight=sample_weight)


@pytest.mark.parametrize("kind", TARGETS)
def test_predictions_look_like_the_target_and_beat_a_constant(kind):
    y, shape = TARGETS[kind]
    selector = fit(y)
    assert selector.support_[0]
    predicted = selector.predict(X)
    assert predicted.shape == y.shape
    dummy = DummyRegressor() if shape is None else DummyClassifier()
    constant = dummy.fit(X, y).score(X, y)
    assert selector.score(X, y) > constant + 0.6 * (1 - constant)
    assert (selector.task_ == "regression") == (shape is None)
    assert hasattr(selector, "predict_proba") == (shape is not None)
    if shape is not None:
        assert set(np.unique(predicted)) <= set(np.unique(y))
        assert predicted.dtype.kind == y.dtype.kind


@pytest.mark.parametrize("kind", [k for k, (_, shape) in TARGETS.items() if shape])
def test_probabilities_agree_with_predictions_and_decisions(kind):
    y, shape = TARGETS[kind]
    selector = fit(y)
    probabilities = selector.predict_proba(X)
    decisions, predicted = selector.decision_function(X), selector.predict(X)
    assert probabilities.shape == shape
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    if y.ndim == 2:
        assert_array_equal(selector.classes_, np.arange(shape[1]))
        assert_array_equal(predicted, probabilities > 0.5)
        assert_array_equal(predicted, decisions > 0)
        return
    assert_array_equal(selector.classes_, np.unique(y))
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    assert_array_equal(predicted, selector.classes_[probabilities.argmax(axis=1)])
    if shape[1] == 2:
        assert decisions.shape == (N,)
        logistic = 1 / (1 + np.exp(-decisions))
        assert_allclose(probabilities[:, 1], logistic, atol=1e-14)
    else:
        assert_array_equal(decisions.argmax(axis=1), probabilities.argmax(axis=1))


@pytest.mark.parametrize("kind", ["number", "numbers"])
def test_numbers_in_other_units_are_predicted_in_those(kind):
    y, _ = TARGETS[kind]
    one, other = fit(y), fit(1024.0 * y)  # a power of two: to the last bit
    assert_array_equal(one.support_, other.support_)
    assert_allclose(1024.0 * one.predict(X), other.predict(X), rtol=1e-12)


def test_task_overrules_what_integers_look_like():
    counts = np.round(5 * X[:, 0]).astype(int)
    assert fit(counts).task_ == "classification"
    numbers = fit(counts, task="regression")
    assert not hasattr(numbers, "classes_")
    assert (numbers.predict(X) % 1).any()
    assert fit(Y, task="classification").task_ == "classification"


# --- the network on the chosen columns ----------------------------------------------


@pytest.mark.parametrize("kind", ["bool", "three texts", "number"])
def test_predictions_look_at_chosen_columns_only(kind):
    y, shape = TARGETS[kind]
    selector = fit(y, n_features_to_select=2)
    methods = ["predict", *(["predict_proba"] if shape else [])]
    for spoilt in (np.nan, 1e9, X[::-1]):
        other = np.where(selector.support_, X, spoilt)
        for method in methods:
            expected = getattr(selector, method)(X)
            assert_array_equal(getattr(selector, method)(other), expected)
    moved = np.where(selector.support_, X + 1, X)
    assert (selector.predict(moved) != selector.predict(X)).any()


def test_one_row_is_predicted_as_among_many():
    selector = fit()
    one_by_one = np.vstack([selector.predict_proba(row[None]) for row in X[:20]])
    assert_allclose(one_by_one, selector.predict_proba(X)[:20], rtol=1e-12)


def test_without_refit_there_is_the_same_selection_and_no_prediction():
    selector, other = fit(refit=False), fit(refit=True)
    assert_array_equal(selector.path_, other.path_)
    assert_array_equal(selector.transform(X), other.transform(X))
    for name in ("predict", "predict_proba", "decision_function", "score"):
        assert hasattr(other, name)
        assert not hasattr(selector, name)
    for name in ("estimator_", "loss_curve_", "validation_scores_"):
        assert hasattr(other, name)
        assert not hasattr(selector, name)
    assert selector.n_iter_ < other.n_iter_


def test_the_refit_learns():
    curve = fit().loss_curve_
    assert curve.ndim == 1
    assert curve[-1] < 0.5 * curve[0]


def test_max_iter_bounds_the_refit():
    table, y = easy(200)  # one step is one pass over these rows
    path_alone = fit(y, table, refit=False).n_iter_
    for most in (1, 7):
        assert fit(y, table, max_iter=most).n_iter_ - path_alone <= most


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("sizes", [(), 3, [4, 2], np.array([3])])
def test_every_activation_and_form_of_layer_sizes(activation, sizes):
    selector = fit(activation=activation, hidden_layer_sizes=sizes, alpha=0.01)
    shapes = [weights.shape[1:] for weights in selector.estimator_.network.coefs]
    units = np.ravel(sizes).tolist()
    assert [shape[1] for shape in shapes] == [*units, 1]
    assert selector.score(X, Y) > 0.85


# --- weights ------------------------------------------------------------------------


@pytest.mark.parametrize("n_rows", [150, 400])
@pytest.mark.parametrize("wanted", ["auto", 2])
def test_a_row_of_weight_zero_is_absent(n_rows, wanted):
    table, y = easy(n_rows)
    weights = np.random.default_rng(1).integers(0, 3, n_rows).astype(float)
    junk, wrong = table.copy(), y.copy()
    junk[weights == 0] = 1e6
    wrong[weights == 0] = 7  # another class
    used = weights > 0
    one = fit(wrong, junk, weights, n_features_to_select=wanted)
    other = fit(y[used], table[used], weights[used], n_features_to_select=wanted)
    assert_array_equal(one.classes_, [0, 1])
    for name in ("support_", "scores_", "path_", "loss_curve_"):
        assert_array_equal(getattr(one, name), getattr(other, name))
    assert_array_equal(one.predict_proba(table), other.predict_proba(table))


def test_weights_have_no_unit():
    weights = np.random.default_rng(1).uniform(0.5, 2, N)
    one = fit(sample_weight=weights)
    for unit in (2.0**40, 2.0**-40):
        other = fit(sample_weight=unit * weights)
        assert_array_equal(one.support_, other.support_)
        assert_allclose(one.scores_, other.scores_, rtol=1e-4)


def test_weights_choose_the_column_that_matters_to_the_heavy_rows():
    y = np.where(np.arange(N) % 2, X[:, 2] > 0, X[:, 3] > 0)
    heavy = np.where(np.arange(N) % 2, 20.0, 1.0)
    assert fit(y, sample_weight=heavy, n_features_to_select=1).support_[2]
    assert fit(y, sample_weight=heavy[::-1], n_features_to_select=1).support_[3]


RARE = np.where(2 * X[:, 0] + np.random.default_rng(3).normal(size=N) > 2.5, "b", "a")


def test_class_weight_moves_predictions_towards_the_heavy_class():
    def share_of_b(class_weight):
        selector = fit(RARE, class_weight=class_weight, n_features_to_select=1)
        return selector.predict_proba(X)[:, 1].mean()

    even, balanced = share_of_b(None), share_of_b("balanced")
    assert share_of_b({"a": 1, "b": 1}) == even
    assert share_of_b({"a": 9.0}) < even < balanced < share_of_b({"b": 100})
    assert abs(even - (RARE == "b").mean()) < 0.05
    assert abs(balanced - 0.5) < abs(even - 0.5)


def test_class_weight_of_each_label():
    labels = np.column_stack([Y, RARE == "b"]).astype(int)
    params = {"n_features_to_select": 2}
    even = fit(labels, **params).predict_proba(X).mean(axis=0)
    weights = [{0: 1, 1: 1}, {0: 1, 1: 20}]
    heavy = fit(labels, class_weight=weights, **params).predict_proba(X).mean(axis=0)
    assert heavy[1] > even[1] + 0.1


@pytest.mark.parametrize("n_rows, factor", [(300, 1), (1500, 1), (3000, 2), (9000, 3)])
def test_the_final_network_takes_larger_steps_where_rows_are_many(
    n_rows, factor, monkeypatch
):
    """And a step shrinks its weights as if it did not."""
    asked, train = [], fixed.train_fixed

    def watched(problem, config, **others):
        asked.append(config)
        return train(problem, config, **others)

    monkeypatch.setattr(fixed, "train_fixed", watched)
    X, y = easy(n_rows)
    BinMaskSelector(**SMALL, learning_rate_init=0.02, alpha=0.1).fit(X, y)
    (config,) = asked
    assert_allclose(config.learning_rate, 0.02 * factor)
    shrinks_on_path = 0.02 * 0.1 * min(1, 2000 / n_rows)
    assert_allclose(config.learning_rate * config.alpha, shrinks_on_path / 50)
