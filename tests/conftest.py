"""What every test shares: one thread, no screen, and any seed."""

import os
from importlib.metadata import version

# Before numpy and torch are first imported, or they do not listen. Small products on
# several threads are many times slower when tests run side by side.
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")
# scikit-learn skips its checks of array API input without it, and has none to make
# where scipy is too old to dispatch.
if [int(part) for part in version("scipy").split(".")[:2]] >= [1, 14]:
    os.environ.setdefault("SCIPY_ARRAY_API", "1")

import pytest


def parse_seeds(text: str) -> list[int]:
    """Read '7', '0-19' or '1,5,9' as a list of seeds."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds.extend(range(int(first), int(last or first) + 1))
    return seeds


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give `any_seed` its values: a test that takes it must pass for each seed."""
    if "any_seed" in metafunc.fixturenames:
        seeds = parse_seeds(os.environ.get("SKLEARN_BINMASK_SEEDS", "0"))
        # marked, so that they can be asked for: -k knows no names of fixtures
        marked = [pytest.param(seed, marks=pytest.mark.any_seed) for seed in seeds]
        metafunc.parametrize("any_seed", marked, ids=map(str, seeds))
