"""A sample of a table that comes in chunks: fair, and of whatever the chunks are."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from planted import easy
from scipy import sparse

from sklearn_binmask import BinMaskSelector, sample_rows
from sklearn_binmask.exceptions import ParameterError

N = 1000
X = np.column_stack([np.arange(N), np.arange(N) % 7]).astype(float)
Y = np.arange(N) % 3
FRAME = pd.DataFrame(X, columns=["a", "b"])


def cut(*columns, sizes=(100,)):
    """Cut columns into chunks of some sizes, over and over."""
    start, turn = 0, 0
    while start < N:
        rows = slice(start, start + sizes[turn % len(sizes)])
        yield tuple(column[rows] for column in columns)
        start, turn = rows.stop, turn + 1


@pytest.mark.parametrize("n_rows", [1, 37, 250, N, N + 5])
def test_the_cut_is_of_no_matter(n_rows):
    whole = sample_rows([(X, Y)], n_rows=n_rows, random_state=0)
    for sizes in [(100,), (1,), (3, 0, 501), (N,)]:
        X_drawn, y_drawn = sample_rows(
            cut(X, Y, sizes=sizes), n_rows=n_rows, random_state=0
        )
        assert_array_equal(X_drawn, whole[0])
        assert_array_equal(y_drawn, whole[1])
    assert len(whole[0]) == min(n_rows, N)


def test_rows_are_whole_in_order_and_drawn_once():
    weights = np.arange(N) / N
    X_drawn, y_drawn, w_drawn = sample_rows(cut(X, Y, weights), n_rows=300)
    numbers = X_drawn[:, 0].astype(int)
    assert (np.diff(numbers) > 0).all()
    assert_array_equal(X_drawn, X[numbers])
    assert_array_equal(y_drawn, Y[numbers])
    assert_array_equal(w_drawn, weights[numbers])


def test_every_row_has_the_same_chance():
    times = np.zeros(N)
    for seed in range(400):
        drawn, _ = sample_rows(cut(X, Y), n_rows=100, random_state=seed)
        times[drawn[:, 0].astype(int)] += 1
    parts = times.reshape(10, 100).sum(axis=1)  # of 4000 each, deviation 60
    assert np.abs(parts - 4000).max() < 300
    assert times.max() < 80  # of 40 each, deviation 6


@pytest.mark.parametrize(
    "form",
    [
        sparse.csr_array,
        sparse.csc_matrix,
        lambda X: pd.DataFrame(X, columns=["a", "b"]),
        lambda X: pl.DataFrame(X, schema=["a", "b"]),
    ],
    ids=["csr", "csc", "pandas", "polars"],
)
def test_chunks_of_any_kind(form):
    expected, targets = sample_rows(cut(X, Y), n_rows=50, random_state=1)
    chunks = ((form(rows), y) for rows, y in cut(X, Y))
    drawn, y = sample_rows(chunks, n_rows=50, random_state=1)
    values = drawn.toarray() if sparse.issparse(drawn) else drawn.to_numpy()
    assert_array_equal(values, expected)
    assert_array_equal(y, targets)
    assert type(drawn) is type(form(X)) or sparse.issparse(drawn)


@pytest.mark.parametrize("series", [pd.Series, pl.Series], ids=["pandas", "polars"])
def test_targets_that_are_series(series):
    names = np.array(["x", "y", "z"])[Y]
    chunks = ((rows, series(y)) for rows, y in cut(X, names))
    drawn, y = sample_rows(chunks, n_rows=50, random_state=1)
    assert isinstance(y, series)
    assert_array_equal(y.to_numpy(), names[drawn[:, 0].astype(int)])


def test_parquet_and_arrow(tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet, dataset = map(pytest.importorskip, ("pyarrow.parquet", "pyarrow.dataset"))
    frame = FRAME.assign(y=Y, city=pd.Categorical(np.where(Y, "Oslo", "Rome")))
    file, folder = tmp_path / "one.parquet", tmp_path / "many"
    folder.mkdir()
    frame.to_parquet(file, row_group_size=64)
    for part in range(4):
        frame[part * 250 : (part + 1) * 250].to_parquet(folder / f"{part}.parquet")
    expected, y = sample_rows([(frame.drop(columns="y"), frame.y)], random_state=0)
    for source in (
        file,
        str(folder),
        dataset.dataset(file),
        parquet.ParquetFile(file),
        pa.Table.from_pandas(frame),
    ):
        drawn, target = sample_rows(source, target="y", random_state=0)
        assert_array_equal(drawn[["a", "b"]], expected[["a", "b"]])
        assert_array_equal(drawn.city.astype(str), expected.city.astype(str))
        assert_array_equal(target, y)
    _, two = sample_rows(file, target=["y", "a"], n_rows=5)
    assert list(two.columns) == ["y", "a"]


def test_what_is_drawn_is_fitted():
    table, y = easy(3000)
    chunks = [(table[i : i + 500], y[i : i + 500]) for i in range(0, 3000, 500)]
    drawn = sample_rows(chunks, n_rows=400, random_state=0)
    model = BinMaskSelector(n_features_to_select=2, n_members=4, random_state=0)
    assert_array_equal(np.flatnonzero(model.fit(*drawn).support_), [0, 1])


@pytest.mark.parametrize(
    ("chunks", "params", "says"),
    [
        (X, {}, r"chunks='ndarray'.*iterable of \(X, y\).*\[\(X, y\)\]"),
        (FRAME, {}, r"chunks='DataFrame'"),
        (7, {}, r"chunks='int'"),
        ([X], {}, r"a chunk='ndarray'.*tuple"),
        ([(X, Y), (X,)], {}, r"a chunk='tuple'"),
        ([(X, Y)], {"n_rows": 0}, r"n_rows=0.*positive"),
        ([(X, Y)], {"n_rows": 2.5}, r"n_rows=2.5.*positive"),
        ([(X, Y)], {"target": "y"}, r"chunks='list'.*pyarrow"),
        ([(X, Y[:9])], {}, r"parts of \[9, 1000\] rows"),
        ([], {}, r"no row in chunks"),
        ([(X[:0], Y[:0])], {}, r"no row in chunks"),
    ],
)
def test_what_is_refused(chunks, params, says):
    with pytest.raises(ValueError, match=says) as caught:
        sample_rows(chunks, **params)
    assert isinstance(caught.value, ParameterError) or "row" in str(caught.value)


def test_without_pyarrow_there_are_words(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="pip install pyarrow"):
        sample_rows(tmp_path, target="y")
