"""Adam on one flat buffer, with decoupled weight decay."""

import math

import torch
from torch import Tensor

__all__ = ["Adam"]

# Below this a moment cannot move any parameter; left alone it would become a denormal
# number, on which a processor is hundreds of times slower.
_TINY = 1e-30


class Adam:
    """State of the optimizer.

    Kingma and Ba (2015), "Adam: a method for stochastic optimization".

    Parameters
    ----------
    parameters : Tensor of shape (n,)
        Gives size, dtype and device.
    """

    beta1, beta2, epsilon = 0.9, 0.999, 1e-8

    def __init__(self, parameters: Tensor) -> None:
        self.first = torch.zeros_like(parameters)
        self.second = torch.zeros_like(parameters)
        self._scratch = torch.empty_like(parameters)
        self.n_steps = 0

    def step(self, parameters: Tensor, gradient: Tensor, learning_rate: float) -> None:
        """Move the parameters against the gradient, in place."""
        self.n_steps += 1
        beta1, beta2 = self.beta1, self.beta2
        self.first.lerp_(gradient, 1 - beta1)
        self.second.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        # both bias corrections as one factor on the step and one on epsilon
        correction2 = math.sqrt(1 - beta2**self.n_steps)
        torch.sqrt(self.second, out=self._scratch)
        self._scratch.add_(self.epsilon * correction2)
        size = learning_rate * correction2 / (1 - beta1**self.n_steps)
        parameters.addcdiv_(self.first, self._scratch, value=-size)

    def replace(self, first: Tensor, second: Tensor) -> None:
        """Take over moments of another size."""
        self.first, self.second = first, second
        self._scratch = torch.empty_like(first)

    def flush(self) -> None:
        """Set moments that are too small to matter to zero."""
        self.first.masked_fill_(self.first.abs() < _TINY, 0.0)
        self.second.masked_fill_(self.second < _TINY, 0.0)

    def forget(self) -> None:
        """Start anew, for parameters that have been set from outside."""
        self.first.zero_()
        self.second.zero_()
        self.n_steps = 0
