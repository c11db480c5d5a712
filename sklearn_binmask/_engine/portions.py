"""Training in portions: a network drawn once, and trained on by one pass at a time."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from .diverging import refuse_divergence
from .networks import Committee
from .problem import Network, Problem, SolverConfig, StopReason
from .threads import one_thread
from .training import Trainer

__all__ = ["draw_network", "train_on"]


def train_on(
    problem: Problem,
    config: SolverConfig,
    network: Network,
    masks: Sequence[NDArray[np.bool_]],
) -> Network:
    """Train a network for one pass over the rows, its masks as they are.

    Parameters
    ----------
    problem : Problem
        Rows.
    config : SolverConfig
        How to train; with gates on weights.
    network : Network
        Of one member.
    masks : sequence of ndarray of bool of shape (n_in, n_out)
        Which weights are open.

    Returns
    -------
    network : Network
        Trained on.
    """
    n_rows = len(problem.inputs)
    n_steps = math.ceil(n_rows / config.batch_size)
    config = replace(config, batch_size=n_rows // n_steps)  # no large rest is left out
    with one_thread(), torch.inference_mode():
        trainer = Trainer(problem, config)
        trainer.load(network)
        first, *others = masks
        flat = np.concatenate(
            [first[trainer.layout.inputs].ravel(), *(m.ravel() for m in others)]
        )
        trainer.open_only(torch.from_numpy(flat)[:, None].to(trainer.rows.x.device))
        for _ in range(n_steps):
            trainer.step(config.learning_rate, judge=False)
        trainer.close_weights()
        losses = [*network.loss_curve.tolist(), float(trainer.train_loss)]
        moved = float(trainer.networks.parameters.sum())
        refuse_divergence([*losses, moved], config.learning_rate, config.alpha)
        curves = losses, network.validation_curve.tolist()
        return trainer.network(
            curves, network.n_steps + n_steps, StopReason.PASS_COMPLETE
        )


def draw_network(
    layer_sizes: Sequence[int], activation: str, loss: str, seed: int
) -> Network:
    """Draw a network that has not been trained.

    Parameters
    ----------
    layer_sizes : sequence of int
        Inputs, hidden units of each layer, outputs.
    activation : str
        Row of `networks.ACTIVATIONS`.
    loss : str
        Row of `losses.LOSSES`.
    seed : int
        Of the draw.

    Returns
    -------
    network : Network
        Of one member.
    """
    with torch.inference_mode():
        committee = Committee(layer_sizes, 1, activation, torch.float32, "cpu")
        generator = torch.Generator().manual_seed(seed)
        committee.initialize([generator], torch.zeros(layer_sizes[-1]))
        first, *others = (w.double().numpy() for w in committee.weights)
        return Network(
            (first.transpose(1, 0, 2).copy(), *others),
            tuple(bias.double().numpy() for bias in committee.biases),
            activation,
            loss,
            np.empty(0),
            np.empty(0),
            0,
            StopReason.MAX_ITER,
        )
