"""Random numbers of a step: the same ones on every device."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["Draw", "Noise"]

# torch.rand, or another of its kind.
Draw = Callable[..., Tensor]


class Noise:
    """Draws numbers on the processor, for any device, and waits for none.

    Parameters
    ----------
    generator : torch.Generator
        Of the processor.
    """

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def __call__(self, draw: Draw, like: Tensor) -> Tensor:
        """Draw as many numbers as there are in a tensor, beside it."""
        return self.drawn(draw, like).to(like.device, non_blocking=True)

    def drawn(self, draw: Draw, like: Any) -> Tensor:
        """Draw them on the processor."""
        return draw(like.shape, generator=self.generator, dtype=like.dtype)
