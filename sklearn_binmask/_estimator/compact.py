"""A masked network without what is closed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .._engine.predict import ACTIVATIONS
from .._engine.problem import Network

__all__ = ["compact_network"]

# Share of open weights under which a sparse product is faster than a dense one.
_SPARSE_DENSITY = 0.02


def compact_network(
    network: Network, masks: Sequence[NDArray[np.bool_]]
) -> tuple[NDArray[np.bool_], Network, list[NDArray[np.bool_]]]:
    """Remove inputs that nothing reads, and units that say nothing or always the same.

    What a unit without inputs says is the same for each row; it is added to the
    intercept of the next layer.

    Parameters
    ----------
    network : Network
        Of one member, weights behind closed gates being 0.
    masks : sequence of ndarray of bool of shape (n_in, n_out)
        Which weights are open.

    Returns
    -------
    used : ndarray of bool of shape (n_inputs,)
        Inputs that are left.
    network : Network
        Without the others.
    masks : list of ndarray of bool
        Of what is left.
    """
    coefs = [np.asarray(_dense(weights)) for weights in network.coefs]
    biases = [bias[0, 0].copy() for bias in network.intercepts]
    live = _live_units(masks)
    used = live[0]
    for layer in range(len(coefs) - 1):
        # of what enters the layer, only what is left counts
        entered = (masks[layer][live[layer]]).any(axis=0)
        constant = live[layer + 1] & ~entered
        said = ACTIVATIONS[network.activation](biases[layer][None].copy())[0]
        behind = coefs[layer + 1][constant] * masks[layer + 1][constant]
        biases[layer + 1] += said[constant] @ behind
        live[layer + 1] = live[layer + 1] & entered
    parts: list[Any] = []
    kept_masks = []
    for layer, weights in enumerate(coefs):
        cut = np.ix_(live[layer], live[layer + 1])
        kept_masks.append(masks[layer][cut])
        parts.append(_thrifty(weights[cut], kept_masks[-1]))
    intercepts = tuple(
        bias[alive][None, None] for bias, alive in zip(biases, live[1:], strict=True)
    )
    smaller = replace(network, coefs=tuple(parts), intercepts=intercepts)
    return used, smaller, kept_masks


def _live_units(masks: Sequence[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
    """Tell, for the inputs and each layer, what is joined to an output."""
    live: list[NDArray[np.bool_]] = [np.ones(masks[-1].shape[1], dtype=bool)]
    for mask in reversed(masks):
        live.append(np.any(mask & live[-1], axis=1))
    return live[::-1]


def _dense(weights: Any) -> NDArray[np.float64]:
    return weights[0] if weights.ndim == 3 else weights.toarray()


def _thrifty(weights: NDArray[np.float64], mask: NDArray[np.bool_]) -> Any:
    """Keep a layer with few open weights as a sparse matrix."""
    if mask.size and mask.mean() < _SPARSE_DENSITY:
        return csr_array(weights)
    return np.ascontiguousarray(weights)[None]
