"""`partial_fit` on streams: rows one by one, classes to come, columns that wait."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from planted import easy

from sklearn_binmask import BinMaskMLPClassifier, BinMaskMLPRegressor

TINY = {"hidden_layer_sizes": (8,), "random_state": 0}
X, Y = easy(400)
NUMBERS = 2 * X[:, 0] + X[:, 1]
CLASSES = np.digitize(NUMBERS, [-1, 1])
LABELS = np.column_stack([Y, X[:, 1] > 0]).astype(int)
FRAME = pd.DataFrame(X, columns=list("abcdef")).assign(
    level=np.where(X[:, 0] > 0, "up", "down"), hole=np.where(Y, X[:, 3], np.nan)
)


def classifier(**params):
    return BinMaskMLPClassifier(**(TINY | params))


def regressor(**params):
    return BinMaskMLPRegressor(**(TINY | params))


def stream(model, table, y, n_rows=1, **first):
    for start in range(0, len(y), n_rows):
        rows = slice(start, start + n_rows)
        model.partial_fit(table[rows], y[rows], **(first if start == 0 else {}))
    return model


def says(model, table):
    return getattr(model, "predict_proba", model.predict)(table)


@pytest.mark.parametrize(
    ("make", "y", "classes"),
    [
        (classifier, Y, [0, 1]),
        (classifier, CLASSES, [0, 1, 2]),
        (classifier, LABELS, [0, 1]),
        (regressor, NUMBERS, None),
        (regressor, np.column_stack([NUMBERS, 1e4 * X[:, 1] + 5e4]), None),
    ],
    ids=["binary", "multiclass", "multilabel", "number", "numbers"],
)
def test_rows_one_by_one_teach_the_network(make, y, classes):
    known = {} if classes is None else {"classes": classes}
    model = stream(make(), X[:1], y[:1], **known)
    assert np.isfinite(says(model, X)).all()
    before = model.score(X, y)
    for _ in range(3):
        stream(model, X, y)
    assert model.score(X, y) > max(before + 0.1, 0.7)
    assert model.n_iter_ == 1201


@pytest.mark.parametrize("n_rows", [1, 2, 130])
@pytest.mark.parametrize(
    "frame", [FRAME, pl.DataFrame(FRAME)], ids=["pandas", "polars"]
)
def test_frames_in_portions_of_any_size(frame, n_rows):
    model = classifier(learning_rate_init=0.01)
    for _ in range(2 if n_rows < 130 else 30):
        stream(model, frame, Y, n_rows, classes=[0, 1])
    assert model.score(frame, Y) > 0.8
    assert len(model.input_to_outputs_) == 8


def test_a_column_that_is_the_same_in_the_first_portion_waits_for_others():
    table = np.column_stack([1000 * X[:, 0] + 5000, X[:, 1:]])
    table[0] = table.mean(axis=0)
    model = stream(regressor(), table, NUMBERS)
    assert model.support_.all()
    # without the first column, no more than 0.2 could be had
    assert stream(model, table, NUMBERS).score(table, NUMBERS) > 0.5
    # a level that is not in it is unlike the one that is
    level = pd.DataFrame({"level": np.where(Y, "up", "down")})
    first = level.assign(level="up")[:1]
    model = classifier(learning_rate_init=0.02).partial_fit(first, Y[:1], [0, 1])
    for _ in range(100):
        model.partial_fit(level, Y)
    assert model.score(level, Y) == 1


@pytest.mark.parametrize("value", [0.0, 1e-300, -1e30, 1e300, np.nan])
def test_a_first_row_of_any_value(value):
    first = np.where(np.arange(6) == 2, value, X[:1])
    model = classifier().partial_fit(first, Y[:1], classes=[0, 1]).partial_fit(X, Y)
    for table in (first, X, 1e200 * X):
        assert np.isfinite(model.predict_proba(table)).all()
    assert np.isfinite(model.loss_curve_).all()
    if not np.isnan(value):
        model = regressor().partial_fit(first, [value]).partial_fit(X[:1], [value])
        assert_allclose(model.predict(first), value, rtol=1, atol=3)


def test_a_target_far_from_those_before_is_refused():
    model = regressor().partial_fit(X, NUMBERS)
    before = model.predict(X)
    for value in (1e30, -1e300):
        with pytest.raises(ValueError, match=r"y holds .*e\+.*deviations.*fit anew"):
            model.partial_fit(X[:1], [value])
    assert_array_equal(model.predict(X), before)


def test_a_pass_sees_nearly_all_rows():
    # 399 rows make two steps of 199, not one of 200
    model = classifier().partial_fit(X[:399], Y[:399])
    assert model.n_iter_ == 2
    assert classifier(batch_size=10).partial_fit(X, Y).n_iter_ == 40


@pytest.mark.parametrize("granularity", ["weights", "features", ("features", "units")])
def test_what_fit_found_stays(granularity):
    model = classifier(granularity=granularity, sparsity=0.6, max_iter=10).fit(X, Y)
    before = dict(vars(model))
    model.partial_fit(X[:1], Y[:1]).partial_fit(X, Y)
    assert set(vars(model)) == set(before)
    for name in ("support_", "path_", "sparsity_", "ranking_", "validation_scores_"):
        if name in before:
            assert_array_equal(getattr(model, name), before[name])
    for mask, kept in zip(model.masks_, before["masks_"], strict=True):
        assert_array_equal(mask, kept)
    assert model.open_gates_ is before["open_gates_"]


# --- classes ------------------------------------------------------------------------


def test_a_column_of_classes_is_a_column():
    one = classifier().partial_fit(X[:3], Y[:3, None], classes=[0, 1, 2])
    two = classifier().partial_fit(X[:3], Y[:3], classes=[2, 1, 0])
    assert_array_equal(one.predict_proba(X), two.predict_proba(X))


REFUSED = [
    (classifier, LABELS, {"classes": [0, 1, 2]}, r"classes=\[0, 1, 2\].*2 columns"),
    (regressor, NUMBERS, {"classes": [0, 1]}, r"classes=\[0, 1\].*regressor.*Leave"),
    (classifier, Y, {"classes": [3, 4]}, r"classes \[0, 1\].*classes=\[3, 4\].*Name"),
]


@pytest.mark.parametrize(("make", "y", "given", "says"), REFUSED)
def test_classes_that_cannot_be(make, y, given, says):
    model = make()
    with pytest.raises(ValueError, match=says):
        model.partial_fit(X, y, **given)
    assert "estimator_" not in vars(model)


def test_classes_cannot_change():
    model = classifier().partial_fit(X[:5], Y[:5], classes=[0, 1, 2])
    model.partial_fit(X, Y, classes=[2, 1, 0])
    with pytest.raises(ValueError, match=r"classes=\[0, 1\].*\[0, 1, 2\].*fit anew"):
        model.partial_fit(X, Y, classes=[0, 1])


def test_targets_cannot_change_their_number():
    for make, y in ((regressor, NUMBERS), (classifier, LABELS)):
        model = make().partial_fit(X, y)
        expected = model.predict(X)
        for other in (np.column_stack([y, y]), [["a"]] * len(X)):
            with pytest.raises(ValueError, match=r"y must hold|y .* text"):
                model.partial_fit(X, other)
        assert_array_equal(model.predict(X), expected)


# --- sizes --------------------------------------------------------------------------

BY_COLUMN = {"granularity": "features"}
CONTRADICTIONS = [
    ({"l0_penalty": 0.1, "sparsity": 0.5}, r"l0_penalty=0\.1 and sparsity=0\.5"),
    ({"n_features_to_select": 2}, r"n_features_to_select=2.*Add 'features'"),
    (
        {"granularity": "units", "hidden_layer_sizes": ()},
        r"granularity='units'.*add a hidden layer",
    ),
]
FIRST = [
    ({**BY_COLUMN, "n_features_to_select": 7}, r"n_features_to_select=7.*at most 6"),
    (
        {**BY_COLUMN, "sparsity": 0.9, "mandatory_features": [0, 1]},
        r"sparsity=0\.9.*mandatory_features keeps 2",
    ),
    ({"mandatory_features": [6]}, r"mandatory_features.*6"),
]


@pytest.mark.parametrize(("params", "says"), CONTRADICTIONS + FIRST)
def test_sizes_are_checked_as_fit_checks_them(params, says):
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match=says):
            getattr(classifier(**params), method)(X, Y)
    if (params, says) in CONTRADICTIONS:
        model = classifier().partial_fit(X, Y).set_params(**params)
        with pytest.raises(ValueError, match=says):
            model.partial_fit(X, Y)
