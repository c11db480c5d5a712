"""A fit that several processes share is the fit of one process with all rows."""

import numpy as np
import pandas as pd
import pytest
from planted import shapes, sign_product, waves
from ranks import Ranks, fit_groups, fit_share, fit_watched
from sklearn.base import clone

from sklearn_binmask import (
    BinMaskMLPRegressor,
    BinMaskSelector,
)

N_ROWS = 1000
TWO, THREE = [0, 501, 1000], [0, 10, 410, 1000]
SMALL_NETWORKS = {"hidden_layer_sizes": (3,), "n_members": 2, "max_iter": 30}


def whole(**given):
    """A selector that takes all rows in each step, which is done in float64."""
    fixed = {"batch_size": N_ROWS, "random_state": 0, "distributed": "auto"}
    return BinMaskSelector(**{**SMALL_NETWORKS, **fixed, **given})


def numbers(n_rows=N_ROWS):
    """Numbers with holes, a target that needs two of them, weights."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 5))
    y = X[:, 0] + np.abs(X[:, 2]) + 0.2 * rng.normal(size=n_rows)
    X[rng.random(X.shape) < 0.05] = np.nan
    return X, y, rng.uniform(0.5, 2.0, n_rows)


def holes(n_rows=N_ROWS):
    """The same, but two columns missing from the first rows; half of all of no use."""
    X, y, weights = numbers(n_rows)
    X[:501, 1] = X[:10, 2] = np.nan
    weights[np.random.default_rng(1).random(n_rows) < 0.5] = 0
    return X, y, weights


def frame(n_rows=N_ROWS):
    """Columns of all kinds with holes; text, and a class, that the first rows lack."""
    rng = np.random.default_rng(1)
    late = np.arange(n_rows) >= n_rows // 2
    number = rng.normal(size=n_rows)
    city = rng.choice(["Oslo", "Rome", "Bern"], n_rows).astype(object)
    city[late & (rng.random(n_rows) < 0.1)] = "Graz"
    text = np.where(late, rng.choice(["no", "yes"], n_rows), None)
    y = np.where(late & (rng.random(n_rows) < 0.1), "rare", "often").astype(object)
    y[(number > 0) ^ (city == "Oslo")] = "never"
    city[rng.random(n_rows) < 0.05] = None
    X = pd.DataFrame(
        {
            "number": number,
            "city": pd.Categorical(city),
            "text": text,
            "flag": rng.random(n_rows) < 0.5,
            "count": rng.integers(0, 4, n_rows),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(number, unit="D"),
        }
    )
    return X, y, None


def fading_waves(n_rows=N_ROWS):
    """A table in which "auto" tries larger supports than its path would have."""
    X, _, y = waves(0, n_rows, 12)
    return X, y, None


def assert_same(fitted, alone, X):
    """Everything that the fit of one process says is said by this one."""
    np.testing.assert_array_equal(fitted.support_, alone.support_)
    assert fitted.n_iter_ == alone.n_iter_
    for one, other in zip(
        fitted.input_to_outputs_, alone.input_to_outputs_, strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert fitted.input_kinds_ == alone.input_kinds_
    if hasattr(alone, "classes_"):
        np.testing.assert_array_equal(fitted.classes_, alone.classes_)
        assert fitted.classes_.dtype == alone.classes_.dtype
    tolerance = {"rtol": 1e-10, "atol": 1e-10}
    for name in {"scores_", "loss_curve_"} & set(vars(alone)):
        one, other = getattr(fitted, name), getattr(alone, name)
        np.testing.assert_allclose(one, other, **tolerance)
    outputs = fitted.estimator_.outputs(X), alone.estimator_.outputs(X)
    np.testing.assert_allclose(*outputs, **tolerance)


@pytest.mark.parametrize(
    ("estimator", "table", "bounds"),
    [
        (whole(), numbers(), TWO),
        (whole(class_weight="balanced"), frame(), THREE),
        (whole(n_features_to_select=2), frame(200), [0, 120, 200]),
        (whole(), holes(), TWO),
        (whole(), holes(), THREE),
        (whole(n_members=4, hidden_layer_sizes=(8,)), fading_waves(), THREE),
        (
            BinMaskMLPRegressor(
                hidden_layer_sizes=(5,),
                granularity="features",
                numeric_encoding="auto",
                batch_size=N_ROWS,
                max_iter=50,
                random_state=0,
                distributed="auto",
            ),
            numbers(),
            TWO,
        ),
    ],
    ids=[
        "numbers",
        "frame",
        "small frame",
        "holes of two",
        "holes",
        "waves",
        "network",
    ],
)
def test_full_batches_are_those_of_one_process(ranks: Ranks, estimator, table, bounds):
    """To rounding, with uneven shares, on each process."""
    alone = clone(estimator).fit(*table)
    shared = ranks.run(fit_share, len(bounds) - 1, estimator, table, bounds)
    for fitted in shared:
        assert_same(fitted, alone, table[0])
    first = shared[0].estimator_.network.coefs
    for other in shared[1:]:
        for one, two in zip(first, other.estimator_.network.coefs, strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("n_features_to_select", ["auto", 2])
def test_groups_may_lie_on_several_processes(ranks: Ranks, n_features_to_select):
    X, y, _ = numbers(300)
    groups = np.array([f"patient {label}" for label in np.arange(300) // 7])
    estimator = whole(n_features_to_select=n_features_to_select, batch_size=300)
    alone = clone(estimator).fit(X, y, groups=groups)
    shares = (groups[:123], groups[123:].astype(object))
    for fitted in ranks.run(fit_groups, 2, estimator, (X, y), shares):
        assert_same(fitted, alone, X)
    apart = clone(estimator).fit(X, y)
    assert not np.array_equal(apart.scores_, alone.scores_)


def test_a_share_of_each_batch_from_each_process(ranks: Ranks):
    """Batches differ from those of one process, what is found in the table does not."""
    X, y, weights = numbers(2000)
    selector = BinMaskSelector(random_state=0, distributed="auto", n_members=4)
    alone = clone(selector).fit(X, y, weights)
    shared = ranks.run(fit_share, 3, selector, (X, y, weights), [0, 50, 900, 2000])
    for fitted in shared:
        np.testing.assert_array_equal(fitted.get_support(indices=True), [0, 2])
        np.testing.assert_array_equal(fitted.scores_, shared[0].scores_)
        assert fitted.score(X, y) == pytest.approx(alone.score(X, y), abs=0.02)


@pytest.mark.parametrize("order", [2, 3])
def test_products_are_found_in_rows_that_processes_share(ranks: Ranks, order):
    """And found so; rows of a group may lie on two processes."""
    X, true, y = sign_product(0, 500, 60, order)
    selector = BinMaskSelector(
        n_features_to_select=order, random_state=0, distributed="auto", refit=False
    )
    for fitted in ranks.run(fit_share, 3, selector, (X, y, None), [0, 150, 330, 500]):
        np.testing.assert_array_equal(fitted.get_support(indices=True), true)
    groups = np.random.default_rng(1).integers(0, 250, 500)
    shares = groups[:250], groups[250:]
    for fitted in ranks.run(fit_groups, 2, selector, (X, y), shares):
        np.testing.assert_array_equal(fitted.get_support(indices=True), true)


def test_columns_are_recalled_by_rows_that_processes_share(ranks: Ranks):
    """The one that closes early here is not found without."""
    X, true, y = shapes(0, 100, 2000)
    selector = BinMaskSelector(
        n_features_to_select=5, random_state=0, distributed="auto", refit=False
    )
    for fitted in ranks.run(fit_share, 2, selector, (X, y, None), [0, 40, 100]):
        np.testing.assert_array_equal(fitted.get_support(indices=True), true)


def test_none_fits_each_process_on_its_own_rows(ranks: Ranks):
    """The default asks nobody, though a group is active."""
    X, y, weights = numbers(200)
    selector = whole(distributed=None)
    shared = ranks.run(fit_share, 2, selector, (X, y, weights), [0, 90, 200])
    for fitted, share in zip(shared, [slice(90), slice(90, 200)], strict=True):
        alone = clone(selector).fit(X[share], y[share], weights[share])
        np.testing.assert_array_equal(fitted.scores_, alone.scores_)


def test_a_shared_fit_touches_no_global_state(ranks: Ranks):
    """Nor does it leave a group, a thread or a variable behind."""
    changed = ranks.run(fit_watched, 2, whole(max_iter=2), frame(200), [0, 90, 200])
    assert changed == [[], []]
