"""The training curves of a network."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from .style import BLACK, BLUE, VERMILION, make_axes, write_legend_above

__all__ = ["TrainingDisplay"]

# Ratio of the largest loss to the smallest from which their axis is logarithmic.
_DECADES = 30.0


class TrainingDisplay:
    """Training curves: the loss on rows trained on, and on rows held out.

    Made by `from_estimator`; its arguments are plain data, so that a picture can be
    drawn again, saved, or made of other numbers.

    Parameters
    ----------
    loss_curve : array-like of shape (n_looks,)
        Training loss at each look.
    validation_loss : array-like of shape (n_looks,) or None, default=None
        Held-out loss at each look.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        Its figure.
    line_ : matplotlib Line2D
        The training loss.
    validation_line_ : matplotlib Line2D or None
        The held-out loss.

    See Also
    --------
    PathDisplay : The losses along the path.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_binmask import BinMaskMLPClassifier, TrainingDisplay
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> network = BinMaskMLPClassifier(random_state=0).fit(X, y)
    >>> display = TrainingDisplay.from_estimator(network)
    >>> display.figure_.savefig("training.png")  # doctest: +SKIP
    """

    def __init__(self, *, loss_curve: Any, validation_loss: Any = None) -> None:
        self.loss_curve = loss_curve
        self.validation_loss = validation_loss

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw the training curves of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            One with `loss_curve_` and `validation_scores_`: a network of this package,
            or a selector with ``refit=True``.
        ax : matplotlib Axes, default=None
            Where to draw; by default on a new figure.

        Returns
        -------
        display : TrainingDisplay
            The picture and its data.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        sklearn.exceptions.NotFittedError
            If the estimator has no curves.
        """
        check_is_fitted(estimator, "loss_curve_")
        validation = getattr(estimator, "validation_scores_", None)
        if validation is not None:
            validation = -np.asarray(validation)
        display = cls(
            loss_curve=np.asarray(estimator.loss_curve_), validation_loss=validation
        )
        return display.plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default on a new figure.

        Returns
        -------
        display : TrainingDisplay
            Itself, with the artists as attributes.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        (self.ax_,) = make_axes(ax, "TrainingDisplay")
        self.figure_ = self.ax_.figure
        train = np.asarray(self.loss_curve, dtype=np.float64)
        held_out = self._held_out(len(train))
        looks = np.arange(1, len(train) + 1)
        (self.line_,) = self.ax_.plot(
            looks, train, color=BLACK, ls=":", label="rows trained on"
        )
        self.validation_line_ = None
        losses = train
        if held_out is not None:
            losses = np.concatenate([train, held_out])
            (self.validation_line_,) = self.ax_.plot(
                looks, held_out, color=BLUE, label="rows held out"
            )
            best = int(np.nanargmin(held_out))
            label = f"least on held-out rows: {held_out[best]:.3g}"
            self.ax_.plot(
                looks[best], held_out[best], "D", color=VERMILION, label=label
            )
        if (
            losses.size
            and losses.min() > 0
            and np.ptp(np.log(losses)) > np.log(_DECADES)
        ):
            self.ax_.set_yscale("log")
        self.ax_.set(xlabel="look at the losses", ylabel="mean loss")
        write_legend_above(self.ax_)
        return self

    def _held_out(self, n_looks: int) -> NDArray[np.float64] | None:
        """Read the held-out losses, if there are any."""
        if self.validation_loss is None:
            return None
        losses = np.asarray(self.validation_loss, dtype=np.float64)
        return losses if n_looks and len(losses) == n_looks else None
