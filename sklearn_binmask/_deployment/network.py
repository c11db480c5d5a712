"""The committee and its link as nodes of a graph, in float64."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .._encoding import TableEncoding
from .._engine.problem import Network
from .graph import Graph

__all__ = ["ACTIVATIONS", "LINKS", "drop_unread", "write_committee"]


def drop_unread(
    encoding: TableEncoding, network: Network
) -> tuple[TableEncoding, Network]:
    """Leave out columns of the user's table that meet no weight but zeros."""
    first, *others = network.coefs
    n_members = len(network.intercepts[0])
    sums = np.asarray(abs(first).sum(axis=-1))  # a matrix has one, if it is sparse
    meets = sums.reshape(n_members, encoding.n_outputs).any(axis=0)
    support = np.zeros(encoding.n_inputs, dtype=bool)
    support[encoding.input_of_output[meets]] = True
    kept = np.flatnonzero(support[encoding.input_of_output])
    first = first[:, kept] if first.ndim == 3 else first[kept]
    return encoding.restrict(support), replace(network, coefs=(first, *others))


def write_committee(graph: Graph, network: Network, inputs: str) -> str:
    """Write the mean output of the members, (n_rows, n_outputs).

    Weights may be arrays of shape (n_members, n_in, n_out) or, for a single member,
    arrays or sparse matrices of shape (n_in, n_out).
    """
    h = inputs
    last = len(network.coefs) - 1
    for layer, (coef, bias) in enumerate(
        zip(network.coefs, network.intercepts, strict=True)
    ):
        n_in, n_out = coef.shape[-2:]
        if n_in == 0 or n_out == 0:
            # ONNX has no empty layers: one unit of weight 0 stands for none, as one
            # column stands for none in `write_encoding`
            coef = np.zeros((1, max(1, n_in), max(1, n_out)))
            bias = bias if n_out else np.zeros((1, 1, 1))
        h = graph.node("MatMul", h, graph.weights(coef))
        h = graph.node("Add", h, graph.constant(_per_member(bias)))
        if layer < last:
            h = ACTIVATIONS[network.activation](graph, h)
    n_members = float(_per_member(network.intercepts[-1]).shape[0])
    return graph.node("Div", graph.sum(h, 0), graph.constant(n_members))


def _per_member(bias: Any) -> np.ndarray:
    """Return biases as (n_members, 1, n_out)."""
    array = np.asarray(bias, dtype=np.float64)
    return array.reshape(-1, 1, array.shape[-1])


def _sigmoid(graph: Graph, name: str) -> str:
    """Write the logistic function as the engine computes it."""
    half, one = graph.constant(0.5), graph.constant(1.0)
    bent = graph.node("Tanh", graph.node("Mul", name, half))
    return graph.node("Mul", graph.node("Add", bent, one), half)


ACTIVATIONS: dict[str, Callable[[Graph, str], str]] = {
    "relu": lambda graph, name: graph.node("Relu", name),
    "tanh": lambda graph, name: graph.node("Tanh", name),
    "logistic": _sigmoid,
    "identity": lambda graph, name: name,
}

LINKS: dict[str, Callable[[Graph, str], str]] = {
    "squared_error": lambda graph, name: name,
    "log_loss": _sigmoid,
    "softmax": lambda graph, name: graph.node("Softmax", name, axis=1),
}
