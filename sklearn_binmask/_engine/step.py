"""One step of a training: what it computes, and how its work is asked for."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .granularity import Look
from .worth import worth_of_gates

__all__ = ["Said", "move"]


@dataclass(frozen=True, eq=False)
class Said:
    """What the rows of a step said.

    Attributes
    ----------
    worth : Tensor of shape (n_gates, n_runs), or None
        Of the gates, if they were judged.
    losses : Tensor of shape (n_networks,), or None
        Of the networks before the step, if they were asked for.
    """

    worth: Tensor | None
    losses: Tensor | None


def move(
    trainer: Any, numbers: Tensor | None, rate: Any, judges: bool, follows: bool
) -> Said:
    """Move the weights of a trainer's networks by one batch.

    All of it is asked of the device, which is never waited for; and nothing that the
    trainer holds is replaced, so that it can be asked for again as a whole.

    Parameters
    ----------
    trainer : Trainer
        Whose networks move.
    numbers : Tensor or None
        Of the rows, as its `Drawing` has them.
    rate : float or Tensor
        The learning rate.
    judges : bool
        Whether gates are judged.
    follows : bool
        Whether the loss is asked for.
    """
    networks, loss = trainer.networks, trainer.loss
    batch = trainer.drawing.take(numbers)
    rows = batch.trains
    networks.apply_masks(trainer.gates.masks)
    outputs = networks.forward(rows.x)
    residuals = loss.residuals(outputs[-1], rows.y)
    worth = losses = None
    if follows:
        losses = (loss.values(outputs[-1], rows.y) * rows.weights).sum(1)
    errors = networks.errors(outputs, residuals * rows.weights[:, :, None])
    networks.write_gradient(rows.x, outputs, errors)
    if judges:
        known: list[Tensor] | None = networks.weight_gradients
        if batch.judges is not rows:
            known = None
            if batch.judges.x is not rows.x:
                outputs = networks.forward(batch.judges.x)
                residuals = loss.residuals(outputs[-1], batch.judges.y)
            rows = batch.judges
            errors = networks.errors(outputs, residuals * rows.weights[:, :, None])
        look = Look(networks, rows.x, outputs, errors, known)
        worth = worth_of_gates(trainer, look, outputs, rows.weights)
    said = [told for told in (losses, worth) if told is not None]
    trainer.agreement.sum_(networks.gradient, *said)
    for gradient, mask in zip(
        networks.weight_gradients, trainer.gates.masks, strict=True
    ):
        if mask is not None:
            gradient.mul_(mask)
    _decay(trainer)
    trainer.adam.step(networks.parameters, networks.gradient, rate)
    return Said(worth, losses)


def _decay(trainer: Any) -> None:
    """Shrink the weights, but not those behind a closed gate: they wait.

    As much when the learning rate has fallen as before: gates are judged best by
    networks that go on forgetting what only their own rows say.
    """
    for weights, rest in zip(trainer.networks.weights, trainer.rests, strict=True):
        weights.mul_(rest)
