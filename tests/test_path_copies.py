"""Copies of columns keep their ties to other columns and lose all else."""

import numpy as np
import pytest

from sklearn_binmask._path.copies import permute_given_others

every_seed = pytest.mark.parametrize("seed", range(3))


def chain(seed, n_rows=600, n_columns=12, like=0.8):
    """Columns of deviation 1, each like the one before."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    for j in range(1, n_columns):
        X[:, j] = like * X[:, j - 1] + np.sqrt(1 - like**2) * X[:, j]
    return (X - X.mean(axis=0)) / X.std(axis=0)


def permute(X, column, seed=0):
    rng = np.random.default_rng(seed)
    return permute_given_others(X, np.ones(len(X)), column, rng)


def correlation(a, b):
    return np.corrcoef(a, b)[0, 1]


@every_seed
@pytest.mark.parametrize("n_rows", [2, 3, 5, 101])
def test_it_is_a_permutation_and_no_row_keeps_its_value(seed, n_rows):
    rows = permute(chain(seed, n_rows), 3, seed)
    np.testing.assert_array_equal(np.sort(rows), np.arange(n_rows))
    assert (rows != np.arange(n_rows)).all()


@every_seed
def test_ties_to_other_columns_stay(seed):
    X = chain(seed)
    copy = X[permute(X, 5, seed), 5]
    for other in (4, 6):
        # a half of it is told from a half of the rows, so a little is lost
        assert correlation(copy, X[:, other]) > correlation(X[:, 5], X[:, other]) - 0.15


@every_seed
def test_what_the_column_says_beyond_the_others_is_gone(seed):
    X = chain(seed)
    others = np.delete(X, 5, axis=1)
    told = others @ np.linalg.lstsq(others, X[:, 5], rcond=None)[0]
    own = X[:, 5] - told
    copy = X[permute(X, 5, seed), 5]
    assert abs(correlation(own, copy)) < 0.15
    assert correlation(own, X[:, 5]) > 0.4


@every_seed
def test_without_ties_it_is_a_plain_permutation(seed):
    X = np.random.default_rng(seed).normal(size=(600, 4))
    copy = X[permute(X, 1, seed), 1]
    assert abs(correlation(copy, X[:, 1])) < 0.15


def test_a_lone_column_can_be_copied():
    X = chain(0)[:, :1]
    assert abs(correlation(X[permute(X, 0), 0], X[:, 0])) < 0.15
