"""What the masked networks for classes and for numbers have in common."""

import copy
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from .._encoding import TableEncoding, encode_like, encode_target, learn_table
from .._engine.problem import MaskedNetwork, Network
from .._path.choose import order_of_leaving
from .._sklearn import CallbackSupportMixin, FitProgress, _fit_context
from ..exceptions import ParameterError
from .base import StampedEstimator, publish, seed_of
from .compact import compact_network
from .encoded import LOSS_OF_KIND
from .fitted import FittedNetwork
from .gates import Gates
from .masked import MaskedAsk, MaskedSettings, train_more, word_masked
from .predicting import NetworkPredictions
from .rows import Rows, check_rows, check_table, is_frame
from .selecting import SelectedColumns
from .settings import check_layers

__all__ = ["MaskedMLP"]

OUT_ACTIVATIONS = {
    "binary": "logistic",
    "multilabel": "logistic",
    "multiclass": "softmax",
    "regression": "identity",
}


class MaskedMLP(
    CallbackSupportMixin, SelectedColumns, NetworkPredictions, StampedEstimator
):
    """A perceptron with gates; `task` is set by its two children."""

    # Read by `MaskedSettings`, where the selector has parameters.
    n_members = 1
    class_weight: Any = None

    def __init__(
        self,
        *,
        hidden_layer_sizes: Any = (100,),
        granularity: Any = "weights",
        l0_penalty: str | float = "auto",
        sparsity: float | None = None,
        n_features_to_select: int | float | None = None,
        numeric_encoding: str | None = None,
        categorical_features: Any = "from_dtype",
        feature_groups: Any = None,
        mandatory_features: Any = None,
        activation: str = "relu",
        alpha: float = 0.1,
        batch_size: int | str = "auto",
        learning_rate: str = "adaptive",
        learning_rate_init: float = 0.006,
        mask_learning_rate: float = 0.01,
        max_iter: int = 200,
        tol: float = 1e-3,
        n_iter_no_change: int = 10,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        device: str = "cpu",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.granularity = granularity
        self.l0_penalty = l0_penalty
        self.sparsity = sparsity
        self.n_features_to_select = n_features_to_select
        self.numeric_encoding = numeric_encoding
        self.categorical_features = categorical_features
        self.feature_groups = feature_groups
        self.mandatory_features = mandatory_features
        self.activation = activation
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.mask_learning_rate = mask_learning_rate
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Self:
        """Train the network and its gates.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The table. Frames of pandas or polars may hold numbers, booleans,
            categories, text and missing values; arrays hold numbers, NaN is missing.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            What is to be predicted.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, not negative; a row of weight 0 is left out.
        X_val : array-like or data frame of shape (n_val_samples, n_features), \
                default=None
            Rows to hold out, instead of `validation_fraction` of `X`.
        y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_targets), \
                default=None
            Their targets.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or a parameter cannot serve; the estimator stays as it was.
        TypeError
            If `X` is sparse, or holds values of a kind that cannot be read.
        """
        rows = check_rows(self, X, y, sample_weight)
        ask = word_masked(
            rows,
            MaskedSettings.of(self),
            validation=self._check_validation(rows, X_val, y_val),
            random_state=self.random_state,
        )
        start = self._start(ask)
        progress = FitProgress.start(
            self, X, y, sample_weight, max_steps=None, step_name="look"
        )
        seen = {
            **rows.seen,
            "_fitted_on_frame": is_frame(X),
            "input_kinds_": ask.encoded.encoding.input_kinds,
        }

        def look(standing: Callable) -> bool:
            return progress.step(lambda: {**seen, **_standing(ask, *standing())})

        solution = ask.train(start, look)
        attributes = {
            **seen,
            **_attributes(ask.fitted(solution), solution.masks, ask.gates.kept),
            **_path_attributes(solution, ask.gates),
        }
        progress.finish(lambda: attributes)
        publish(self, attributes)
        return self

    def _check_validation(
        self, rows: Rows, X_val: Any, y_val: Any
    ) -> tuple[Any, Any] | None:
        """Check rows that the user holds out."""
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            raise ValueError(
                "X_val and y_val belong together, but one of them is None. Pass both, "
                "or neither to hold out validation_fraction of the rows."
            )
        draft = copy.copy(self)
        draft.__dict__.update(rows.seen)
        X_val = check_table(draft, X_val, reset=False)
        if len(X_val) != len(y_val):
            raise ValueError(
                f"X_val has {len(X_val)} rows and y_val {len(y_val)}. Pass one target "
                "for each row."
            )
        return X_val, y_val

    def _start(self, ask: MaskedAsk) -> Network | None:
        """Give the weights that a warm start begins with."""
        if not self.warm_start or not hasattr(self, "estimator_"):
            return None
        network = self.estimator_.network
        sizes = [w.shape[-2:] for w in network.coefs]
        layers = [
            ask.problem.inputs.shape[1],
            *ask.config.hidden_layer_sizes,
            ask.problem.targets.shape[1],
        ]
        if sizes != list(pairwise(layers)):
            raise ParameterError(
                f"warm_start=True cannot go on from layers of shapes {sizes} to a "
                f"network with {layers} units. Keep data and hidden_layer_sizes as "
                "they were, or set warm_start=False."
            )
        return network

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> Self:
        """Train on for one pass over some rows, with masks as they are.

        The first call on an estimator that is not fitted learns how to encode the
        table, from its rows alone, and leaves all gates open; gates are closed by
        `fit`.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The table.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            What is to be predicted.
        classes : array-like of shape (n_classes,), default=None
            All classes there will be; needed by the first call of a classifier, unless
            its rows have them all.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, not negative.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If the data or a parameter cannot serve; the estimator stays as it was.
        """
        settings = MaskedSettings.of(self)
        settings.kinds()
        if self.class_weight is not None:
            raise ParameterError(
                f"class_weight={self.class_weight!r} cannot be used in partial_fit, "
                "which does not see all rows. Pass sample_weight instead."
            )
        if hasattr(self, "estimator_"):
            check_table(self, X, reset=False)
            draft = check_rows(copy.copy(self), X, y, sample_weight)
            fitted, masks, seen = self.estimator_, self.masks_, {}
            targets = encode_like(draft.y, fitted)
        else:
            draft = check_rows(self, X, y, sample_weight)
            fitted, targets = self._first_network(draft, settings, classes)
            masks = [np.ones(w.shape[1:], dtype=bool) for w in fitted.network.coefs]
            seen = {
                **draft.seen,
                "_fitted_on_frame": is_frame(X),
                "input_kinds_": fitted.encoding.input_kinds,
                "sparsity_": 0.0,
            }
        inputs = fitted.encoding.encode(draft.X, np.float32)
        weights = draft.sample_weight
        weights = np.ones(len(inputs)) if weights is None else weights
        network = train_more(
            fitted,
            tuple(masks),
            (inputs, targets, weights),
            settings,
            seed_of(self.random_state),
        )
        kept = {k: v for k, v in vars(self).items() if k.endswith("_")}
        attributes = {
            **kept,
            **seen,
            **_attributes(fitted.with_network(network), tuple(masks), self._kept()),
        }
        publish(self, attributes)
        return self

    def _kept(self) -> NDArray[np.bool_]:
        """Tell which selected columns the network never read, as they do not vary."""
        if not hasattr(self, "support_"):
            return np.zeros(1, dtype=bool)
        read = np.array([len(outputs) > 0 for outputs in self.input_to_outputs_])
        return self.support_ & ~read

    def _first_network(
        self, rows: Rows, settings: MaskedSettings, classes: Any
    ) -> tuple[FittedNetwork, NDArray[np.float64]]:
        """Draw a network that has not learned anything yet."""
        from .._engine.portions import draw_network

        y = rows.y
        n_rows = len(y)
        if np.ndim(y) > 1:
            classes = None  # labels, of which each is a class
        if classes is not None:
            y = np.concatenate([np.asarray(y), np.asarray(classes)])
        target = encode_target(y, task=settings.task)
        if classes is not None and target.classes is not None:
            unknown = set(np.unique(np.asarray(rows.y))) - set(np.asarray(classes))
            if unknown and target.kind != "multilabel":
                raise ValueError(
                    f"y has the classes {sorted(unknown, key=repr)}, which are not in "
                    f"classes={list(classes)}. Name all of them."
                )
        encoding = learn_table(
            rows.X,
            sample_weight=rows.sample_weight,
            categorical_features=settings.categorical_features,
            numeric_encoding=settings.numeric_encoding,
            feature_names=rows.names,
        )
        network = draw_network(
            [
                encoding.n_outputs,
                *check_layers(settings.hidden_layer_sizes),
                target.values.shape[1],
            ],
            settings.activation,
            LOSS_OF_KIND[target.kind],
            seed_of(self.random_state),
        )
        return FittedNetwork.of(encoding, network, target), target.values[:n_rows]

    def compact(self) -> Self:
        """Remove what is closed.

        Returns
        -------
        compacted : object
            A fitted estimator of the same kind that predicts the same, to rounding,
            and faster: columns that no open weight reads, hidden units that say
            nothing new and weights that are closed are gone from it. Layers with few
            open weights are kept as sparse matrices.
        """
        check_is_fitted(self, "estimator_")
        fitted = self.estimator_
        used, network, masks = compact_network(fitted.network, self.masks_)
        encoding = fitted.encoding.keep_outputs(used)
        smaller = copy.copy(self)
        attributes = dict(vars(self))
        attributes.update(
            _attributes(
                fitted.with_network(network, encoding), tuple(masks), self._kept()
            )
        )
        smaller.__dict__.update(attributes)
        return smaller


def _attributes(
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


def _standing(
    ask: MaskedAsk, network: Network, masks: tuple[NDArray[np.bool_], ...]
) -> dict[str, Any]:
    """Name the attributes of a fit that ends with this network."""
    encoded = ask.encoded
    fitted = FittedNetwork.of(encoded.encoding, network, encoded.target)
    return _attributes(fitted, masks, ask.gates.kept)


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


def _path_attributes(solution: MaskedNetwork, gates: Gates) -> dict[str, Any]:
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
