"""The fitted attributes of a masked network, from what the engine gives back."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from .._encoding import TableEncoding
from .._engine.problem import MaskedNetwork
from .._path.choose import order_of_leaving
from .fitted import FittedNetwork
from .gates import Gates

__all__ = ["kept_columns", "network_attributes", "path_attributes"]

OUT_ACTIVATIONS = {
    "binary": "logistic",
    "multilabel": "logistic",
    "multiclass": "softmax",
    "regression": "identity",
}


def network_attributes(
    fitted: FittedNetwork,
    masks: tuple[NDArray[np.bool_], ...],
    kept: NDArray[np.bool_],
) -> dict[str, Any]:
    """Name what every training changes; `kept` are columns that stay without a gate."""
    network = fitted.network
    n_open = sum(int(mask.sum()) for mask in masks)
    support = _reached(fitted.encoding, masks) | kept
    attributes: dict[str, Any] = {
        "estimator_": fitted,
        "coefs_": [
            weights[0] if weights.ndim == 3 else weights for weights in network.coefs
        ],
        "intercepts_": [bias[0, 0] for bias in network.intercepts],
        "masks_": list(masks),
        "n_nonzero_params_": n_open + sum(b.size for b in network.intercepts),
        "support_": support,
        "n_features_": int(support.sum()),
        "loss_curve_": network.loss_curve,
        "validation_scores_": -network.validation_curve,
        "n_iter_": network.n_steps,
        "n_layers_": len(masks) + 1,
        "n_outputs_": masks[-1].shape[1],
        "out_activation_": OUT_ACTIVATIONS[fitted.kind],
        "task_": "regression" if fitted.kind == "regression" else "classification",
        "input_to_outputs_": list(fitted.encoding.input_to_outputs),
    }
    if fitted.classes is not None:
        attributes["classes_"] = fitted.classes
    return attributes


def _reached(
    encoding: TableEncoding, masks: tuple[NDArray[np.bool_], ...]
) -> NDArray[np.bool_]:
    """Tell which columns are joined to an output by open weights."""
    says: NDArray[np.bool_] = np.ones(masks[-1].shape[1], dtype=bool)
    for mask in masks[::-1]:
        says = np.any(mask & says, axis=1)
    reached = np.zeros(encoding.n_inputs, dtype=bool)
    reached[encoding.input_of_output[says]] = True
    return reached


def kept_columns(estimator: BaseEstimator) -> NDArray[np.bool_]:
    """Tell which selected columns the network never read, as they do not vary."""
    if not hasattr(estimator, "support_"):
        return np.zeros(1, dtype=bool)
    read = np.array([len(outputs) > 0 for outputs in estimator.input_to_outputs_])
    return estimator.support_ & ~read


def path_attributes(solution: MaskedNetwork, gates: Gates) -> dict[str, Any]:
    """Name what the path says."""
    support = gates.columns(solution.feature_gates)
    names = ("penalty", "n_open", "n_weights", "train_loss", "validation_loss")
    fields = {name: getattr(solution, name) for name in names}
    fields["support"] = support
    dtype = [(name, v.dtype, v.shape[1:]) for name, v in fields.items()]
    path = np.empty(len(support), dtype=dtype)
    for name, values in fields.items():
        path[name] = values
    gates_by_kind = solution.open_gates
    counted = list(gates_by_kind.values())
    if "weights" in gates_by_kind:
        counted = [mask.ravel() for mask in solution.masks]
    attributes: dict[str, Any] = {
        "path_": path,
        "open_gates_": gates_by_kind,
        "sparsity_": float(1 - np.concatenate(counted).mean()),
    }
    if "features" in solution.open_gates:
        chosen = gates.columns(solution.open_gates["features"])
        attributes["ranking_"] = order_of_leaving(support, chosen)
    return attributes
