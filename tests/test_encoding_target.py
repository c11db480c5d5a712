"""Targets of every kind, and the words for those that cannot serve."""

import decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_binmask._encoding import encode_target

LABELS = np.array([[1, 0], [0, 0], [1, 1]])


@pytest.mark.parametrize(
    ("y", "kind", "classes", "values"),
    [
        ([0, 1, 1], "binary", [0, 1], [[0], [1], [1]]),
        ([3.0, -1.0, 3.0], "binary", [-1, 3], [[1], [0], [1]]),
        ([True, False], "binary", [False, True], [[1], [0]]),
        (["no", "yes"] * 2, "binary", ["no", "yes"], [[0], [1], [0], [1]]),
        (np.array(["b", "a"], dtype=object), "binary", ["a", "b"], [[1], [0]]),
        ([2, 5, 9] * 2, "multiclass", [2, 5, 9], np.vstack([np.eye(3)] * 2)),
        (LABELS, "multilabel", [0, 1], LABELS),
        (LABELS.astype(bool).tolist(), "multilabel", [0, 1], LABELS),
    ],
)
@pytest.mark.parametrize("task", ["auto", "classification"])
def test_classes(y, kind, classes, values, task):
    target = encode_target(y, task=task)
    assert (target.task, target.kind) == ("classification", kind)
    assert target.classes.tolist() == classes
    assert target.values.dtype == np.float64
    np.testing.assert_array_equal(target.values, values)
    np.testing.assert_array_equal(target.row_weights, np.ones(len(values)))
    assert target.center is None
    assert target.scale is None
    assert target.n_dims == np.ndim(y)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e30, 1e307])
@pytest.mark.parametrize("shape", [(12,), (12, 1), (12, 3)])
def test_numbers_are_standardized_and_come_back(scale, shape, any_seed):
    rng = np.random.default_rng(any_seed)
    y, weights = scale * rng.normal(2, 3, shape), rng.uniform(1, 2, 12)
    target = encode_target(y, sample_weight=weights)
    assert (target.task, target.kind) == ("regression", "regression")
    assert target.classes is None
    assert target.n_dims == len(shape)
    mean = np.average(target.values, axis=0, weights=weights)
    square = np.average(target.values**2, axis=0, weights=weights)
    np.testing.assert_allclose(mean, 0, atol=1e-12)
    np.testing.assert_allclose(square, 1)
    back = (target.values * target.scale + target.center).reshape(shape)
    np.testing.assert_allclose(back, y, rtol=1e-9, atol=1e-12 * scale)


def test_a_constant_number_has_scale_one():
    target = encode_target([0.1] * 5, task="regression")
    np.testing.assert_array_equal(target.values, np.zeros((5, 1)))
    np.testing.assert_allclose(target.center, 0.1)
    np.testing.assert_array_equal(target.scale, 1)


def test_integers_are_numbers_when_asked():
    integers = encode_target([1, 2, 3, 9], task="regression")
    floats = encode_target([1.0, 2.0, 3.0, 9.0], task="regression")
    np.testing.assert_array_equal(integers.values, floats.values)


def test_numbers_held_as_python_objects():
    y = [decimal.Decimal("1.5"), 2, 2**70]
    target = encode_target(pd.Series(y, dtype=object))
    expected = encode_target([1.5, 2.0, 2.0**70])
    np.testing.assert_array_equal(target.values, expected.values)


def test_weights_count_copies_of_numbers(any_seed):
    rng = np.random.default_rng(any_seed)
    y, weights = rng.normal(size=20), rng.integers(1, 5, 20)
    weighted = encode_target(y, sample_weight=weights)
    copies = encode_target(np.repeat(y, weights))
    np.testing.assert_allclose(weighted.center, copies.center)
    np.testing.assert_allclose(weighted.scale, copies.scale)


@pytest.mark.parametrize(
    "wrap",
    [
        list,
        np.array,
        pd.Series,
        lambda y: pd.Series(y).convert_dtypes(),
        lambda y: pd.Series(y, dtype=object),
        lambda y: pd.Series(y, dtype="category"),
        pl.Series,
    ],
)
@pytest.mark.parametrize(
    "y", [[1, 2, 1, 3], ["b", "a", "b", "b"], [True, False, False, True]]
)
def test_containers_of_classes(wrap, y):
    target, expected = encode_target(wrap(y)), encode_target(y)
    assert target.classes.tolist() == expected.classes.tolist()
    np.testing.assert_array_equal(target.values, expected.values)


@pytest.mark.parametrize(
    "wrap", [pd.DataFrame, lambda y: pd.DataFrame(y).convert_dtypes(), pl.DataFrame]
)
@pytest.mark.parametrize("y", [LABELS, np.array([[1.5, 2.0], [0.0, 3.25], [7.0, 1.0]])])
def test_containers_of_several_columns(wrap, y):
    target, expected = encode_target(wrap(y)), encode_target(y)
    assert target.kind == expected.kind
    np.testing.assert_array_equal(target.values, expected.values)


