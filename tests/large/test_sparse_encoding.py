"""A sparse table is encoded as the same table is as an array."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sklearn_binmask._encoding import below, beside, learn_table, standardized

FORMS = [sparse.csr_matrix, sparse.csc_array]


def table(seed):
    """Columns of many kinds: rare, full, two-valued, counts, missing, constant."""
    rng = np.random.default_rng(seed)
    n_rows = int(rng.integers(3, 60))
    X = rng.normal(size=(n_rows, 10)) * 10.0 ** rng.integers(-3, 4, 10)
    X *= rng.random(X.shape) < rng.random(10)
    X[:, 0] = rng.normal(size=n_rows) + 3
    X[:, 1] = X[:, 1] != 0
    X[:, 2] = rng.poisson(1, n_rows)
    X[rng.random(n_rows) < 0.2, 4] = np.nan
    X[rng.random(n_rows) < 0.5, 5] = np.nan
    X[:, 6] = 0
    X[:, 7] = np.nan
    X[:, 8] = 1 + rng.poisson(2, n_rows)
    X[0, 8] = np.nan
    return X


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoding", ["auto", None])
@pytest.mark.parametrize("keep_constant", [False, True])
def test_sparse_equals_dense(form, encoding, keep_constant):
    for seed in range(12):
        X = table(seed)
        weights = np.random.default_rng(seed).random(len(X)) + 0.1 if seed % 2 else None
        how = {
            "sample_weight": weights,
            "numeric_encoding": encoding,
            "keep_constant": keep_constant,
            "categorical_features": [2, 8] if seed % 3 else None,
        }
        dense, same = learn_table(X, **how), learn_table(form(X), **how)
        assert same.kinds == dense.kinds
        assert_array_equal(same.input_of_output, dense.input_of_output)
        expected = dense.encode(X, np.float64)
        assert_allclose(same.encode(X, np.float64), expected, atol=1e-9)
        given = same.encode(form(X), np.float64)
        assert_allclose(given.toarray(), expected, atol=1e-9)
        assert given.cells.nnz <= np.count_nonzero(X) * expected.shape[1]
        support = np.arange(10) % 2 == 0
        assert_allclose(
            same.restrict(support).encode(form(X), np.float64).toarray(),
            expected[:, support[dense.input_of_output]],
            atol=1e-9,
        )


def test_doubled_and_unsorted_cells_are_summed_and_left_alone():
    X = sparse.csc_array(
        (np.array([1.0, 2.0, 5.0]), np.array([1, 1, 0]), np.array([0, 3])), shape=(4, 1)
    )
    encoding = learn_table(X)
    same = learn_table(np.array([[5.0], [3.0], [0.0], [0.0]]))
    assert_allclose(encoding.numbers.center, same.numbers.center)
    assert X.nnz == 3
    assert_array_equal(X.indices, [1, 1, 0])


def test_new_cells_of_a_sparse_table():
    """Other rows, with cells where there were none, and none where there were."""
    X = table(0)
    encoding = learn_table(X, categorical_features=[2])
    other = sparse.csr_array(np.roll(X, 1, axis=1)[:5])
    assert_allclose(
        encoding.encode(other).toarray(),
        encoding.encode(other.toarray()),
        atol=1e-6,
    )


def arrays(seed=3):
    X = table(seed)
    encoding = learn_table(X)
    return encoding.encode(sparse.csr_array(X), np.float64), encoding.encode(
        X, np.float64
    )


def test_the_arithmetic_of_sparse_inputs():
    given, dense = arrays()
    rng = np.random.default_rng(0)
    n_rows, n_columns = dense.shape
    rows, columns = rng.permutation(n_rows)[:5], rng.permutation(n_columns)[:3]
    left, weights = rng.normal(size=n_rows), rng.normal(size=(2, n_columns, 3))
    for ours, theirs in [
        (given[rows].toarray(), dense[rows]),
        (given[:, columns].toarray(), dense[:, columns]),
        (left @ given, left @ dense),
        (left @ given**3, left @ dense**3),
        (given @ weights, dense @ weights),
        (given @ sparse.csr_array(weights[0]), dense @ weights[0]),
        (standardized(given, left**2).toarray(), standardized(dense, left**2)),
        (below(given, given[:2]).toarray(), np.vstack([dense, dense[:2]])),
        (below(given, dense[:2]).toarray(), np.vstack([dense, dense[:2]])),
        (below(dense, given[:2]), np.vstack([dense, dense[:2]])),
        (
            beside([given, given[:, columns]]).toarray(),
            np.hstack([dense, dense[:, columns]]),
        ),
    ]:
        assert_allclose(ours, theirs, atol=1e-9)
