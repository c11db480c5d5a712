"""One fixture that runs a test on each kind of data frame."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

Columns = Mapping[str, Sequence[Any]]


def make_nullable(columns: Columns) -> pd.DataFrame:
    """Make a frame of the nullable dtypes."""
    with np.errstate(invalid="ignore"):  # early pandas 2 casts infinity to look at it
        return pd.DataFrame(columns).convert_dtypes()


# The same columns (None is missing) as a frame of each library and family of dtypes.
FRAMES: dict[str, Callable[[Columns], Any]] = {
    "pandas": pd.DataFrame,
    "pandas-nullable": make_nullable,
    "polars": pl.DataFrame,
}


@pytest.fixture(params=FRAMES)
def make_frame(request: pytest.FixtureRequest) -> Callable[[Columns], Any]:
    """Make a frame from columns given as lists."""
    return FRAMES[request.param]
