"""A training that runs away is refused in words: nothing it leaves could predict."""

import math
from collections.abc import Iterable

from ..exceptions import ParameterError

__all__ = ["refuse_divergence"]


def refuse_divergence(losses: Iterable[float], rate: float, alpha: float) -> None:
    """Raise an error where a loss is no number any more."""
    if not all(map(math.isfinite, losses)):
        raise ParameterError(
            f"The training ran away with learning_rate_init={rate:g} and alpha="
            f"{alpha:g}: its loss is not finite. Try smaller ones, such as the "
            "defaults; their product must be far below 1."
        )
