"""Prediction with a trained committee: numpy alone, in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .problem import Network

__all__ = ["ACTIVATIONS", "LINKS", "can_predict", "committee_outputs"]

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


def can_predict(network: Network) -> bool:
    """Tell whether a network, as it may come from a file, is one that was trained.

    Parameters
    ----------
    network : Network
        Whatever its attributes hold.

    Returns
    -------
    can_predict : bool
        Whether it gives finite numbers for finite inputs. Parts that are of other types
        altogether may raise any error.
    """
    if network.activation not in ACTIVATIONS or network.loss not in LINKS:
        return False
    if not network.coefs or len(network.coefs) != len(network.intercepts):
        return False
    n_members, n_units, most = None, network.coefs[0].shape[-2], 1.0
    for weights, biases in zip(network.coefs, network.intercepts, strict=True):
        is_sparse = hasattr(weights, "check_format")
        numbers: Any = weights.data if is_sparse else weights
        if n_members is None:
            n_members = 1 if is_sparse else len(weights)
        shape = (n_members, n_units, weights.shape[-1])
        n_units = weights.shape[-1]
        if not (
            n_members
            and weights.shape == (shape[1:] if is_sparse else shape)
            and biases.shape == (n_members, 1, n_units)
            and all(part.dtype == np.float64 for part in (numbers, biases))
        ):
            return False
        most = _most_after(weights, biases, most)
        if not np.isfinite(most):
            return False
    return n_units > 0


def _most_after(weights: Any, biases: NDArray, most: float) -> float:
    """Bound what comes out of a layer whose inputs are between -most and most."""
    with np.errstate(over="ignore", invalid="ignore"):
        if weights.ndim == 2:  # of a sparse matrix all together: a bound as well
            sums = np.abs(weights.data).sum()
        else:
            sums = np.abs(weights).sum(axis=-2, keepdims=True)
        return most * float(np.max(sums + np.abs(biases), initial=1.0))
