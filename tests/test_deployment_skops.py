"""What skops loads predicts as what it saved, with no more trust than we document."""

import io
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import skops.io
from numpy.testing import assert_array_equal
from planted import SMALL, easy
from robust.test_files import array_file, node, schema_of
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_binmask import (
    TRUSTED_TYPES,
    BinMaskMLPClassifier,
    BinMaskMLPRegressor,
    BinMaskSelector,
    BinMaskSelectorCV,
    StabilitySelector,
    dump,
    load,
)
from sklearn_binmask._deployment.archive import seal
from sklearn_binmask._estimator import compact
from sklearn_binmask.exceptions import FileError

X, Y = easy()
TABLE = pd.DataFrame(X.copy(), columns=list("abcdef"))  # pandas 2 shares memory
TABLE.loc[::7, "a"] = np.nan
TABLE["text"] = np.where(X[:, 1] > 0, "up", "down")
TABLE["grade"] = pd.Categorical(np.digitize(X[:, 0], [-0.5, 0.5]))
TABLE["flag"] = X[:, 2] > 0
TARGETS = {
    "flags": Y == 1,
    "texts": np.array(["no", "yes"], dtype=object)[Y],
    "classes": np.digitize(X[:, 0], [-0.5, 0.5]),
    "labels": np.column_stack([Y, X[:, 1] > 0]).astype(int),
    "numbers": X[:, :2],
}
PARAMS = {
    "class_weight": {0: 1.0, 1: 2.0},
    "hidden_layer_sizes": np.array([4, 3]),
    "feature_groups": [["a", "b"], ["text", "grade"]],
    "mandatory_features": np.arange(9) == 6,
    "categorical_features": ["text", "grade"],
    "random_state": np.random.RandomState(3),
}


MLP = {"hidden_layer_sizes": [6], "max_iter": 10, "random_state": 0}


def selector(**params):
    return BinMaskSelector(**SMALL | params)


def fit_all():
    """Estimators on all kinds of columns and targets, with all kinds of parameters."""
    for y in TARGETS.values():
        yield selector(n_features_to_select=9).fit(TABLE, y), TABLE
    yield selector(refit=False).fit(TABLE, Y), TABLE
    yield selector(**PARAMS).fit(TABLE, Y), TABLE
    folds = {"cv": 2, "scoring": "neg_log_loss"}
    yield BinMaskSelectorCV(**SMALL | folds).fit(TABLE, TARGETS["texts"]), TABLE
    few = {"n_resamples": 4, "n_members": 2, "threshold": 0.6, "random_state": 0}
    yield StabilitySelector(**few).fit(TABLE, Y), TABLE
    yield make_pipeline(StandardScaler(), selector()).fit(X, Y), X
    yield BinMaskMLPClassifier(**MLP).fit(TABLE, TARGETS["texts"]), TABLE
    thin = BinMaskMLPClassifier(**MLP, sparsity=0.97).fit(TABLE, Y)
    yield thin, TABLE
    with pytest.MonkeyPatch.context() as patched:  # small layers are dense else
        patched.setattr(compact, "_SPARSE_DENSITY", 2.0)
        sparse = thin.compact()
    assert all(map(scipy.sparse.issparse, sparse.estimator_.network.coefs))
    yield sparse, TABLE
    yield BinMaskMLPRegressor(**MLP).fit(X, X[:, 0]), X
    yield StabilitySelector(n_resamples=4, n_members=2, random_state=0).fit(X, Y), X


@pytest.fixture(scope="module")
def fitted_ones():
    return list(fit_all())


def test_what_is_loaded_is_what_was_saved(fitted_ones):
    for saved, cells in fitted_ones:
        loaded = skops.io.loads(skops.io.dumps(saved), trusted=TRUSTED_TYPES)
        for name in ("predict", "predict_proba"):
            assert hasattr(loaded, name) == hasattr(saved, name)
            if hasattr(saved, name):
                expected = getattr(saved, name)(cells)
                assert_array_equal(getattr(loaded, name)(cells), expected)
        selected = pd.DataFrame(saved.transform(cells))
        assert selected.equals(pd.DataFrame(loaded.transform(cells)))
        if hasattr(saved, "estimator_"):
            assert sorted(vars(loaded)) == sorted(vars(saved))
            assert_same_parameters(loaded.get_params(), saved.get_params())


def assert_same_parameters(loaded, saved):
    for params in (loaded, saved):
        if isinstance(params["random_state"], np.random.RandomState):
            params["random_state"] = params["random_state"].get_state()
    assert repr(loaded) == repr(saved)


def test_the_trusted_types_are_all_that_is_needed(fitted_ones):
    """Nothing is missing, and nothing is asked for without need."""
    found = {
        name
        for saved, _ in fitted_ones
        for name in skops.io.get_untrusted_types(data=skops.io.dumps(saved))
    }
    assert sorted(found) == sorted(TRUSTED_TYPES)


def test_a_file_is_not_loaded_without_trust():
    file = skops.io.dumps(selector().fit(X, Y))
    with pytest.raises(skops.io.exceptions.UntrustedTypesFoundException):
        skops.io.loads(file, trusted=[])


def test_loading_and_predicting_need_no_torch(tmp_path):
    path = tmp_path / "selector.skops"
    saved = selector().fit(X, Y)
    skops.io.dump(saved, path)
    code = f"""
import sys

class NoTorch:
    def find_spec(name, path=None, target=None):
        if name == "torch":
            raise ImportError(name)

sys.meta_path.insert(0, NoTorch)
import numpy, skops.io
from sklearn_binmask import TRUSTED_TYPES
selector = skops.io.load({str(path)!r}, trusted=TRUSTED_TYPES)
print(selector.predict(numpy.array({X[:9].tolist()})).tolist())
"""
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == str(saved.predict(X[:9]).tolist())


def test_without_skops_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skops.io", None)
    for call in (lambda: dump(None, io.BytesIO()), lambda: load(io.BytesIO(b"?"))):
        with pytest.raises(ImportError, match=r"sklearn-binmask\[persist\]"):
            call()


def test_one_member_listed_many_times_is_refused():
    """The members then are larger than their file: it would grow when it is read."""
    with zipfile.ZipFile(file := io.BytesIO(), "w") as archive:
        archive.writestr("schema.json", schema_of({})["schema.json"])
        archive.writestr("a.npy", array_file((100_000,), content=bytes(800_000)))
        archive.filelist += archive.filelist[-1:] * 50
    with pytest.raises(FileError, match="larger than it"):
        load(io.BytesIO(seal(file.getvalue())))


def test_a_sparse_matrix_packed_by_others_is_refused():
    """What unpacks it is not known to keep within bounds."""
    matrix = node("scipy.sparse._csr.csr_array", None, "SparseMatrixNode")
    with zipfile.ZipFile(parts := io.BytesIO(), "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("data.npy", array_file((10,), content=bytes(80)))
    with zipfile.ZipFile(file := io.BytesIO(), "w") as archive:
        schema = schema_of(matrix | {"type": "scipy", "file": "a.npz"})
        archive.writestr("schema.json", schema["schema.json"])
        archive.writestr("a.npz", parts.getvalue())
    with pytest.raises(FileError, match="packed in a way"):
        load(io.BytesIO(seal(file.getvalue())))
