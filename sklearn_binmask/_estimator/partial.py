"""Training in portions: `partial_fit`."""

import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._encoding import encode_like, encode_target, learn_table
from .._sklearn import _fit_context
from ..exceptions import ParameterError
from .attributes import kept_columns, network_attributes
from .base import StampedEstimator, publish, seed_of
from .encoded import LOSS_OF_KIND
from .fitted import FittedNetwork
from .masked import MaskedSettings, train_more
from .rows import Rows, check_rows, check_table, is_frame
from .settings import check_layers

__all__ = ["TrainedInPortions"]


class TrainedInPortions(StampedEstimator):
    """A masked network that a stream of rows can be shown to."""

    estimator_: FittedNetwork
    masks_: list[NDArray[np.bool_]]
    class_weight: Any
    random_state: Any

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
            seen = {**draft.seen, "_fitted_on_frame": is_frame(X), "sparsity_": 0.0}
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
            **network_attributes(
                fitted.with_network(network), tuple(masks), kept_columns(self)
            ),
        }
        publish(self, attributes)
        return self

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
