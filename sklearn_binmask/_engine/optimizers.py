"""Adam on one flat buffer, with decoupled weight decay."""

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
        self._n_steps = torch.zeros((), device=parameters.device)
        self._one = torch.ones_like(self._n_steps)

    def step(self, parameters: Tensor, gradient: Tensor, learning_rate: float) -> None:
        """Move the parameters against the gradient, in place.

        In one pass over the buffers: one that is larger than a cache is read once.
        """
        self._n_steps += self._one
        torch._fused_adam_(
            [parameters],
            [gradient],
            [self.first],
            [self.second],
            [],
            [self._n_steps],
            lr=learning_rate,
            beta1=self.beta1,
            beta2=self.beta2,
            weight_decay=0.0,
            eps=self.epsilon,
            amsgrad=False,
            maximize=False,
        )

    def replace(self, first: Tensor, second: Tensor) -> None:
        """Take over moments of another size."""
        self.first, self.second = first, second

    def flush(self) -> None:
        """Set moments that are too small to matter to zero."""
        self.first.masked_fill_(self.first.abs() < _TINY, 0.0)
        self.second.masked_fill_(self.second < _TINY, 0.0)

    def forget(self) -> None:
        """Start anew, for parameters that have been set from outside."""
        self.first.zero_()
        self.second.zero_()
        self._n_steps.zero_()
