"""Processes for all tests of this folder."""

from collections.abc import Iterator

import pytest
from ranks import Ranks


@pytest.fixture(scope="session")
def ranks() -> Iterator[Ranks]:
    """Start up to three processes, as tests ask for them."""
    some = Ranks(3)
    yield some
    some.close()
