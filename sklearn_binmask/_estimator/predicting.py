"""Predictions of an estimator that holds a fitted network."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .fitted import FittedNetwork
from .rows import check_table

__all__ = ["NetworkPredictions", "has_network"]


def has_network(estimator: "NetworkPredictions") -> bool:
    """Tell whether there is, or will be, a network that predicts."""
    return bool(getattr(estimator, "refit", True))


def _has_classes(estimator: "NetworkPredictions") -> bool:
    """Tell whether there is, or may be, a network that predicts classes."""
    task = getattr(estimator, "task_", getattr(estimator, "task", "auto"))
    return has_network(estimator) and task != "regression"


class NetworkPredictions(BaseEstimator):
    """Methods that ask ``estimator_``, a `FittedNetwork`, and need no torch."""

    estimator_: FittedNetwork
    task_: str

    @available_if(has_network)
    def predict(self, X: Any) -> NDArray:
        """Predict with the networks trained on the selected columns.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            A table with all the columns of the one fitted.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Classes, labels, or numbers.
        """
        check_is_fitted(self, "estimator_")
        return self.estimator_.predict(check_table(self, X, reset=False))

    @available_if(_has_classes)
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            A table with all the columns of the one fitted.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; for a multi-label target the probability of
            each label.
        """
        check_is_fitted(self, "estimator_")
        return self.estimator_.predict_proba(check_table(self, X, reset=False))

    @available_if(_has_classes)
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Score each class by the outputs of the networks.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            A table with all the columns of the one fitted.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the log-odds of the second one; else larger for likelier
            classes, or the log-odds of each label.
        """
        check_is_fitted(self, "estimator_")
        return self.estimator_.decision_function(check_table(self, X, reset=False))

    @available_if(has_network)
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score the predictions: accuracy, or R2 for regression.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            A table with all the columns of the one fitted.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True classes, labels or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            Larger is better; 1.0 is the best.
        """
        metric = r2_score if self.task_ == "regression" else accuracy_score
        return float(metric(y, self.predict(X), sample_weight=sample_weight))
