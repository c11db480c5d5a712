"""What `make test-oldest`, `coverage` and `test-seeds` go by says what it should."""

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


def script(name):
    """Load a script, which is in no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def floors():
    return script("floors").floors


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


@pytest.mark.parametrize(
    ("lines", "branches", "said"),
    [(95, 90, []), (94, 90, ["94.0 % of lines"]), (99, 89, ["89.0 % of branches"])],
)
def test_too_little_that_is_covered_is_named(lines, branches, said):
    totals = {
        "covered_lines": lines,
        "num_statements": 100,
        "covered_branches": branches,
        "num_branches": 100,
    }
    faults = script("covered").shortfalls(totals)
    assert [fault.split(" are")[0] for fault in faults] == said


def test_a_test_that_takes_any_seed_can_be_asked_for(any_seed, request):
    """By the marker that the Makefile names; it once asked by a name, and got none."""
    assert request.node.get_closest_marker("any_seed") is not None
    assert "-m 'any_seed" in (ROOT / "Makefile").read_text(encoding="utf-8")
