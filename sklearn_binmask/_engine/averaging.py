"""A running mean of weights.

The last steps of a training wander about an optimum; the mean of the weights on the way
lies nearer to it than any of them (Polyak and Juditsky, 1992, "Acceleration of
Stochastic Approximation by Averaging"; Izmailov and others, 2018, "Averaging Weights
Leads to Wider Optima and Better Generalization", arXiv:1803.05407).

NOTE[DIFF] No part of the paper's recipe: once masks are fixed, what is judged and kept
is this mean and not the last weights.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

__all__ = ["RunningMean"]

# Steps between two states that enter the mean: neighbours say the same.
_STRIDE = 4


class RunningMean:
    """The mean of the latest states of parameters that are being trained.

    Parameters
    ----------
    parameters : Tensor of shape (n,)
        Trained in place by others.
    span : float
        Steps that the mean looks back on; fewer than there are between two states leave
        the parameters as they are.
    """

    def __init__(self, parameters: Tensor, span: float) -> None:
        self._parameters = parameters
        self._most = span / _STRIDE
        self._value = parameters.clone() if self._most > 1 else parameters
        self.restart()

    def restart(self) -> None:
        """Begin anew; where the parameters are now does not count."""
        self._n_steps, self._n_states = 0, 1
        if self._most > 1:
            self._value.copy_(self._parameters)

    def take(self) -> None:
        """Note that a step has been made."""
        self._n_steps += 1
        if self._most > 1 and self._n_steps % _STRIDE == 0:
            share = max(1 / self._n_states, 1 / self._most)
            self._n_states += 1
            self._value.lerp_(self._parameters, share)

    @contextmanager
    def instead(self) -> Iterator[None]:
        """Put the mean in the place of the parameters for a while."""
        if self._most <= 1:
            yield
            return
        latest = self._parameters.clone()
        self._parameters.copy_(self._value)
        try:
            yield
        finally:
            self._parameters.copy_(latest)

    def settle(self) -> None:
        """Put the mean in the place of the parameters for good."""
        if self._most > 1:
            self._parameters.copy_(self._value)
