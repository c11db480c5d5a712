"""Prediction with a trained committee: numpy alone, in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .problem import Network

__all__ = ["ACTIVATIONS", "LINKS", "committee_outputs"]

# Rows predicted at a time: bounds the memory of the hidden layers.
_CHUNK = 4096

ACTIVATIONS: dict[str, Callable[[NDArray], NDArray]] = {
    "relu": lambda z: np.maximum(z, 0, out=z),
    "tanh": lambda z: np.tanh(z, out=z),
    "logistic": lambda z: _sigmoid(z),
    "identity": lambda z: z,
}


def _sigmoid(z: NDArray) -> NDArray:
    # tanh has no overflow on either side
    return 0.5 * (1 + np.tanh(0.5 * z))


def _softmax(z: NDArray) -> NDArray:
    z = np.exp(z - z.max(axis=1, keepdims=True))
    return z / z.sum(axis=1, keepdims=True)


# What outputs mean under each loss of the engine.
LINKS: dict[str, Callable[[NDArray], NDArray]] = {
    "squared_error": lambda z: z,
    "log_loss": _sigmoid,
    "softmax": _softmax,
}


def committee_outputs(network: Network, inputs: Any) -> NDArray[np.float64]:
    """Mean output of the members.

    Parameters
    ----------
    network : Network
        A trained committee.
    inputs : array or SparseInputs of shape (n_rows, n_inputs)
        Encoded columns.

    Returns
    -------
    outputs : ndarray of shape (n_rows, n_outputs)
        Before the link of the loss.
    """
    n_outputs = network.coefs[-1].shape[-1]
    outputs = np.empty((len(inputs), n_outputs))
    for start in range(0, len(inputs), _CHUNK):
        rows = slice(start, start + _CHUNK)
        h = inputs[rows].astype(np.float64, copy=False)
        last = len(network.coefs) - 1
        for layer, weights in enumerate(network.coefs):
            # two axes: a sparse matrix, of a committee of one
            if weights.ndim == 2:
                h = ((h[0] if layer else h) @ weights)[None]
            else:
                h = h @ weights
            h += network.intercepts[layer]
            if layer < last:
                h = ACTIVATIONS[network.activation](h)
        outputs[rows] = h.mean(axis=0)
    return outputs
