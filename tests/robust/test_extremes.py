"""Finite numbers come out, whatever goes in: scales, tails, copies, lone rows."""

import numpy as np
import pytest
from estimators import X, Y, quick
from numpy.testing import assert_allclose
from planted import SMALL

from sklearn_binmask import BinMaskSelector

RNG = np.random.default_rng(0)
TABLES = {
    "huge": X * 1e30,
    "tiny": X * 1e-30,
    "near the largest float": X * 1e307,
    "denormal": X * 1e-310,
    "of all scales": X * [1e-200, 1.0, 1e200],
    "far from zero": X + 1e12,
    "heavy tails": RNG.standard_cauchy(X.shape) ** 3,
    "one outlier": np.where(np.arange(60)[:, None] == 7, 1e300, X),
    "the same column again": np.hstack([X, X, X]),
    "collinear": np.hstack([X, X @ [[1.0, 2.0], [-1.0, 0.5], [3.0, 1.0]]]),
    "a constant column": np.hstack([X, np.full((60, 1), 0.1)]),
    "constant but for the last bit": np.hstack([X, 0.1 + 1e-17 * X[:, :1] ** 2]),
    "integers": np.round(X).astype(np.int8),
    "floats of two bytes": X.astype(np.float16),
    "floats of four bytes": (X * 1e30).astype(np.float32),
    "the largest floats of four bytes": np.where(
        np.arange(60)[:, None] % 3, X, np.copysign(np.finfo(np.float32).max, X)
    ).astype(np.float32),
    "other byte order": X.astype(">f8"),
    "columns first": np.asfortranarray(X),
    "backwards": X[::-1, ::-1],
    "half of it missing": np.where(RNG.random(X.shape) < 0.5, np.nan, X),
    "nearly all missing": np.where(np.arange(60)[:, None] < 57, np.nan, X),
    "more columns than rows": RNG.normal(size=(60, 200)),
    "two values": (X > 0).astype(float),
    "one row differs": np.eye(60)[:, :3],
}


def wild_rows(table):
    wild = np.full((4, np.shape(table)[1]), np.nan)
    wild[1:] = [[1e300], [-1e300], [1e-300]]
    return wild


def assert_all_finite(selector, table):
    """Or infinite by right: scores of columns that never were on the path."""
    assert not np.isnan(selector.scores_).any()
    for name in ("train_loss", "validation_loss", "validation_se"):
        assert np.isfinite(selector.path_[name]).all(), name
    assert not np.isnan(selector.path_["penalty"]).any()
    assert np.isfinite(selector.loss_curve_).all()
    assert 1 <= selector.n_features_ == selector.support_.sum()
    for rows in (table, wild_rows(table)):
        assert np.isfinite(selector.predict(rows)).all()
        if selector.task_ == "classification":
            assert np.isfinite(selector.predict_proba(rows)).all()


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("case", TABLES)
def test_any_table_gives_finite_numbers(case, task):
    y = Y if task == "classification" else Y + 0.1 * X[:, 0]
    for encoding in ("auto", None):
        selector = BinMaskSelector(**SMALL, task=task, numeric_encoding=encoding)
        assert_all_finite(selector.fit(TABLES[case], y), TABLES[case])


def assert_finite_network(network, table):
    for values in (*network.coefs_, *network.intercepts_, network.loss_curve_):
        assert np.isfinite(values).all()
    for rows in (table, wild_rows(table)):
        for method in ("predict", "predict_proba", "decision_function"):
            if hasattr(network, method):
                assert np.isfinite(getattr(network, method)(rows)).all(), method


@pytest.mark.parametrize("name", ["classifier", "regressor"])
@pytest.mark.parametrize("case", TABLES)
def test_any_table_gives_a_finite_network(case, name):
    y = Y if name == "classifier" else Y + 0.1 * X[:, 0]
    network = quick(name, max_iter=30).fit(TABLES[case], y)
    assert_finite_network(network, TABLES[case])


TARGETS = {
    "huge": 1e300 * X[:, 0],
    "tiny": 1e-300 * X[:, 0],
    "far from zero": 1e12 + X[:, 0],
    "one outlier": np.where(np.arange(60) == 7, 1e200, X[:, 0]),
    "heavy tails": np.random.default_rng(1).standard_cauchy(60) ** 3,
    "constant": np.full(60, 0.1),
    "one of two constant": np.column_stack([X[:, 0], np.full(60, 3.5)]),
    "a class of one row": (np.arange(60) == 7).astype(int),
    "three classes of one row": np.maximum(np.arange(60), 56),
    "every row a class": np.arange(60),
    "a label that nobody has": np.column_stack([Y, Y * 0]),
    "separable": (X[:, 0] > 0).astype(int),
}


@pytest.mark.parametrize("case", TARGETS)
def test_any_target_gives_finite_numbers(case):
    y = TARGETS[case]
    selector = BinMaskSelector(**SMALL).fit(X, y)
    assert_all_finite(selector, X)
    if "constant" in case:
        last = selector.predict(X).reshape(60, -1)[:, -1]
        assert_allclose(last, y.reshape(60, -1)[:, -1], atol=0.2)


@pytest.mark.parametrize("case", TARGETS)
def test_any_target_gives_a_finite_network(case):
    y = TARGETS[case]
    name = "regressor" if y.dtype.kind == "f" else "classifier"
    assert_finite_network(quick(name, max_iter=30).fit(X, y), X)


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e300])
def test_weights_of_any_scale(scale):
    weights = scale * np.random.default_rng(0).uniform(0.1, 1, 60)
    selector = BinMaskSelector(**SMALL).fit(X, Y, sample_weight=weights)
    assert_all_finite(selector, X)
    uneven = np.where(np.arange(60) % 2, scale, 1.0)
    assert_all_finite(BinMaskSelector(**SMALL).fit(X, Y, sample_weight=uneven), X)
    for how in (weights, uneven):
        network = quick("classifier", max_iter=30).fit(X, Y, sample_weight=how)
        assert_finite_network(network, X)


@pytest.mark.parametrize("n_rows", [2, 3, 4, 5])
@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("wanted", ["auto", 2])
def test_a_handful_of_rows(n_rows, task, wanted):
    y = np.arange(n_rows) % 2 + (0.5 if task == "regression" else 0)
    params = SMALL | {"max_iter": 2, "n_features_to_select": wanted, "n_members": 4}
    selector = BinMaskSelector(**params, task=task).fit(X[:n_rows], y)
    assert_all_finite(selector, X[:n_rows])


def test_one_column():
    selector = BinMaskSelector(**SMALL).fit(X[:, :1], Y)
    assert selector.support_.tolist() == [True]
    assert_all_finite(selector, X[:, :1])