def test_a_column_of_classes_warns():
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        target = encode_target([[0], [1], [1]])
    np.testing.assert_array_equal(target.values, [[0], [1], [1]])
    assert target.n_dims == 2


# Class weights -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "class_weight"),
    [
        ([0, 1, 1, 1], "balanced"),
        ([0, 1, 1, 1], {0: 5, 1: 0.5}),
        ([0, 1, 1, 1], {0: 5}),
        ([0, 1, 1, 1], {0: 5, 1: 2, 7: 3}),
        (["a", "b", "c", "c", "c", "c"], "balanced"),
        (["a", "b", "c", "c", "c", "c"], {"a": 2, "b": 3, "c": 4}),
        (LABELS, "balanced"),
        (LABELS, [{0: 2, 1: 3}, {0: 1, 1: 7}]),
    ],
)
def test_class_weights_against_sklearn(y, class_weight):
    target = encode_target(y, class_weight=class_weight)
    expected = compute_sample_weight(class_weight, y)
    np.testing.assert_allclose(target.row_weights, expected)


def test_digits_in_text_can_be_weighted():
    target = encode_target(["1", "2", "2"], class_weight={"1": 4, "2": 1})
    np.testing.assert_array_equal(target.row_weights, [4, 1, 1])


@pytest.mark.parametrize("y", [[0, 1, 1, 2, 2, 2, 0], np.tile(LABELS, (2, 1))[:-1]])
def test_balanced_weights_count_copies(y):
    y = np.asarray(y)
    weights = np.arange(1, len(y) + 1)
    weighted = encode_target(y, class_weight="balanced", sample_weight=weights)
    copies = encode_target(np.repeat(y, weights, axis=0), class_weight="balanced")
    np.testing.assert_allclose(
        np.repeat(weighted.row_weights / weights, weights), copies.row_weights
    )


@pytest.mark.parametrize(
    ("y", "class_weight", "message"),
    [
        ([0, 1], "balance", "class_weight='balance'"),
        ([0, 1], {0: 1, 5: 2}, r"classes \[1\] are not in it"),
        ([0, 1], {0: -1}, "at least 0"),
        ([0, 1], {0: 0, 1: 0}, "not all of them 0"),
        (LABELS, {0: 1}, "one dict per label"),
        (LABELS, [{0: 1}], "one dict per label"),
        ([0.5, 1.5], "balanced", "only for classification"),
    ],
)
def test_bad_class_weights_are_refused(y, class_weight, message):
    with pytest.raises(ValueError, match=message):
        encode_target(y, class_weight=class_weight)


# Bad targets ---------------------------------------------------------------------


@pytest.mark.parametrize("task", ["auto", "classification", "regression"])
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed, but the target y is None"),
        ([1.0, np.nan], r"Input y contains NaN"),
        ([1.0, np.inf], r"Input y contains infinity"),
        (np.array(["a", None], dtype=object), "Input y contains NaN"),
        (pd.Series([1, None], dtype="Int64"), "Input y contains NaN"),
        (pd.Series(["a", None]), "Input y contains NaN"),
        (pl.Series([1, None]), "Input y contains NaN"),
        (pl.DataFrame({"u": [1, 2], "v": [1, None]}), "NaN: the column 'v'"),
        (np.array([1, "a"], dtype=object), "mixes text"),
        (np.ones((2, 2, 2)), "dim 3"),
        ([], "minimum of 1"),
        (3, "one value per row"),
        (np.array(["2024-01-01", "2024-01-02"], dtype="M8[D]"), "dtype datetime64"),
        (pd.Series([(1, 2), (3, 4)]), "Sequence of sequences|needs numbers"),
        (np.array([1j, 2j]), "Complex data not supported"),
    ],
)
def test_targets_that_never_serve(y, message, task):
    with pytest.raises(ValueError, match=message):
        encode_target(y, task=task)


@pytest.mark.parametrize(
    ("y", "task", "message"),
    [
        ([1, 1, 1], "auto", "only 1 class, 1"),
        (["a", "a"], "classification", "only 1 class, 'a'"),
        (np.zeros((3, 2), dtype=int), "auto", "only 1 class"),
        ([1.5, 2.5], "classification", "Unknown label type: continuous.* such as 1.5"),
        ([[1, 2], [3, 4]], "auto", "multiclass-multioutput.* task='regression'"),
        ([[1, -1], [-1, 1]], "auto", "must hold 0 and 1"),
        (["a", "b"], "regression", "y holds .*'a'.*task='classification'"),
        ([1, 2], "ranking", "task='ranking'"),
    ],
)
def test_targets_that_do_not_fit_the_task(y, task, message):
    with pytest.raises(ValueError, match=message):
        encode_target(y, task=task)


def test_a_sparse_target_is_refused():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        encode_target(sparse.csr_matrix(LABELS))
