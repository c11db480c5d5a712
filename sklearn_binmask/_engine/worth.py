"""What a batch of rows says that each gate is worth."""

from typing import Any

from torch import Tensor

from .granularity import Look

__all__ = ["worth_of_gates"]

# Rows of a batch on which the curvature is measured: it varies far less than the
# gradient, and costs more.
_CURVATURE_SHARE = 4


def worth_of_gates(
    trainer: Any, look: Look, outputs: list[Tensor], judge_weights: Tensor
) -> Tensor:
    """Predict how much the loss would rise if each gate closed.

    Parameters
    ----------
    trainer : Trainer
        Whose networks looked at the rows.
    look : Look
        What they saw.
    outputs : list of Tensor of shape (n_networks, n_rows, n_units)
        Of each layer.
    judge_weights : Tensor of shape (n_networks, n_rows)
        Of the rows.

    Returns
    -------
    worth : Tensor of shape (n_gates, n_runs)
        Mean over the members of each run.
    """
    worth = trainer.gates.slope(look).neg_()
    if trainer.config.curvature:
        if look.gradients is not None:
            # the network has been trained on these very rows: the slope along an open
            # gate is 0 but for noise
            worth.masked_fill_(trainer.half_sign > 0, 0.0)
        worth += _bend(trainer, look, outputs, judge_weights).mul_(trainer.half_sign)
    return worth.view(-1, trainer.n_runs, trainer.n_members).mean(2)


def _bend(
    trainer: Any, look: Look, outputs: list[Tensor], judge_weights: Tensor
) -> Tensor:
    """Second derivative of the loss with respect to each gate, per network."""
    exact, networks = trainer.config.exact, trainer.networks
    n_rows = judge_weights.shape[1]
    some = slice(0, n_rows if exact else -(-n_rows // _CURVATURE_SHARE))
    x = look.inputs[0][..., some, :]
    outputs = [layer[:, some] for layer in outputs]
    weights = judge_weights[:, some] * (n_rows / max(1, x.shape[-2]))
    noise = None if exact else trainer.noise
    bends = (
        trainer.gates.bend(
            Look(networks, x, outputs, networks.errors(outputs, direction)),
            weights[:, None],
        )
        for direction in trainer.loss.directions(outputs[-1], noise)
    )
    total = next(bends)
    for bend in bends:
        total += bend
    return total
