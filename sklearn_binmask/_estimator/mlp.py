"""What the masked networks for classes and for numbers have in common."""

import copy
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from .._engine.agreement import find_agreement
from .._engine.problem import MaskedNetwork, Network
from .._sklearn import CallbackSupportMixin, FitProgress, _fit_context
from ..exceptions import ParameterError
from .attributes import kept_columns, network_attributes, path_attributes
from .base import StampedEstimator, publish
from .compact import compact_network
from .masked import MaskedAsk, MaskedSettings, word_masked
from .partial import TrainedInPortions
from .predicting import NetworkPredictions
from .rows import Rows, check_table, is_frame
from .selecting import SelectedColumns
from .together import check_all_rows

__all__ = ["MaskedMLP"]

Masks = tuple[NDArray[np.bool_], ...]


class MaskedMLP(
    CallbackSupportMixin,
    TrainedInPortions,
    SelectedColumns,
    NetworkPredictions,
    StampedEstimator,
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
        distributed: str | None = None,
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
        self.distributed = distributed
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
        groups: Any = None,
    ) -> Self:
        """Train the network and its gates.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The table. Frames of pandas or polars may hold numbers, booleans,
            categories, text and missing values; arrays hold numbers, NaN is missing.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            What is to be predicted.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, not negative; a row of weight 0 is left out.
        X_val : array-like, sparse matrix or data frame of shape \
                (n_val_samples, n_features), default=None
            Rows to hold out, instead of `validation_fraction` of `X`.
        y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_targets), \
                default=None
            Their targets.
        groups : array-like of shape (n_samples,), default=None
            Which rows belong together, such as those of one patient: they train all, or
            are held out all. Of no effect where no row of `X` is held out.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or a parameter cannot serve; the estimator stays as it was.
        TypeError
            If `X` holds values of a kind that cannot be read.
        KeyboardInterrupt
            If interrupted. The best network so far is kept if it is of the size asked
            for; else the estimator stays as it was.
        """
        with find_agreement(self.distributed) as agreement:
            rows = check_all_rows(agreement, self, X, y, sample_weight, groups)
            attributes = self._train(rows, X, y, sample_weight, X_val, y_val)
        publish(self, attributes)
        return self

    def _train(
        self,
        rows: Rows,
        X: Any,
        y: Any,
        sample_weight: Any,
        X_val: Any,
        y_val: Any,
    ) -> dict[str, Any]:
        """Train, and name what is to be published."""
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

        def attributes_of(network: Network, masks: Masks) -> dict[str, Any]:
            fitted = ask.fitted(network)
            return {**seen, **network_attributes(fitted, masks, ask.gates.kept)}

        def complete(solution: MaskedNetwork) -> dict[str, Any]:
            return {
                **attributes_of(solution.network, solution.masks),
                **path_attributes(solution, ask.gates),
            }

        solution = ask.train(
            start,
            lambda standing: progress.step(lambda: attributes_of(*standing())),
            lambda best: publish(self, complete(best)),
        )
        attributes = complete(solution)
        progress.finish(lambda: attributes)
        return attributes

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
        if X_val.shape[0] != len(y_val):
            raise ValueError(
                f"X_val has {X_val.shape[0]} rows and y_val {len(y_val)}. Pass one "
                "target for each row."
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
        before = self.estimator_.encoding.input_of_output
        now = ask.encoded.encoding.input_of_output
        if sizes != list(pairwise(layers)) or not np.array_equal(before, now):
            raise ParameterError(
                f"warm_start=True cannot go on from layers of shapes {sizes} to a "
                f"network with {layers} units. Keep data and hidden_layer_sizes as "
                "they were, and go on from the network before compact(), or set "
                "warm_start=False."
            )
        return network

    def compact(self) -> Self:
        """Remove what is closed.

        Returns
        -------
        compacted : object
            A fitted estimator of the same kind that predicts the same, to rounding,
            and faster: columns that no open weight reads, hidden units that say
            nothing new and weights that are closed are gone from it. Layers with few
            open weights are kept as sparse matrices.

            `coefs_`, `intercepts_`, `masks_`, `n_nonzero_params_`, `sparsity_` and
            `input_to_outputs_` describe what is left; `sparsity_` is then the share of
            closed weights among those left. `path_` and `open_gates_` speak of gates
            that are gone, and are gone too. What is about columns (`support_`,
            `ranking_`) or about the training (`loss_curve_`, `validation_scores_`,
            `n_iter_`) stays. `partial_fit` trains what is left; a warm start needs the
            whole network, and is refused.
        """
        check_is_fitted(self, "estimator_")
        fitted = self.estimator_
        used, network, masks = compact_network(fitted.network, self.masks_)
        encoding = fitted.encoding.keep_outputs(used)
        attributes = {
            name: value
            for name, value in vars(self).items()
            if name not in ("path_", "open_gates_")
        }
        attributes |= network_attributes(
            fitted.with_network(network, encoding), tuple(masks), kept_columns(self)
        )
        left = np.concatenate([mask.ravel() for mask in masks])
        attributes["sparsity_"] = float(1 - left.mean()) if left.size else 0.0
        smaller = copy.copy(self)
        smaller.__dict__.clear()
        smaller.__dict__.update(attributes)
        return smaller
