"""Large arrays are neither copied nor encoded whole, and say what small ones say."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from estimators import NAMES, quick
from numpy.testing import assert_allclose, assert_array_equal
from planted import easy
from sklearn.model_selection import GroupKFold

from sklearn_binmask import BinMaskSelector, StabilitySelector
from sklearn_binmask._encoding import DrawnInputs, drawn_from, learn_table
from sklearn_binmask._engine import drawn, sparse
from sklearn_binmask._estimator import encoded, large, mapped, rows
from sklearn_binmask._estimator.large import row_budget


@pytest.fixture
def as_if_large(monkeypatch):
    """Take every array for a large one, of which nothing is held encoded."""
    monkeypatch.setattr(rows, "LARGE_ARRAY", 0)
    monkeypatch.setattr(encoded, "_FEW_ROWS", 0)
    monkeypatch.setattr(drawn, "_MOST_HELD", 0)


@pytest.fixture
def few_rows(monkeypatch):
    """Let 300 rows be many."""
    monkeypatch.setattr(large, "ALL_ROWS", 300)


def good(**params):
    return BinMaskSelector(n_members=4, random_state=0, **params)


def test_drawn_rows_are_the_encoded_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 7)).astype(np.float32)
    X[:, 2] = X[:, 2] > 0
    X[rng.random(90) < 0.2, 3] = np.nan
    X[:, 4] = rng.poisson(1, 90)
    X[:, 5] = 3
    encoding = learn_table(X)
    whole = encoding.encode(X)
    taken, order = rng.permutation(90)[:40], rng.permutation(whole.shape[1])
    inputs = DrawnInputs(X, encoding, np.arange(whole.shape[1]))
    few = order[:2]
    for given, expected in [
        (inputs, whole),
        (inputs[taken], whole[taken]),
        (inputs[taken][3:9], whole[taken][3:9]),
        (inputs[:, order], whole[:, order]),
        (inputs[taken][:, order][:, [4, 1]], whole[taken][:, order[[4, 1]]]),
        (inputs[:, few], whole[:, few]),
        (inputs[whole[:, 0] > 0][:, few], whole[whole[:, 0] > 0][:, few]),
    ]:
        assert given.shape == expected.shape
        assert_allclose(given.toarray(), expected, atol=1e-5)
        assert_allclose(given.draw(np.array([2, 0])), expected[[2, 0]], atol=1e-5)
        assert_allclose(given.draw(slice(1, 3)), expected[1:3], atol=1e-5)


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_drawn_rows_of_a_frame_are_its_encoded_rows(library):
    rng = np.random.default_rng(0)
    columns = {
        "number": rng.normal(size=90),
        "hole": np.where(rng.random(90) < 0.2, np.nan, rng.normal(size=90)),
        "count": rng.integers(0, 5, 90),
        "flag": rng.random(90) < 0.5,
        "day": np.datetime64("2020-01-01") + rng.integers(0, 9, 90),
        "text": rng.choice(["a", "b", None], 90).tolist(),
    }
    X = library(columns)
    encoding = learn_table(X, rows=np.arange(80))  # of which some levels may be missing
    whole = encoding.encode(X)
    taken, order = rng.permutation(90)[:40], rng.permutation(whole.shape[1])
    inputs = drawn_from(X, encoding, taken)
    for given, expected in [
        (inputs, whole[taken]),
        (inputs[:, order], whole[taken][:, order]),
        (inputs[5:9][:, order[:2]], whole[taken][5:9][:, order[:2]]),
    ]:
        assert given.shape == expected.shape
        assert_allclose(given.toarray(), expected, atol=1e-5)
        assert_allclose(given.draw(np.array([2, 0])), expected[[2, 0]], atol=1e-5)


def test_the_numbers_of_a_frame_are_not_copied():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(9, 3)))
    held = drawn_from(X, learn_table(X), None).X
    for column in range(3):
        assert np.shares_memory(held._columns[column], X[column].to_numpy())


def test_a_large_frame_is_fitted_as_a_small_one(as_if_large, monkeypatch):
    X, y = easy(600)
    level = np.where(X[:, 3] > 0, "low", "high")
    X = pd.DataFrame(X).add_prefix("x").assign(level=level)
    large_one = good(n_features_to_select=2).fit(X, y)
    monkeypatch.setattr(rows, "LARGE_ARRAY", 10**9)
    small_one = good(n_features_to_select=2).fit(X, y)
    assert_array_equal(large_one.support_, small_one.support_)
    assert_allclose(large_one.scores_, small_one.scores_, atol=0.01)


def test_the_same_columns_are_selected(as_if_large):
    X, y = easy(600)
    given = good(n_features_to_select=2).fit(X, y)
    assert_array_equal(np.flatnonzero(given.support_), [0, 1])
    assert given.score(X, y) > 0.9


def test_what_is_drawn_is_what_would_be_held(as_if_large, monkeypatch):
    X, y = easy(600)
    a = good().fit(X, y)
    monkeypatch.setattr(drawn, "_MOST_HELD", 10**9)
    b = good().fit(X, y)
    assert_array_equal(a.path_, b.path_)
    assert_array_equal(a.predict_proba(X), b.predict_proba(X))


@pytest.mark.parametrize("name", NAMES)
def test_every_estimator_takes_them(name, as_if_large, few_rows):
    X, y = easy(600)
    X[::50, 1] = np.nan
    weights = np.arange(600) % 4
    before = X.copy()
    model = quick(name).fit(X.astype(np.float32), y, sample_weight=weights)
    assert model.support_.shape == (6,)
    assert_array_equal(X, before)


def test_a_file_says_what_the_array_says(as_if_large, few_rows, tmp_path):
    X, y = easy(600)
    X = X.astype(np.float32)
    X.tofile(tmp_path / "x")
    file = np.memmap(tmp_path / "x", np.float32, "r", shape=X.shape)
    a, b = good().fit(X, y), good().fit(file, y)
    assert_array_equal(a.path_, b.path_)
    assert_array_equal(a.predict_proba(X), b.predict_proba(file))


def test_changes_that_are_in_memory_alone_are_kept(few_rows, tmp_path):
    X, y = easy(600)
    X.tofile(tmp_path / "x")
    file = np.memmap(tmp_path / "x", float, "c", shape=X.shape)
    file[:5] = 7
    good().fit(file[::-1], y)
    assert (file[:5] == 7).all()


@pytest.mark.parametrize("place", [0, 599])
def test_infinite_cells_are_found_wherever_they_are(
    place, few_rows, monkeypatch, tmp_path
):
    monkeypatch.setattr(mapped, "_BLOCK", 1000)
    X, y = easy(600)
    X[place, 3] = np.inf
    X.tofile(tmp_path / "x")
    file = np.memmap(tmp_path / "x", float, "r", shape=X.shape)
    for table in (X, np.asfortranarray(X), file):
        with pytest.raises(ValueError, match="Input X contains infinity"):
            good().fit(table, y)


# --- the budget of rows ------------------------------------------------------------


def test_the_budget_grows_slower_than_the_rows():
    n = np.array([2, 99_999, 100_000, 100_001, 200_000, 10**6, 10**7, 10**8])
    budget = np.array([row_budget(int(each)) for each in n])
    assert_array_equal(budget[:3], n[:3])
    assert (np.diff(budget) >= 0).all()
    assert (np.diff(budget / n) <= 1e-12).all()
    assert row_budget(10**6) < 3 * 10**5


def test_rows_beyond_the_budget(few_rows):
    """The rows taken are the user's own, with what belongs to each of them."""
    X, _ = easy(5000)
    weights = 1 + np.arange(5000) % 3
    groups = np.arange(5000) // 3
    taken = large.check_enough_rows(good(), X, X[:, 0], weights, groups)
    assert taken.n_rows == row_budget(5000) < 1000
    assert_array_equal(taken.table(), X[taken.kept])
    assert_array_equal(taken.y, X[taken.kept, 0])
    assert_array_equal(taken.sample_weight, weights[taken.kept])
    assert_array_equal(taken.groups, groups[taken.kept])
    # not the first ones, and not every so many
    assert len(np.unique(np.diff(taken.kept))) > 5
    assert taken.kept.max() > 4900


def test_no_class_is_lost(few_rows):
    X, y = easy(5000)
    y = y.astype("U4")
    y[4321] = "rare"
    model = good().fit(X, y)
    assert_array_equal(model.classes_, ["0", "1", "rare"])


def test_groups_and_folds_follow_their_rows(few_rows):
    X, y = easy(2000)
    groups = np.arange(2000) // 10
    cv = quick("selector_cv", cv=GroupKFold(3)).fit(X, y, groups=groups)
    assert cv.support_[0]
    stable = StabilitySelector(n_resamples=4, n_members=2, random_state=0)
    assert stable.fit(X, y, groups=groups).support_.shape == (6,)


def test_networks_train_on_all_rows(as_if_large, few_rows, monkeypatch):
    """The budget is for selecting columns, not for learning a function."""
    X, y = easy(600)
    asked = []

    def train(problem, *args, **kwargs):
        asked.append(problem)
        raise StopIteration

    monkeypatch.setattr(sparse, "train_masked", train)
    with pytest.raises(StopIteration):
        quick("classifier").fit(X, y)
    assert asked[0].inputs.shape[0] == 600
