"""Estimators on sparse tables: what a table is held as is of no matter."""

import numpy as np
import pytest
from estimators import NAMES, PREDICTING, quick
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import cross_val_score

from sklearn_binmask import BinMaskMLPClassifier, BinMaskSelector, binmask_path
from sklearn_binmask._estimator import encoded

FORMS = {
    "csr": sparse.csr_array,
    "csc": sparse.csc_matrix,
    "coo": sparse.coo_array,
}


@pytest.fixture
def never_dense(monkeypatch):
    """Keep small sparse tables sparse."""
    monkeypatch.setattr(encoded, "_DENSE_CELLS", 0)


def words(seed=0, n_rows=500, n_columns=40):
    """Counts of words, most of them 0; the class is that of two of them."""
    rng = np.random.default_rng(seed)
    X = rng.poisson(rng.uniform(0.05, 0.4, n_columns), size=(n_rows, n_columns))
    X = X.astype(float)
    odds = 3 * (X[:, 4] > 0) - 3 * (X[:, 7] > 0) + 0.2 * rng.normal(size=n_rows)
    return X, (odds > np.median(odds)).astype(int)


def good(**params):
    return BinMaskSelector(n_members=4, random_state=0, **params)


@pytest.mark.parametrize("form", FORMS)
def test_the_same_columns_are_selected(form, never_dense):
    X, y = words()
    dense = good(n_features_to_select=2).fit(X, y)
    given = good(n_features_to_select=2).fit(FORMS[form](X), y)
    assert_array_equal(np.flatnonzero(dense.support_), [4, 7])
    assert_array_equal(given.support_, dense.support_)
    assert_array_equal(given.path_["n_features"], dense.path_["n_features"])
    # all columns open: no choice has been made that rounding could have changed
    first = [s.path_["validation_loss"][0] for s in (given, dense)]
    assert_allclose(*first, rtol=0.02)


def test_csr_and_csc_give_the_same_to_the_last_bit(never_dense):
    X, y = words()
    a, b = (good().fit(form(X), y) for form in (sparse.csr_array, sparse.csc_array))
    assert_array_equal(a.path_, b.path_)
    assert_array_equal(a.predict_proba(X), b.predict_proba(X))


def test_a_small_sparse_table_gives_what_the_array_gives():
    X, y = words(n_rows=120, n_columns=10)
    a, b = (good().fit(table, y) for table in (X, sparse.csr_array(X)))
    assert_array_equal(a.path_, b.path_)
    assert_array_equal(a.predict_proba(X), b.predict_proba(X))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["csr", "csc"])
def test_every_estimator_takes_them(name, form, never_dense):
    X, y = words(n_rows=300, n_columns=8)
    given = FORMS[form](X)
    model = quick(name).fit(given, y)
    kept = model.transform(given)
    assert sparse.issparse(kept)
    assert_array_equal(kept.toarray(), X[:, model.support_])
    like = SelectKBest(k=1).fit(given, y).transform(given)
    assert kept.format == like.format
    if name in PREDICTING:
        assert_allclose(model.predict(given), model.predict(X), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_weights_copies_and_missing_cells(name, never_dense):
    X, y = words(n_rows=300, n_columns=8)
    X[::7, 2] = np.nan
    weights = np.arange(300) % 3
    fitted = quick(name).fit(sparse.csr_array(X), y, sample_weight=weights)
    assert fitted.support_.shape == (8,)


def test_networks_hold_out_what_is_given_in_whatever_form(never_dense):
    X, y = words(n_rows=300, n_columns=8)
    tables = [X, sparse.csr_array(X)]
    for train in tables:
        for held in tables:
            model = quick("classifier").fit(train, y, X_val=held[:50], y_val=y[:50])
            assert model.predict(held).shape == y.shape
            assert model.compact().predict(held).shape == y.shape


def test_networks_learn_in_portions(never_dense):
    X, y = words()
    model = BinMaskMLPClassifier(random_state=0)
    plain = BinMaskMLPClassifier(random_state=0)
    for start in range(0, 500, 100):
        rows = slice(start, start + 100)
        model.partial_fit(sparse.csr_array(X[rows]), y[rows], classes=[0, 1])
        plain.partial_fit(X[rows], y[rows], classes=[0, 1])
    assert_allclose(model.predict_proba(X), plain.predict_proba(X), atol=1e-4)


def test_paths_and_scores(never_dense):
    X, y = words(n_rows=300, n_columns=8)
    path = binmask_path(sparse.csr_array(X), y, n_members=2, random_state=0)
    assert path
    scores = cross_val_score(
        quick("selector_cv", scoring="accuracy"), sparse.csc_matrix(X), y, cv=3
    )
    assert np.isfinite(scores).all()


def test_levels_in_a_sparse_table(never_dense):
    X, y = words(n_rows=400, n_columns=8)
    X[:, 5] = np.random.default_rng(0).integers(0, 4, 400)
    y = (X[:, 5] % 2).astype(int)
    model = good(n_features_to_select=1, categorical_features=[5])
    given = sparse.csr_array(X)
    assert_array_equal(np.flatnonzero(model.fit(given, y).support_), [5])
    assert model.score(given, y) > 0.99


def test_the_users_table_stays_as_it_is(never_dense):
    X, y = words(n_rows=300, n_columns=8)
    given = sparse.csc_array(X)
    parts = [part.copy() for part in (given.data, given.indices, given.indptr)]
    good().fit(given, y)
    for part, before in zip(
        (given.data, given.indices, given.indptr), parts, strict=True
    ):
        assert_array_equal(part, before)
