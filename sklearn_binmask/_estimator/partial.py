"""Training in portions: `partial_fit`."""

import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._encoding import Target, encode_like, encode_target, learn_table
from .._sklearn import _fit_context
from ..exceptions import ParameterError
from .attributes import kept_columns, network_attributes
from .base import StampedEstimator, publish, seed_of
from .encoded import LOSS_OF_KIND, chosen_encoding
from .fitted import FittedNetwork
from .gates import lay_gates
from .masked import MaskedSettings, size_of, train_more
from .rows import Rows, check_rows, check_table, is_frame
from .settings import check_layers

__all__ = ["TrainedInPortions"]


class TrainedInPortions(StampedEstimator):
    """A masked network that a stream of rows can be shown to."""

    estimator_: FittedNetwork
    masks_: list[NDArray[np.bool_]]
    class_weight: Any
    task: str
    random_state: Any

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> Self:
        """Train on for one pass over some rows, with masks as they are.

        The first call on an estimator that is not fitted learns how to encode the
        table, from its rows alone, and leaves all gates open; gates are closed by
        `fit`. A number that does not vary in these rows is taken in units of its own
        size, or of 1 if that is larger, and levels that are not in them are as if
        missing: the more they are like the rows to come, the better. Later calls take
        one row or many.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The table.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            What is to be predicted.
        classes : array-like of shape (n_classes,), default=None
            All classes there will be (of labels, their indices); needed by the first
            call of a classifier, unless its rows have them all.
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
        settings.check_size()
        self._check_weighing(classes)
        if hasattr(self, "estimator_"):
            check_table(self, X, reset=False)
            rows = check_rows(copy.copy(self), X, y, sample_weight, least=1)
            fitted, masks, seen = self.estimator_, self.masks_, {}
            _check_same_classes(classes, fitted.classes)
            targets = encode_like(rows.y, fitted)
        else:
            rows = check_rows(self, X, y, sample_weight, least=1)
            fitted, targets = _first_network(
                rows, settings, classes, seed_of(self.random_state)
            )
            masks = [np.ones(w.shape[1:], dtype=bool) for w in fitted.network.coefs]
            seen = {
                **rows.seen,
                "_fitted_on_frame": is_frame(X),
                "input_kinds_": fitted.encoding.input_kinds,
                "sparsity_": 0.0,
            }
        inputs = fitted.encoding.encode(rows.table(), np.float32)
        weights = rows.sample_weight
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

    def _check_weighing(self, classes: Any) -> None:
        """Refuse what a portion cannot know, or a regressor has not."""
        if self.class_weight is not None:
            raise ParameterError(
                f"class_weight={self.class_weight!r} cannot be used in partial_fit, "
                "which does not see all rows. Pass sample_weight instead."
            )
        if classes is not None and self.task == "regression":
            raise ParameterError(
                f"classes={classes!r} were passed to a regressor, which has none. "
                "Leave them out, or use a classifier."
            )


def _check_same_classes(classes: Any, known: NDArray | None) -> None:
    """Refuse classes other than those that the network was made for."""
    if classes is None or known is None:
        return
    if set(np.asarray(classes).tolist()) != set(known.tolist()):
        raise ValueError(
            f"classes={np.asarray(classes).tolist()} are not those of the calls "
            f"before, {known.tolist()}. Leave them out, or fit anew."
        )


def _first_network(
    rows: Rows, settings: MaskedSettings, classes: Any, seed: int
) -> tuple[FittedNetwork, NDArray[np.float64]]:
    """Draw a network that has not learned anything yet."""
    from .._engine.portions import draw_network

    target = _first_target(rows, settings.task, classes)
    encoding = learn_table(
        rows.table(),
        sample_weight=rows.sample_weight,
        categorical_features=settings.categorical_features,
        numeric_encoding=chosen_encoding(
            settings.numeric_encoding, rows.n_rows, rows.seen["n_features_in_"]
        ),
        feature_names=rows.names,
        keep_constant=True,
    )
    gates = lay_gates(
        encoding, settings.feature_groups, settings.mandatory_features, rows.names
    )
    size_of(settings, gates)  # refuses what `fit` would refuse
    sizes = check_layers(settings.hidden_layer_sizes)
    network = draw_network(
        [encoding.n_outputs, *sizes, target.values.shape[1]],
        settings.activation,
        LOSS_OF_KIND[target.kind],
        seed,
    )
    return FittedNetwork.of(encoding, network, target), target.values


def _first_target(rows: Rows, task: str, classes: Any) -> Target:
    """Encode the target of the first rows, which may not have all of the classes."""
    if classes is None:
        target = encode_target(rows.y, task=task, sample_weight=rows.sample_weight)
        if target.scale is None:
            return target
        # by what a constant will vary is not known: taken to be its own size, or 1
        assert target.center is not None
        constant = ~target.values.any(axis=0)
        size = np.maximum(np.abs(target.center), 1.0)
        return replace(target, scale=np.where(constant, size, target.scale))
    y, named = np.asarray(rows.y), np.asarray(classes)
    if y.ndim > 1 and y.shape[1] > 1:
        if sorted(named.tolist()) != [*range(y.shape[1])]:
            raise ValueError(
                f"classes={named.tolist()}, but y has {y.shape[1]} columns of labels. "
                f"Pass classes=range({y.shape[1]}), or leave classes out if each "
                "label comes and goes in y."
            )
        more = 1 - y[:1] if np.isin(y, [0, 1]).all() else y[:0]
    else:
        y, more = y.ravel(), named
        unknown = sorted(set(y.tolist()) - set(named.tolist()), key=repr)
        if unknown:
            raise ValueError(
                f"y has the classes {unknown}, which are not in classes="
                f"{named.tolist()}. Name all of them."
            )
    target = encode_target(np.concatenate([y, more]), task=task)
    return replace(target, values=target.values[: len(y)])
