"""A table that comes in parts is fitted as the same table in memory, held in code."""

import threading
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_binmask import (
    BinMaskMLPClassifier,
    BinMaskMLPRegressor,
    BinMaskSelector,
)
from sklearn_binmask._encoding import CodedRows, drawn_from, learn_table
from sklearn_binmask._engine import drawn
from sklearn_binmask._estimator import Shard, encoded, large, rows
from sklearn_binmask._estimator.parted import Deliveries, PartedTable
from sklearn_binmask.exceptions import DistributedError

SIZES = [70, 1, 129, 0, 300]


def frame(n_rows=500):
    """Columns of all kinds with holes; text that the first rows lack."""
    rng = np.random.default_rng(1)
    number = rng.normal(size=n_rows)
    city = rng.choice(["Oslo", "Rome", "Bern"], n_rows).astype(object)
    city[rng.random(n_rows) < 0.1] = None
    late = np.arange(n_rows) >= n_rows // 2
    return pd.DataFrame(
        {
            "number": np.where(rng.random(n_rows) < 0.1, np.nan, number),
            "far": 1e9 + rng.integers(0, 9, n_rows),
            "city": pd.Categorical(city),
            "digit": pd.Categorical(rng.integers(0, 4, n_rows)),
            "text": np.where(late, rng.choice(["no", "yes"], n_rows), None),
            "flag": rng.random(n_rows) < 0.5,
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(number, unit="D"),
            "same": 3.0,
        }
    )


def array(n_rows=500):
    """Numbers with holes."""
    X = np.random.default_rng(0).normal(size=(n_rows, 6))
    X[np.random.default_rng(2).random(X.shape) < 0.1] = np.nan
    return X


def in_parts(X, sizes=SIZES):
    """Cut a table; the parts come last first, and categories are each part's own."""
    bounds = np.cumsum([0, *sizes])

    def parts():
        for number in range(len(sizes) - 1, -1, -1):
            part = X[bounds[number] : bounds[number + 1]]
            if isinstance(X, pd.DataFrame) and "city" in X and len(part):
                part = part.assign(city=part["city"].cat.remove_unused_categories())
            yield number, part

    counts = {number: size for number, size in enumerate(sizes) if size}
    return PartedTable(X[:0].copy(), counts, parts)


@pytest.fixture
def as_if_large(monkeypatch):
    """Take every table for a large one, of which nothing is held encoded."""
    monkeypatch.setattr(rows, "LARGE_ARRAY", 0)
    monkeypatch.setattr(rows, "LARGE_PARTED", 0)
    monkeypatch.setattr(encoded, "_FEW_ROWS", 0)
    monkeypatch.setattr(drawn, "_MOST_HELD", 0)
    monkeypatch.setattr(large, "ALL_ROWS", 300)


@pytest.mark.parametrize("X", [frame(), array()], ids=["frame", "array"])
@pytest.mark.parametrize("numeric_encoding", ["auto", None])
def test_rows_in_code_are_drawn_as_those_of_the_table(X, numeric_encoding):
    """To the last bit, all encoded columns or some."""
    encoding = learn_table(X, numeric_encoding=numeric_encoding)
    coded = CodedRows(len(X), encoding)
    coded.put(slice(200, 500), X[200:], np.arange(300))
    coded.put(slice(0, 200), X[:300], np.arange(200))
    taken = np.array([499, 3, 3, 250])
    expected = drawn_from(X, encoding, None).draw(taken)
    assert_array_equal(coded.encode(taken, encoding), expected)
    some = np.arange(encoding.n_outputs) % 3 == 1
    part = encoding.keep_outputs(some)
    assert_array_equal(coded.encode(taken, part), expected[:, some])


@pytest.mark.parametrize("X", [frame(), array()], ids=["frame", "array"])
def test_rows_are_read_in_their_order(X):
    """Those of the table, with the dtypes that it has in one piece."""
    for taken in (np.array([0, 69, 70, 71, 199, 200, 499]), np.array([], dtype=int)):
        read = in_parts(X).read(taken)
        if isinstance(X, pd.DataFrame):
            expected = X.iloc[taken].reset_index(drop=True)
            pd.testing.assert_frame_equal(read, expected, check_categorical=False)
        else:
            assert_array_equal(read, X[taken])


@pytest.mark.usefixtures("as_if_large")
@pytest.mark.parametrize("X", [frame(), array()], ids=["frame", "array"])
@pytest.mark.parametrize(
    "estimator",
    [
        BinMaskSelector(n_members=2, n_features_to_select=2),
        BinMaskSelector(n_members=2, n_features_to_select=2, batch_size=500),
        BinMaskMLPClassifier(granularity="features"),
        BinMaskMLPRegressor(granularity="units"),
    ],
    ids=["selector", "full batches", "classifier", "regressor"],
)
def test_a_fit_is_that_of_the_table_in_memory(X, estimator):
    """With rows of no weight left out, and of many rows some taken."""
    rng = np.random.default_rng(3)
    y = np.nan_to_num(X["number"] if isinstance(X, pd.DataFrame) else X[:, 0])
    y = y if isinstance(estimator, BinMaskMLPRegressor) else y > 0
    weights = rng.integers(0, 4, len(X)) / 3
    estimator.set_params(hidden_layer_sizes=(3,), max_iter=3, random_state=0)
    alone = clone(estimator).fit(X, y, weights)
    parted = clone(estimator).fit(in_parts(X), y, weights)
    assert_array_equal(parted.support_, alone.support_)
    assert_array_equal(parted.predict(X), alone.predict(X))
    # only a table that is encoded at once is so in float64, and then rounded
    rtol = 1e-6 if estimator.batch_size == 500 else 0
    assert_allclose(parted.loss_curve_, alone.loss_curve_, rtol=rtol)
    assert parted.input_kinds_ == alone.input_kinds_
    if isinstance(X, pd.DataFrame):
        assert list(parted.feature_names_in_) == list(X.columns)


