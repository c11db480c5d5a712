"""The floors that `make test-oldest` installs are those of setup.cfg, all of them."""

import importlib.util

import pytest
from paths import ROOT

SETUP = """
[options]
install_requires =
    numpy>=2.0
    torch>=2.10
[options.extras_require]
plots =
    matplotlib>=3.9
test =
    %(plots)s
    pytest>=8.3
other =
    rich>=14
"""


@pytest.fixture(scope="module")
def floors():
    spec = importlib.util.spec_from_file_location("floors", ROOT / ".ci" / "floors.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.floors


def test_floors_of_the_package_and_of_extras_in_extras(floors):
    found = ["matplotlib==3.9", "numpy==2.0", "pytest==8.3"]  # torch is held elsewhere
    assert floors(SETUP, "test") == found
    assert floors(SETUP) == ["numpy==2.0"]


@pytest.mark.parametrize("loose", ["numpy", "numpy~=2.0", "numpy<3"])
def test_a_requirement_without_a_floor_is_refused(floors, loose):
    with pytest.raises(ValueError, match="has no floor"):
        floors(SETUP.replace("numpy>=2.0", loose))


def test_our_own_floors_can_be_read(floors):
    text = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    assert any(line.startswith("scikit-learn==") for line in floors(text, "test"))
