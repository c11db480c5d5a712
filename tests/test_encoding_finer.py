"""Laws of the steps that few columns of numbers are read by."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sklearn_binmask._encoding import (
    drawn_from,
    finer_encoding,
    finer_inputs,
    learn_table,
)

N = 200


@pytest.fixture
def frame(any_seed):
    """Columns of all kinds; the names say what they hold."""
    rng = np.random.default_rng(any_seed)
    return pd.DataFrame(
        {
            "normal": rng.normal(size=N),
            "skewed": np.exp(3 * rng.normal(size=N)),
            "text": rng.choice(["a", "b", "c"], N),
            "four values": rng.choice(4, N, p=[0.6, 0.2, 0.1, 0.1]),
            "two values": rng.choice(2, N),
            "holed": np.where(rng.random(N) < 0.2, np.nan, rng.normal(size=N)),
            "constant with holes": np.where(rng.random(N) < 0.2, np.nan, 3.0),
            "constant": np.ones(N),
        }
    )


def steps_of(frame, name):
    """Encode one column finely; the steps, in float64."""
    encoding = learn_table(frame)
    support = frame.columns == name
    plain = encoding.restrict(support)
    fine = finer_encoding(plain)
    n_before = 3  # the value and two folds
    n_steps = fine.n_outputs - plain.n_outputs
    return fine.encode(frame, np.float64)[:, n_before : n_before + n_steps]


def test_a_step_tells_which_rows_are_over_an_octile(frame):
    steps = steps_of(frame, "normal")
    octiles = np.quantile(frame["normal"], np.arange(1, 8) / 8, method="inverted_cdf")
    over = frame["normal"].to_numpy()[:, None] > octiles
    assert_array_equal(steps > 0, over)
    assert_allclose(steps.mean(axis=0), 0, atol=1e-9)
    assert_allclose(steps.std(axis=0), steps.std(axis=0)[0])


def test_monotone_changes_of_a_column_leave_its_steps_as_they_are(frame):
    steps = steps_of(frame, "skewed")
    frame["skewed"] = np.log(frame["skewed"])
    assert_array_equal(steps_of(frame, "skewed"), steps)


def test_few_values_have_a_step_between_any_two_at_most(frame):
    steps = steps_of(frame, "four values")
    assert 2 <= steps.shape[1] <= 3
    assert (np.ptp(steps, axis=0) > 0).all()
    assert len(np.unique(steps, axis=1).T) == steps.shape[1]


@pytest.mark.parametrize("name", ["two values", "text", "constant with holes"])
def test_what_has_no_folds_has_no_steps(frame, name):
    plain = learn_table(frame).restrict(frame.columns == name)
    assert finer_encoding(plain).n_outputs == plain.n_outputs > 0


def test_without_folds_nothing_is_read_more_finely(frame):
    encoding = learn_table(frame, numeric_encoding=None)
    assert finer_encoding(encoding) is encoding
    everything = np.ones(frame.shape[1], dtype=bool)
    assert finer_inputs(encoding.encode(frame), encoding, everything) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inputs_are_those_of_the_finer_encoding(frame, dtype):
    encoding = learn_table(frame)
    support = ~np.isin(frame.columns, ["skewed", "constant"])
    inputs, finer = finer_inputs(encoding.encode(frame, dtype), encoding, support)
    assert inputs.dtype == dtype
    assert_array_equal(np.unique(finer.input_of_output), np.flatnonzero(support))
    atol = 1e-4 if dtype is np.float32 else 1e-12
    assert_allclose(inputs, finer.encode(frame, dtype), atol=atol)


def test_rows_that_are_drawn_later_are_the_same(frame):
    encoding = learn_table(frame)
    support = frame.columns != "normal"
    rows = np.arange(0, N, 3)
    drawn, finer = finer_inputs(drawn_from(frame, encoding, rows), encoding, support)
    assert drawn.shape == (len(rows), finer.n_outputs)
    assert_allclose(drawn.toarray(), finer.encode(frame.iloc[rows]), atol=1e-4)


def test_a_part_of_what_is_finer_is_what_is_finer_of_the_part(frame):
    encoding = learn_table(frame)
    support = np.arange(frame.shape[1]) % 2 == 0
    part = finer_encoding(encoding.restrict(support))
    whole = finer_encoding(encoding).encode(frame, np.float64)
    kept = support[finer_encoding(encoding).input_of_output]
    assert_array_equal(part.encode(frame, np.float64), whole[:, kept])


def test_sparse_tables_are_read_as_before():
    X = sparse.random_array((N, 5), density=0.2, rng=0, format="csr")
    encoding = learn_table(X)
    inputs = encoding.encode(X)
    assert finer_inputs(inputs, encoding, np.ones(5, dtype=bool)) is None
