"""Losses at the output of a network: value, gradient and curvature.

A network gives `outputs` o of shape (n_networks, n_rows, n_outputs). A loss says, per
row, its value, its gradient with respect to o (the *residual*), and its curvature. The
curvature is a matrix K per row, given as vectors d with ``sum(d d^T) = K``: one vector
per output when it must be exact, or a single random one whose square is right on
average (Fisher's identity: for a log loss, the residual against a label drawn from the
model's own prediction).

To add a loss, add a row to `LOSSES`; ``tests/contracts/test_losses.py`` checks it.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .noise import Noise

__all__ = ["LOSSES", "Loss"]

# Classes from which torch normalizes several of them at a time.
_MANY_CLASSES = 16

# The noise is None where the directions must be exact.
Directions = Callable[[Tensor, Noise | None], Iterator[Tensor]]


@dataclass(frozen=True)
class Loss:
    """One row of the table of losses.

    Attributes
    ----------
    values : callable
        (outputs, targets) to the loss of each row, shape (n_networks, n_rows).
    residuals : callable
        (outputs, targets) to the gradient of `values`, same shape as outputs.
    directions : callable
        (outputs, noise) to vectors whose outer products sum to the curvature.
    constant : callable
        (targets, row_weights) to the constant output of least mean loss.
    of_classes : bool
        Whether a network that tells all rows apart can only become surer of it.
    """

    values: Callable[[Tensor, Tensor], Tensor]
    residuals: Callable[[Tensor, Tensor], Tensor]
    directions: Directions
    constant: Callable[[Tensor, Tensor], Tensor]
    of_classes: bool = True


def _unit_vectors(scale: Tensor) -> Iterator[Tensor]:
    """Yield the columns of a diagonal matrix: output c alone, times its scale."""
    if scale.shape[-1] == 1:
        yield scale
        return
    for c in range(scale.shape[-1]):
        direction = torch.zeros_like(scale)
        direction[..., c] = scale[..., c]
        yield direction


def _mean_target(targets: Tensor, row_weights: Tensor) -> Tensor:
    return (row_weights[:, None] * targets).sum(0) / row_weights.sum()


def _mean_share(targets: Tensor, row_weights: Tensor) -> Tensor:
    return _mean_target(targets, row_weights).clamp_(1e-6, 1 - 1e-6)


def _mean_of_outputs(values: Tensor) -> Tensor:
    return values[..., 0] if values.shape[-1] == 1 else values.mean(-1)


def _shared_by_outputs(values: Tensor) -> Tensor:
    """Divide by the number of outputs, in place; torch is slow at a division by 1."""
    n_outputs = values.shape[-1]
    return values if n_outputs == 1 else values.div_(n_outputs)


def _squared_values(outputs: Tensor, targets: Tensor) -> Tensor:
    return _mean_of_outputs((outputs - targets).square_()).mul_(0.5)


def _squared_residuals(outputs: Tensor, targets: Tensor) -> Tensor:
    return _shared_by_outputs(outputs - targets)


def _squared_directions(outputs: Tensor, noise: Noise | None) -> Iterator[Tensor]:
    n_outputs = outputs.shape[-1]
    scale = torch.full_like(outputs, 1.0 / math.sqrt(n_outputs))
    if noise is None or n_outputs == 1:
        yield from _unit_vectors(scale)
    else:
        yield scale.mul_(noise(torch.randn, outputs))


def _logistic_values(outputs: Tensor, targets: Tensor) -> Tensor:
    return _mean_of_outputs(F.softplus(outputs).sub_(outputs * targets))


def _logistic_residuals(outputs: Tensor, targets: Tensor) -> Tensor:
    return _shared_by_outputs(torch.sigmoid(outputs).sub_(targets))


def _logistic_directions(outputs: Tensor, noise: Noise | None) -> Iterator[Tensor]:
    n_outputs = outputs.shape[-1]
    p = torch.sigmoid(outputs)
    scale = _shared_by_outputs(p - p.square()).sqrt_()
    if noise is None or n_outputs == 1:
        yield from _unit_vectors(scale)
    else:
        drawn = noise(torch.rand, p)
        yield (p - (drawn < p).to(p.dtype)).div_(math.sqrt(n_outputs))


def _over_classes(function: Callable[[Tensor, int], Tensor], outputs: Tensor) -> Tensor:
    """Normalize along the last axis; torch is slow at that where it is short."""
    if outputs.shape[-1] >= _MANY_CLASSES:
        return function(outputs, -1)
    first = outputs.transpose(-1, -2).contiguous()
    return function(first, -2).transpose(-1, -2).contiguous()


def _softmax_values(outputs: Tensor, targets: Tensor) -> Tensor:
    return -(_over_classes(torch.log_softmax, outputs) * targets).sum(-1)


def _softmax_residuals(outputs: Tensor, targets: Tensor) -> Tensor:
    return _over_classes(torch.softmax, outputs).sub_(targets)


def _softmax_directions(outputs: Tensor, noise: Noise | None) -> Iterator[Tensor]:
    # diag(p) - p p^T = sum over classes c of p_c (e_c - p)(e_c - p)^T
    p = _over_classes(torch.softmax, outputs)
    if noise is None:
        for c in range(p.shape[-1]):
            direction = -p
            direction[..., c] += 1
            yield direction.mul_(p[..., c : c + 1].sqrt())
    else:
        drawn = noise(torch.rand, p[..., :1])
        label = (p.cumsum(-1)[..., :-1] <= drawn).sum(-1, keepdim=True)
        yield p.scatter_add(-1, label, torch.full_like(label, -1, dtype=p.dtype))


LOSSES: dict[str, Loss] = {
    "squared_error": Loss(
        _squared_values,
        _squared_residuals,
        _squared_directions,
        _mean_target,
        of_classes=False,
    ),
    # one or many independent labels, each 0 or 1
    "log_loss": Loss(
        _logistic_values,
        _logistic_residuals,
        _logistic_directions,
        lambda targets, row_weights: torch.logit(_mean_share(targets, row_weights)),
    ),
    # one class of several, one-hot
    "softmax": Loss(
        _softmax_values,
        _softmax_residuals,
        _softmax_directions,
        lambda targets, row_weights: torch.log(_mean_share(targets, row_weights)),
    ),
}
