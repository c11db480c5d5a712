"""Names, parameters and defaults are what the documentation says."""

import inspect

import pytest
from gates.public_api import (
    default_faults,
    import_faults,
    name_faults,
    parameter_faults,
)
from paths import ROOT

import sklearn_binmask

PUBLIC = [name for name in sklearn_binmask.__all__ if not name.startswith("__")]
CLASSES = [name for name in PUBLIC if name[0].isupper()]
ESTIMATORS = [n for n in CLASSES if hasattr(getattr(sklearn_binmask, n), "fit")]


def test_every_public_name_is_documented():
    documented = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert name_faults(sklearn_binmask.__all__, documented) == []


def test_importing_the_package_loads_nothing_heavy():
    assert import_faults("sklearn_binmask") == []


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_what_they_are_called(name):
    assert getattr(sklearn_binmask, name).__name__ == name
    assert name in dir(sklearn_binmask)


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(AttributeError, match="BinMaskSelector"):
        _ = sklearn_binmask.BinMaskSelectr


@pytest.mark.parametrize("name", ESTIMATORS)
def test_parameters_are_words_of_the_table(name):
    assert parameter_faults(getattr(sklearn_binmask, name)) == []


@pytest.mark.parametrize("name", PUBLIC)
def test_documented_defaults_are_the_defaults(name):
    assert default_faults(getattr(sklearn_binmask, name)) == []


@pytest.mark.parametrize("name", CLASSES)
def test_parameters_are_given_by_name(name):
    """No one should have to know the order of twenty parameters."""
    parameters = inspect.signature(getattr(sklearn_binmask, name)).parameters.values()
    assert {parameter.kind for parameter in parameters} == {
        inspect.Parameter.KEYWORD_ONLY
    }
