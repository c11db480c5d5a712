"""Stretching of outputs, so that supports are compared by what they could say.

Weight decay keeps networks from being as sure as they might be, the more so the more
columns share the work; short training leaves others too sure. Neither is a property of
the columns. So the outputs of a support are stretched about the constant prediction by
the one factor that is best for them, as in the temperature scaling of Guo, Pleiss, Sun
and Weinberger (2017), "On Calibration of Modern Neural Networks", arXiv:1706.04599.

NOTE[DIFF] No part of the paper's recipe, which follows no path: here many supports are
compared on the same held-out rows, and weight decay must not decide between them.
"""

import math

import torch
from torch import Tensor

from .agreement import Agreement
from .losses import Loss

__all__ = ["best_constant", "stretch", "stretch_factors", "stretched"]

# Smallest factor besides 0, and the largest: beyond, sure becomes surer and no more.
_RANGE = (1e-3, 1e2)
# Halvings of that range in its logarithm, before the slopes at both ends say where in
# the rest of it the factor lies.
_HALVINGS = 8


def best_constant(
    loss: Loss, targets: Tensor, weights: Tensor, agreement: Agreement
) -> tuple[Tensor, float]:
    """Find the constant output of least mean loss over the rows of all processes.

    Parameters
    ----------
    loss : Loss
        What is least.
    targets : Tensor of shape (n_rows, n_outputs)
        What is to be predicted.
    weights : Tensor of shape (n_rows,)
        Of the rows.
    agreement : Agreement
        Among the processes, each with rows of its own.

    Returns
    -------
    constant : Tensor of shape (n_outputs,)
        Prediction that knows nothing.
    mean_loss : float
        Its loss.
    """
    sums, total = (weights[:, None] * targets).sum(0), weights.sum()
    agreement.sum_(sums, total)
    mean, everything = (sums / total)[None], torch.ones_like(total)[None]
    constant = loss.constant(mean, everything)
    values = loss.values(constant.expand(1, *targets.shape), targets)
    losses = (weights * values[0]).sum()
    agreement.sum_(losses)
    return constant, float(losses / total)


def stretch(
    loss: Loss, outputs: Tensor, constant: Tensor, targets: Tensor, weights: Tensor
) -> Tensor:
    """Stretch outputs about a constant by the factor of least mean loss.

    Parameters
    ----------
    loss, outputs, constant, targets, weights : object
        As for `stretch_factors`.

    Returns
    -------
    stretched : Tensor of shape (n_runs, n_rows, n_outputs)
        ``constant + factor * (outputs - constant)``.
    """
    factors = stretch_factors(loss, outputs, constant, targets, weights)
    return stretched(outputs, constant, factors)


def stretched(outputs: Tensor, constant: Tensor, factors: Tensor) -> Tensor:
    """Stretch the outputs of each run (n_runs, n_rows, n_outputs) by its factor."""
    return torch.addcmul(constant, outputs - constant, factors[:, None, None])


def stretch_factors(
    loss: Loss, outputs: Tensor, constant: Tensor, targets: Tensor, weights: Tensor
) -> Tensor:
    """Find the factors of least mean loss.

    Parameters
    ----------
    loss : Loss
        Convex along any line, as all of `LOSSES` are.
    outputs : Tensor of shape (n_runs, n_rows, n_outputs)
        Predictions.
    constant : Tensor of shape (n_outputs,)
        Prediction that knows nothing.
    targets : Tensor of shape (n_rows, n_outputs)
        What is to be predicted.
    weights : Tensor of shape (n_runs, n_rows)
        Of the rows.

    Returns
    -------
    factors : Tensor of shape (n_runs,)
        0 where outputs are worse than the constant in whatever measure.
    """
    away = outputs - constant
    pull = weights[:, :, None] * away

    def slope(factor: Tensor) -> Tensor:
        """Say how the loss changes as the factor grows."""
        moved = torch.addcmul(constant, away, factor[:, None, None])
        return (loss.residuals(moved, targets) * pull).sum((1, 2))

    zero = torch.zeros_like(away[:, 0, 0])
    low, high = (zero + math.log(end) for end in _RANGE)
    fall, rise = -slope(low.exp()), slope(high.exp())
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        change = slope(middle.exp())
        falls = change < 0
        low, high = torch.where(falls, middle, low), torch.where(falls, high, middle)
        fall, rise = torch.where(falls, -change, fall), torch.where(falls, rise, change)
    # so that what is found moves no more than the numbers that it is found from
    fall, rise = fall.clamp_(min=0), rise.clamp_(min=0)
    share = fall / (fall + rise).clamp_(min=torch.finfo(fall.dtype).tiny)
    best = torch.lerp(low, high, share).exp()
    return torch.where(slope(zero) < 0, best, zero)
