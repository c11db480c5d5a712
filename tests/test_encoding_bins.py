"""Laws of the bins that cells of a table lie in."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sklearn_binmask._encoding import N_BINS, binned, drawn_from, learn_table

N = 400


@pytest.fixture
def frame(any_seed):
    """Columns of all kinds; the names say what they hold."""
    rng = np.random.default_rng(any_seed)
    return pd.DataFrame(
        {
            "text": rng.choice(list("abc"), N, p=[0.2, 0.5, 0.3]),
            "normal": rng.normal(size=N),
            "constant": np.ones(N),
            "many": rng.choice(list("ABCDEFGHIJKLMN"), N),
            "mostly 0": rng.choice(4, N, p=[0.7, 0.1, 0.1, 0.1]),
            "two values": rng.choice(2, N),
            "mostly 3": rng.choice(4, N, p=[0.02, 0.02, 0.03, 0.93]),
            "mostly 1": rng.random(N) < 0.95,
            "holed": np.where(rng.random(N) < 0.2, np.nan, rng.normal(size=N)),
        }
    )


def bins_of(frame, *names, rows=None):
    encoding = learn_table(frame)
    rows = np.arange(len(frame)) if rows is None else rows
    support = frame.columns.isin(names)
    return binned(encoding.encode(frame), encoding, rows, support)


def test_a_number_lies_in_its_eighth(frame):
    values = frame["normal"].to_numpy()
    octiles = np.quantile(values, np.arange(1, 8) / 8, method="inverted_cdf")
    bins = bins_of(frame, "normal")[:, 0]
    assert_array_equal(bins, (values[:, None] > octiles).sum(axis=1))
    assert_array_equal(np.bincount(bins), N // 8)


def test_monotone_changes_of_a_column_leave_its_bins_as_they_are(frame):
    bins = bins_of(frame, "normal")
    frame["normal"] = np.exp(frame["normal"])
    assert_array_equal(bins_of(frame, "normal"), bins)


@pytest.mark.parametrize("name", ["mostly 1", "mostly 3"])
def test_the_largest_value_has_a_bin_of_its_own_where_most_rows_have_it(frame, name):
    largest = frame[name].max()
    bins = bins_of(frame, name)[:, 0]
    assert_array_equal(bins == bins.max(), frame[name] == largest)
    assert len(set(bins.tolist())) == 2


@pytest.mark.parametrize("name", ["mostly 0", "two values"])
def test_equal_values_are_in_one_bin(frame, name):
    pairs = set(zip(frame[name], bins_of(frame, name)[:, 0].tolist(), strict=True))
    assert len(pairs) == frame[name].nunique()


def test_missing_cells_have_a_bin_of_their_own(frame):
    bins = bins_of(frame, "holed")[:, 0]
    assert_array_equal(bins == N_BINS - 1, frame["holed"].isna())
    assert set(bins.tolist()) == set(range(N_BINS))


@pytest.mark.parametrize("name", ["text", "many"])
def test_the_most_frequent_levels_have_their_own_bins_and_others_share_one(frame, name):
    bins = bins_of(frame, name)[:, 0]
    for place, level in enumerate(frame[name].value_counts(sort=True).index):
        found = set(bins[frame[name] == level].tolist())
        assert len(found) == 1
        shares = frame[name].value_counts().tolist()
        if shares.count(shares[place]) == 1:  # else one of those that tie
            assert found == {min(place, N_BINS - 1)}


def test_columns_and_rows_are_those_asked_for(frame):
    rows = np.array([7, 3, 200])
    some = bins_of(frame, "many", "holed", "text", rows=rows)
    for place, name in enumerate(["text", "many", "holed"]):
        assert_array_equal(some[:, place], bins_of(frame, name)[rows, 0])


def test_rows_that_are_encoded_when_they_are_drawn_have_the_same_bins(frame):
    names = ["normal", "mostly 0", "two values", "holed"]
    X = frame[names].to_numpy()
    encoding, rows = learn_table(X), np.array([5, 1, 300])
    drawn = drawn_from(X, encoding, None)
    support = np.array([True, False, True, True])
    expected = binned(encoding.encode(X, np.float32), encoding, rows, support)
    assert_array_equal(binned(drawn, encoding, rows, support), expected)
