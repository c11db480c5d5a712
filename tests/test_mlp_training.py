"""How masked networks are trained: in portions, on from before, on weighted rows."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from planted import easy
from sklearn.base import clone
from sklearn.metrics import log_loss, mean_squared_error

from sklearn_binmask import BinMaskMLPClassifier, BinMaskMLPRegressor

TINY = {"hidden_layer_sizes": (8,), "max_iter": 40, "random_state": 0}
X, Y = easy(200)
NUMBERS = 2 * X[:, 0] + X[:, 1]
CLASSES = np.digitize(NUMBERS, [-1, 1])
LABELS = np.column_stack([Y, X[:, 1] > 0]).astype(int)
NAMES = [f"c{j}" for j in range(6)]
FRAME = pd.DataFrame(X, columns=NAMES).assign(
    level=np.where(X[:, 2] > 0, "up", "down"), hole=np.where(Y, X[:, 3], np.nan)
)
X_VAL, Y_VAL = easy(60, seed=1)
every_granularity = pytest.mark.parametrize(
    "granularity", ["weights", "units", "features", ("features", "units", "weights")]
)


def classifier(**params):
    return BinMaskMLPClassifier(**(TINY | params))


def regressor(**params):
    return BinMaskMLPRegressor(**(TINY | params))


def make(y, **params):
    return (regressor if np.asarray(y).dtype == float else classifier)(**params)


def assert_same_weights(one, other):
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(one, name), getattr(other, name), strict=True):
            assert_array_equal(a, b)


# --- partial_fit --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "least"),
    [(Y, 0.9), (CLASSES, 0.8), (LABELS, 0.8), (NUMBERS, 0.9)],
    ids=["binary", "multiclass", "multilabel", "regression"],
)
def test_portions_teach_a_network_that_was_never_fitted(y, least):
    model = make(y, learning_rate_init=0.02)
    portions = np.array_split(np.arange(200), 4)
    for portion in [np.arange(200), *portions * 20]:
        assert model.partial_fit(X[portion], y[portion]) is model
    assert model.score(X, y) > least
    assert all(mask.all() for mask in model.masks_)
    assert (model.sparsity_, model.n_features_) == (0.0, 6)
    assert len(model.loss_curve_) == 81
    assert model.loss_curve_[-1] < 0.5 * model.loss_curve_[0]


@pytest.mark.parametrize(
    "frame", [FRAME, pl.DataFrame(FRAME)], ids=["pandas", "polars"]
)
def test_portions_of_frames(frame):
    model = classifier(learning_rate_init=0.02)
    for start in [*range(0, 200, 50)] * 20:
        model.partial_fit(frame[start : start + 50], Y[start : start + 50])
    assert model.score(frame, Y) > 0.9
    assert model.feature_names_in_.tolist() == FRAME.columns.tolist()
    assert list(model.transform(frame).columns) == list(FRAME.columns)


@every_granularity
def test_portions_keep_the_masks_of_fit(granularity):
    model = classifier(granularity=granularity, sparsity=0.6).fit(X, Y)
    before = clone(model).fit(X, Y)
    for _ in range(5):
        model.partial_fit(X, Y)
    moved = [(a != b).any() for a, b in zip(model.coefs_, before.coefs_, strict=True)]
    assert all(moved)
    for mask, kept, weights in zip(
        model.masks_, before.masks_, model.coefs_, strict=True
    ):
        assert_array_equal(mask, kept)
        assert_array_equal(weights != 0, mask)
    assert_array_equal(model.support_, before.support_)
    assert model.sparsity_ == before.sparsity_
    assert_array_equal(model.path_, before.path_)
    assert model.n_iter_ > before.n_iter_
    assert set(vars(model)) == set(vars(before))


def test_portions_improve_on_a_fit_that_was_short():
    model = classifier(sparsity=0.5, max_iter=1).fit(X, Y)
    before = log_loss(Y, model.predict_proba(X))
    for _ in range(40):
        model.partial_fit(X, Y)
    assert log_loss(Y, model.predict_proba(X)) < 0.8 * before


def test_the_first_portion_needs_to_be_told_of_classes_that_it_has_not():
    rows = CLASSES < 2
    told = classifier().partial_fit(X[rows], CLASSES[rows], classes=[2, 1, 0])
    assert told.classes_.tolist() == [0, 1, 2]
    assert told.predict_proba(X).shape == (200, 3)
    told.partial_fit(X, CLASSES)
    one_class = classifier().partial_fit(X[Y == 0], Y[Y == 0], classes=[0, 1])
    assert one_class.predict_proba(X).shape == (200, 2)
    words = np.array(["no", "yes"])[Y]
    named = classifier().partial_fit(X, words, classes=["yes", "maybe", "no"])
    assert named.classes_.tolist() == ["maybe", "no", "yes"]
    assert set(named.predict(X)) <= set(named.classes_)


def test_classes_change_nothing_where_the_rows_have_them_all():
    with_classes = classifier().partial_fit(X, CLASSES, classes=[0, 1, 2])
    assert_same_weights(with_classes, classifier().partial_fit(X, CLASSES))


def test_a_portion_leaves_out_rows_of_no_weight():
    weights = (X[:, 3] > 0).astype(float)
    for start in (classifier(), classifier(sparsity=0.5).fit(X, Y)):
        one, other = clone(start), clone(start)
        one.__dict__.update(vars(start))
        other.__dict__.update(vars(start))
        one.partial_fit(X, Y, sample_weight=weights)
        other.partial_fit(X[weights > 0], Y[weights > 0])
        assert_same_weights(one, other)


def test_many_targets_in_portions():
    targets = np.column_stack([NUMBERS, 100 * X[:, 1] + 7])
    model = regressor(learning_rate_init=0.02)
    for _ in range(100):
        model.partial_fit(X, targets)
    assert model.score(X, targets) > 0.9


# --- warm starts --------------------------------------------------------------------


@pytest.mark.parametrize("y", [Y, NUMBERS], ids=["classes", "numbers"])
def test_a_warm_start_goes_on_from_the_weights(y):
    model = make(y, sparsity=0.5).fit(X, y)
    cold = clone(model).fit(X, y)
    assert_same_weights(cold, model)
    model.set_params(warm_start=True).fit(X, y)
    assert model.loss_curve_[0] < 0.7 * cold.loss_curve_[0]
    assert model.validation_scores_[0] > cold.validation_scores_[0]
    # gates that had closed are open again at the start of the path
    assert model.path_["n_open"][0] == cold.path_["n_open"][0]
    assert_allclose(model.sparsity_, 0.5, atol=0.01)


def test_the_first_fit_of_a_warm_start_begins_anew():
    model = classifier(warm_start=True).fit(X, Y)
    assert_same_weights(model, classifier().fit(X, Y))


def test_a_warm_start_goes_on_from_portions():
    model = classifier(warm_start=True, sparsity=0.5)
    for _ in range(60):
        model.partial_fit(X, Y)
    model.fit(X, Y)
    assert (
        model.loss_curve_[0] < 0.8 * classifier(sparsity=0.5).fit(X, Y).loss_curve_[0]
    )


# --- rows held out ------------------------------------------------------------------


@pytest.mark.parametrize("early_stopping", [True, False])
def test_scores_are_those_on_the_rows_that_the_user_holds_out(early_stopping):
    # with one price and nothing to close, training ends at the best look
    model = classifier(l0_penalty=0, early_stopping=early_stopping, max_iter=200)
    model.fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    here = -log_loss(Y_VAL, model.predict_proba(X_VAL))
    assert_allclose(model.validation_scores_.max(), here, rtol=1e-5)
    assert_allclose(model.path_["validation_loss"][-1], -here, rtol=1e-5)


def test_scores_of_numbers_are_those_on_the_rows_that_the_user_holds_out():
    table, y = FRAME.drop(columns="hole"), NUMBERS
    model = regressor(l0_penalty=0, max_iter=200)
    model.fit(table[:150], y[:150], X_val=table[150:], y_val=pd.Series(y[150:]))
    error = mean_squared_error(y[150:], model.predict(table[150:]))
    # the loss is half the square, in units of the deviation of the target
    expected = error / 2 / y[:150].var()
    assert_allclose(-model.validation_scores_.max(), expected, rtol=1e-5)


def test_rows_held_out_by_the_user_decide():
    wrong = classifier(max_iter=60).fit(X, Y, X_val=X_VAL, y_val=1 - Y_VAL)
    right = classifier(max_iter=60).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    assert wrong.score(X, Y) < right.score(X, Y)
    assert right.validation_scores_.max() > wrong.validation_scores_.max()


def test_all_rows_train_where_the_user_holds_others_out():
    # copies, as the first weights hang on a statistic of all rows
    fixed = {"l0_penalty": 0, "n_iter_no_change": 10**6, "max_iter": 160}
    alone = classifier(early_stopping=False, **fixed).fit(X, Y)
    beside = classifier(**fixed).fit(X, Y, X_val=X, y_val=Y)
    assert_allclose(beside.loss_curve_, alone.loss_curve_, rtol=1e-9)
    apart = classifier(**fixed).fit(X, Y)
    assert (apart.loss_curve_ != alone.loss_curve_).all()


@pytest.mark.parametrize("y", [Y, CLASSES, LABELS, NUMBERS])
@pytest.mark.parametrize("sparsity", [0.5, None])
def test_without_early_stopping(y, sparsity):
    model = make(y, early_stopping=False, sparsity=sparsity).fit(X, y)
    assert len(model.validation_scores_) == len(model.loss_curve_)
    assert np.isfinite(model.path_["validation_loss"]).all()
    held = classifier if y is not NUMBERS else regressor
    same = held(early_stopping=True, sparsity=sparsity).fit(X, y)
    differs = any(
        (a != b).any() for a, b in zip(model.coefs_, same.coefs_, strict=True)
    )
    assert differs == (sparsity is not None)  # "auto" holds rows out in any case


def test_without_early_stopping_all_rows_train():
    model = classifier(early_stopping=False, l0_penalty=0, learning_rate_init=0.05)
    model.set_params(max_iter=300, alpha=0.0).fit(X, Y)
    assert model.score(X, Y) == 1
    assert_allclose(-model.validation_scores_, model.loss_curve_, rtol=1e-6)


# --- weights of rows ----------------------------------------------------------------


@pytest.mark.parametrize("y", [Y, CLASSES, LABELS, NUMBERS])
@pytest.mark.parametrize("table", [X, FRAME], ids=["array", "frame"])
def test_rows_of_no_weight_are_left_out(table, y):
    used = X[:, 4] > -0.5
    one = make(y, sparsity=0.5).fit(table, y, sample_weight=3.0 * used)
    other = make(y, sparsity=0.5).fit(table[used], y[used])
    assert_same_weights(one, other)
    assert_array_equal(one.path_, other.path_)


def test_class_weight_is_relative_and_moves_the_choice():
    def fit(class_weight):
        return classifier(sparsity=0.5, class_weight=class_weight).fit(X, Y)

    assert_same_weights(fit({0: 2, 1: 2}), fit(None))
    assert_same_weights(fit({0: 1, 1: 8}), fit({0: 0.5, 1: 4}))
    shares = [fit({0: 1, 1: w}).predict_proba(X)[:, 1].mean() for w in (0.1, 1, 10)]
    assert shares[0] < shares[1] < shares[2]


def test_balanced_classes_weigh_the_same():
    y = (NUMBERS > 3).astype(int)
    by_hand = {0: 0.5 / (1 - y.mean()), 1: 0.5 / y.mean()}
    balanced, same, plain = (
        classifier(sparsity=0.5, class_weight=given).fit(X, y)
        for given in ("balanced", by_hand, None)
    )
    assert_allclose(balanced.predict_proba(X), same.predict_proba(X), rtol=1e-6)
    assert balanced.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean()


def test_class_weight_of_labels():
    def fit(class_weight):
        return classifier(sparsity=0.5, class_weight=class_weight).fit(X, LABELS)

    shares = LABELS.mean(0)
    by_hand = [{0: 0.5 / (1 - share), 1: 0.5 / share} for share in shares]
    same = fit(by_hand).predict_proba(X)
    assert_allclose(fit("balanced").predict_proba(X), same, rtol=1e-6)
    heavy = fit([{0: 1, 1: 8}, {0: 1, 1: 1}]).predict_proba(X).mean(0)
    assert heavy[0] > fit(None).predict_proba(X).mean(0)[0]
