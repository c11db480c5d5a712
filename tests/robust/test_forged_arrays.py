"""Files sealed anew whose arrays have been changed: refused, or of use as they are."""

import io

import numpy as np
import pytest
from estimators import NAMES, X, Y, quick, says
from files import load_bytes, members_of, saved, sealed

from sklearn_binmask import dump
from sklearn_binmask.exceptions import FileError

LARGE = {"f": 1e200, "i": 2**31 - 1, "b": True}
CHANGES = {
    "cut": lambda a: a[..., :-1],
    "no number": lambda a: np.full_like(a, np.nan if a.dtype.kind == "f" else 0),
    "infinite": lambda a: np.full_like(a, np.inf if a.dtype.kind == "f" else 1),
    "flat": np.ravel,
    "text": lambda a: a.astype("U5"),
    "twice": lambda a: np.concatenate([a, a]),
    "one axis more": lambda a: a[None],
    "of one byte": lambda a: a.astype(np.int8),
    "negative": lambda a: -1 - a if a.dtype.kind in "if" else ~a,
    "enormous": lambda a: np.full_like(a, LARGE[a.dtype.kind]),
    "empty": lambda a: a[:0],
    "other bytes": lambda a: a.astype(a.dtype.newbyteorder()),
}


def packed(array):
    np.save(file := io.BytesIO(), array, allow_pickle=False)
    return file.getvalue()


@pytest.mark.filterwarnings("ignore:No features were selected")
@pytest.mark.parametrize("name", NAMES)
def test_a_forged_array_is_refused_or_gives_finite_numbers(name):
    """Never an odd error or NaN when the estimator is used."""
    members = members_of(saved(name)[1])
    arrays = {
        place: np.load(io.BytesIO(content), allow_pickle=False)
        for place, content in members.items()
        if place.endswith(".npy")
    }
    n_refused = 0
    for place, array in arrays.items():
        for change, changed in CHANGES.items():
            if array.ndim == 0 or array.dtype.kind not in "ifb":
                continue
            forged = members | {place: packed(changed(array))}
            try:
                estimator = load_bytes(sealed(forged))
            except FileError:
                n_refused += 1
                continue
            for what, values in says(estimator).items():
                assert what == "support" or len(values) == len(X), (change, what)
                if values.dtype.kind == "f":
                    assert np.isfinite(values).all(), (change, what)
    assert n_refused > 0.3 * len(CHANGES)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("kind", "guess"),
        ("kind", "multiclass"),
        ("kind", "regression"),
        ("classes", np.arange(3)),
        ("n_dims", 1),
    ],
)
def test_a_network_that_cannot_answer_is_refused(part, value):
    name, y = ("classifier", Y) if part != "n_dims" else ("regressor", X)
    estimator = quick(name).fit(X, y)
    estimator.estimator_.__dict__[part] = value
    dump(estimator, file := io.BytesIO())
    with pytest.raises(FileError, match="does not fit"):
        load_bytes(file.getvalue())


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("coefs", ()),
        ("intercepts", ()),
        ("activation", "magic"),
        ("loss", "none at all"),
    ],
)
def test_a_network_that_lacks_something_is_refused(part, value):
    estimator = quick("classifier").fit(X, Y)
    estimator.estimator_.network.__dict__[part] = value
    dump(estimator, file := io.BytesIO())
    with pytest.raises(FileError, match="do not fit together"):
        load_bytes(file.getvalue())
