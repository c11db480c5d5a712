"""What all selectors have in common: what they are, and what they publish."""

from typing import Any

from sklearn.utils import ClassifierTags, RegressorTags, Tags

from .._sklearn import CallbackSupportMixin
from ..exceptions import ParameterError
from .base import StampedEstimator
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
        if self.refit and self.task == "classification":
            tags.estimator_type = "classifier"
            tags.classifier_tags = ClassifierTags(multi_label=True)
        elif self.refit and self.task == "regression":
            tags.estimator_type = "regressor"
            tags.regressor_tags = RegressorTags()
        return tags


def fitted_attributes(
    X: Any, rows: Rows, ask: Ask, selection: Selection, *, n_steps: int, refit: bool
) -> dict[str, Any]:
    """Name what a selector publishes, and train the final network if there is one.

    Parameters
    ----------
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
    refit : bool
        Whether to train a network on the selected columns.

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
    }
    if target.classes is not None:
        attributes["classes_"] = target.classes
    if refit:
        fitted = refit_on(ask, selection.support)
        attributes["estimator_"] = fitted
        attributes["loss_curve_"] = fitted.network.loss_curve
        attributes["validation_scores_"] = -fitted.network.validation_curve
        attributes["n_iter_"] += fitted.network.n_steps
    return attributes
