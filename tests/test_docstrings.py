"""Documentation in the source follows numpydoc, and its examples run."""

import pytest
from gates.docstrings import docstring_faults, example_faults, load, modules_of
from paths import PACKAGE_DIR

import sklearn_binmask
from sklearn_binmask import exceptions

PUBLIC = [name for name in sklearn_binmask.__all__ if not name.startswith("__")]


@pytest.mark.parametrize("name", PUBLIC)
def test_public_docstrings_follow_numpydoc(name):
    assert docstring_faults(getattr(sklearn_binmask, name)) == []


@pytest.mark.parametrize("name", exceptions.__all__)
def test_docstrings_of_exceptions_follow_numpydoc(name):
    assert docstring_faults(getattr(exceptions, name)) == []


@pytest.mark.parametrize("name", modules_of(PACKAGE_DIR))
def test_examples_run(name):
    assert example_faults(load(name)) == []
