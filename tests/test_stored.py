"""Files of each release load in this one, and say what they said."""

import contextlib
import pickle

import numpy as np
import pytest
from stored import HOME, answers, models

from sklearn_binmask import __version__, load
from sklearn_binmask.exceptions import VersionMismatchWarning

FILES = sorted(path for path in HOME.glob("*/*") if path.suffix != ".npz")


def test_this_release_is_stored():
    """Run tests/stored.py before a release."""
    stored = {path.stem for path in FILES if path.parent.name == __version__}
    assert stored == {name for name, _ in models()}


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_stored_model_says_what_it_said(path):
    told = contextlib.nullcontext()
    if path.parent.name != __version__:
        told = pytest.warns(VersionMismatchWarning)
    with told:
        loaded = load(path) if path.suffix == ".skops" else _unpickle(path)
    said = answers(loaded)
    with np.load(path.with_suffix(".npz")) as expected:
        assert set(said) == set(expected)
        for name, values in said.items():
            if values.dtype.kind == "f":  # other machines round otherwise
                np.testing.assert_allclose(values, expected[name], rtol=1e-6)
            else:
                np.testing.assert_array_equal(values, expected[name])
    assert type(loaded).__name__ in repr(loaded)


def _unpickle(path):
    """Load a pickle of our own."""
    return pickle.loads(path.read_bytes())
