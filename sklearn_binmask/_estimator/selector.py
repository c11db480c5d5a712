"""What all selectors have in common: what they are, and what they publish."""

from typing import Any

from sklearn.utils import ClassifierTags, RegressorTags, Tags

from .._sklearn import CallbackSupportMixin
from ..exceptions import ParameterError
from .base import StampedEstimator, publish
from .fitted import FittedNetwork
from .predicting import NetworkPredictions
from .road import Ask, refit_on
from .rows import Rows, is_frame
from .selecting import SelectedColumns
from .selection import Selection

__all__ = ["ColumnSelector", "fitted_attributes"]


class ColumnSelector(
    CallbackSupportMixin, SelectedColumns, NetworkPredictions, StampedEstimator
):
    """A transformer that also predicts, where it has trained a network to do so."""

    task: str
    refit: bool
    class_weight: Any

    def _refuse_weighted_numbers(self) -> None:
        """Refuse weights of classes where there are none."""
        if self.task == "regression" and self.class_weight is not None:
            raise ParameterError(
                f"class_weight={self.class_weight!r} has no meaning with "
                "task='regression'. Use sample_weight in fit, or class_weight=None."
            )

    def __sklearn_tags__(self) -> Tags:
        """Tell scikit-learn what the selector takes."""
        tags = super().__sklearn_tags__()
        if self.refit and self.task != "regression":
            # with task="auto" it may be a classifier, and predicts like one if it is
            tags.classifier_tags = ClassifierTags(multi_label=True)
        if self.refit and self.task == "classification":
            tags.estimator_type = "classifier"
        elif self.refit and self.task == "regression":
            tags.estimator_type = "regressor"
            tags.regressor_tags = RegressorTags()
        return tags


def fitted_attributes(
    estimator: ColumnSelector,
    X: Any,
    rows: Rows,
    ask: Ask,
    selection: Selection,
    *,
    n_steps: int,
    more: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Name what a selector publishes, and train the final network if there is one.

    If that training is interrupted, the best network so far is published with the
    selection, which is complete, and the interrupt goes on.

    Parameters
    ----------
    estimator : ColumnSelector
        Read, and written on when interrupted.
    X : array-like or data frame
        As given by the user.
    rows : Rows
        Checked.
    ask : Ask
        The question to the engine.
    selection : Selection
        Of columns.
    n_steps : int
        Training steps taken so far.
    more : dict, default=None
        Attributes of this selector alone.

    Returns
    -------
    attributes : dict
        By name.
    """
    target, encoding = ask.encoded.target, ask.encoded.encoding
    attributes = {
        **rows.seen,
        "_fitted_on_frame": is_frame(X),
        **selection.attributes(),
        "task_": target.task,
        "n_iter_": n_steps,
        "input_to_outputs_": list(encoding.input_to_outputs),
        "input_kinds_": encoding.input_kinds,
        **(more or {}),
    }
    if target.classes is not None:
        attributes["classes_"] = target.classes
    if not estimator.refit:
        return attributes

    def with_network(fitted: FittedNetwork) -> dict[str, Any]:
        return attributes | {
            "estimator_": fitted,
            "loss_curve_": fitted.network.loss_curve,
            "validation_scores_": -fitted.network.validation_curve,
            "n_iter_": n_steps + fitted.network.n_steps,
        }

    return with_network(
        refit_on(
            ask,
            selection.support,
            lambda best: publish(estimator, with_network(best)),
        )
    )