@pytest.mark.usefixtures("as_if_large")
def test_what_is_wrong_with_a_part_is_said():
    """Though none of its rows is used."""
    X, y = frame(), np.arange(500) % 2
    selector = BinMaskSelector(random_state=0, n_members=2)
    spoilt = X.assign(number=X["number"].where(np.arange(500) != 444, np.inf))
    with pytest.raises(ValueError, match="'number' holds an infinite number"):
        selector.fit(in_parts(spoilt), y)
    numbers = array()
    numbers[444, 2] = np.inf
    with pytest.raises(ValueError, match="contains infinity"):
        selector.fit(in_parts(numbers), y)
    parts = in_parts(X)
    parts.parts = lambda: iter([(0, X[:69])])
    with pytest.raises(ValueError, match=r"Partition 0 of X had 70 rows .* 69 now"):
        selector.fit(parts, y)


@pytest.mark.usefixtures("as_if_large")
def test_memory_is_that_of_the_rows_in_code(monkeypatch):
    """Half as much as a table of float64, what is learned from, and one part."""
    monkeypatch.setattr(encoded, "_MOST_LEARNED", 2000)
    sizes, n_columns = [1000] * 60, 80

    def parts():
        for number in range(len(sizes)):
            rng = np.random.default_rng(number)
            yield number, pd.DataFrame(rng.normal(size=(1000, n_columns)))

    empty = pd.DataFrame(np.empty((0, n_columns)))
    table = PartedTable(empty, dict(enumerate(sizes)), parts)
    size = len(table) * n_columns * 8
    classifier, y = BinMaskMLPClassifier(), np.arange(len(table)) % 2
    tracemalloc.start()
    try:
        held = encoded.encode_rows(
            rows.check_rows(classifier, table, y, None),
            task="classification",
            class_weight=None,
            categorical_features="from_dtype",
            numeric_encoding="auto",
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held.inputs.shape == (len(table), 3 * n_columns)
    assert 0.5 * size < peak < 0.7 * size


# Those who bring the parts ------------------------------------------------------------


def bring_all(deliveries, parts):
    """Bring parts as the workers of a cluster do, as often as they are wanted."""
    brought = []

    def work():
        for number, part in parts:
            deliveries.bring(number, part)
            brought.append(number)
        deliveries.end()

    thread = threading.Thread(target=work)
    thread.start()
    return thread, brought


def test_each_part_is_used_before_the_next_is_taken():
    deliveries = Deliveries(timeout=30)
    assert not deliveries.are_wanted()
    for _ in range(2):
        round_ = deliveries()
        thread, brought = bring_all(deliveries, [(1, "b"), (0, "a"), (2, "c")])
        for n_used, (number, part) in enumerate(round_):
            assert deliveries.are_wanted()
            assert "abc"[number] == part
            assert len(brought) == n_used
        thread.join()
        assert brought == [1, 0, 2]
        assert not deliveries.are_wanted()


def test_nobody_waits_for_a_fit_that_has_failed():
    deliveries = Deliveries(timeout=30)
    round_ = deliveries()
    thread, brought = bring_all(deliveries, [(0, "a"), (1, "b")])
    assert next(round_) == (0, "a")
    deliveries.close()
    thread.join()
    assert brought == [0, 1]
    assert not deliveries.are_wanted()
    with pytest.raises(DistributedError, match="given up"):
        next(deliveries())


def test_a_fit_does_not_wait_for_ever():
    with pytest.raises(DistributedError, match=r"No rows have come for 0.05 s"):
        next(Deliveries(timeout=0.05)())


@pytest.mark.parametrize("as_frame", [False, True])
def test_a_shard_holds_few_rows_in_their_order(as_frame):
    """Of many it knows only how many there are; targets it has in any case."""
    shard = Shard()
    for part in range(8):
        X = np.full((600, 200), float(part))
        X = pd.DataFrame(X).rename(columns=str) if as_frame else X
        assert shard.add(7 - part, X, np.full(600, part), None) == 600
    assert not shard.is_parted
    X, y, sample_weight, groups = shard.join()
    assert sample_weight is None
    assert groups is None
    assert_array_equal(np.asarray(X)[:, 5], np.repeat(np.arange(8)[::-1], 600))
    assert_array_equal(y, np.asarray(X)[:, 5])
    for part in range(9):
        X = np.full((600, 200), float(part))
        shard.add(part, pd.DataFrame(X) if as_frame else X, np.full(600, part), None)
    assert shard.is_parted
    X, y, *_ = shard.join(parted=True)
    assert X.shape == (5400, 200)
    assert_array_equal(y, np.repeat(np.arange(9), 600))
    with pytest.raises(ValueError, match=r"Partition 9 of X has 600 rows, .* has 599"):
        shard.add(9, np.zeros((600, 200)), np.zeros(599), None)
