"""How surely each column is selected, on resamples of the rows."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from .style import (
    COLOURS,
    GREY,
    LINE_STYLES,
    MOST_NAMES,
    VERMILION,
    check_kind,
    clip_ends,
    make_axes,
    names_of,
    scale_counts,
    scale_prices,
    shorten_all,
)

__all__ = ["StabilityDisplay"]

# Names in the legend beside the picture; of more selected columns, the surest.
_MOST_IN_LEGEND = min(18, MOST_NAMES)


class StabilityDisplay:
    """Selection probabilities along the path, those of the selected columns in colour.

    Made by `from_estimator`; its arguments are plain data, so that a picture can be
    drawn again, saved, or made of other numbers.

    Parameters
    ----------
    probabilities : array-like of shape (n_points, n_columns)
        Share of resamples in which each column is open, at each point of the path.
    penalties : array-like of shape (n_points,) or None, default=None
        Price of an open gate at each point.
    sizes : array-like of shape (n_points,) or None, default=None
        Columns open at each point.
    selected : array-like of bool of shape (n_columns,) or None, default=None
        Columns selected; by default those that reach the threshold at any point.
    threshold : float, default=0.5
        Probability from which a column is selected.
    chosen : int or None, default=None
        Point of the path at which columns are selected.
    feature_names : sequence of str or None, default=None
        Names of the columns, x0, x1, ... by default.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        Its figure.
    lines_ : list of matplotlib Line2D
        Of the selected columns, the surest first.
    others_ : matplotlib LineCollection
        Of the other columns.
    threshold_line_ : matplotlib Line2D
        The threshold.
    chosen_line_ : matplotlib Line2D or None
        At the point of the path at which columns are selected.

    See Also
    --------
    PathDisplay : The path on all rows.

    References
    ----------
    N. Meinshausen and P. Bühlmann (2010). "Stability selection". Journal of the Royal
    Statistical Society B 72, figure 1.

    Examples
    --------
    >>> from sklearn_binmask import StabilityDisplay
    >>> probabilities = [[1.0, 1.0, 1.0], [1.0, 0.7, 0.3], [0.9, 0.1, 0.0]]
    >>> display = StabilityDisplay(
    ...     probabilities=probabilities, sizes=[3, 2, 1], selected=[True, False, False]
    ... ).plot(x="sizes")
    >>> [line.get_label() for line in display.lines_]
    ['x0']
    """

    def __init__(
        self,
        *,
        probabilities: Any,
        penalties: Any = None,
        sizes: Any = None,
        selected: Any = None,
        threshold: float = 0.5,
        chosen: int | None = None,
        feature_names: Any = None,
    ) -> None:
        self.probabilities = probabilities
        self.penalties = penalties
        self.sizes = sizes
        self.selected = selected
        self.threshold = threshold
        self.chosen = chosen
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        x: str | None = None,
        feature_names: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw the selection probabilities of a fitted `StabilitySelector`.

        Parameters
        ----------
        estimator : StabilitySelector
            A fitted one.
        x : {"penalties", "sizes"} or None, default=None
            What the probabilities are drawn against: the penalty of an open gate, or
            the number of open columns. By default the penalty.
        feature_names : sequence of str, default=None
            Names of the columns; by default those seen in `fit`.
        ax : matplotlib Axes, default=None
            Where to draw; by default on a new figure.

        Returns
        -------
        display : StabilityDisplay
            The picture and its data.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        sklearn.exceptions.NotFittedError
            If the estimator has no selection probabilities.
        """
        check_is_fitted(estimator, "selection_probabilities_")
        path = estimator.path_
        display = cls(
            probabilities=path["selection_probabilities"],
            penalties=path["penalty"],
            sizes=path["n_features"],
            selected=estimator.support_,
            threshold=float(estimator.threshold_),
            chosen=getattr(estimator, "point_", None),
            feature_names=names_of(estimator, feature_names, len(estimator.support_)),
        )
        return display.plot(ax, x=x)

    def plot(self, ax: Any = None, *, x: str | None = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default on a new figure.
        x : {"penalties", "sizes"} or None, default=None
            What the probabilities are drawn against, as in `from_estimator`.

        Returns
        -------
        display : StabilityDisplay
            Itself, with the artists as attributes.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there are no such numbers to draw against.
        """
        data = {"penalties": self.penalties, "sizes": self.sizes}
        given = {name: values for name, values in data.items() if values is not None}
        x = check_kind(next(iter(given)) if x is None else x, list(given))
        (self.ax_,) = make_axes(ax, "StabilityDisplay", size=(8.0, 4.5))
        self.figure_ = self.ax_.figure
        points = np.asarray(given[x], dtype=np.float64)
        points = clip_ends(points) if x == "penalties" else points
        (scale_prices if x == "penalties" else scale_counts)(self.ax_, given[x])
        order = np.argsort(points, kind="stable")
        self._draw_lines(points[order], np.asarray(self.probabilities)[order])
        # beyond 1 where nothing may be selected: then there is no line to be seen
        self.threshold_line_ = self.ax_.axhline(
            min(self.threshold, 2.0), color=VERMILION, ls="--", lw=1
        )
        self.chosen_line_ = None
        if self.chosen is not None:
            self.chosen_line_ = self.ax_.axvline(
                points[self.chosen], color=VERMILION, ls=":", lw=1
            )
        words = {
            "penalties": "penalty of an open gate",
            "sizes": "number of open columns",
        }
        self.ax_.set(
            xlabel=words[x], ylabel="selection probability", ylim=(-0.02, 1.02)
        )
        self.ax_.margins(x=0.01)
        self._write_legend()
        return self

    def _draw_lines(self, points: NDArray, probabilities: NDArray) -> None:
        """Draw the selected columns in colour, above the others in grey."""
        from matplotlib.collections import LineCollection

        n_columns = probabilities.shape[1]
        names = names_of(None, self.feature_names, n_columns)
        if self.selected is None:
            selected = probabilities.max(axis=0) >= self.threshold
        else:
            selected = np.asarray(self.selected)
        others = [np.column_stack([points, p]) for p in probabilities.T[~selected]]
        fade = min(1.0, max(0.15, 20 / max(1, len(others))))
        self.others_ = LineCollection(
            others, colors=GREY, linewidths=0.8, alpha=fade, rasterized=True
        )
        self.ax_.add_collection(self.others_)
        order = np.argsort(-probabilities.mean(axis=0), kind="stable")
        columns = [column for column in order if selected[column]]
        self.lines_ = []
        labels = shorten_all(names, columns)
        for place, column in enumerate(columns):
            (line,) = self.ax_.plot(
                points,
                probabilities[:, column],
                color=COLOURS[place % len(COLOURS)],
                ls=LINE_STYLES[place // len(COLOURS) % len(LINE_STYLES)],
                marker="." if len(points) == 1 else None,
                label=labels[place],
            )
            self.lines_.append(line)

    def _write_legend(self) -> None:
        """Name the surest of the selected columns, beside the picture."""
        from matplotlib.lines import Line2D

        shown = self.lines_[:_MOST_IN_LEGEND]
        handles: list[Any] = list(shown)
        n_more = len(self.lines_) - len(shown)
        if n_more:
            handles.append(Line2D([], [], ls="", label=f"and {n_more:,} more selected"))
        n_others = len(self.others_.get_segments())
        if n_others:
            label = f"not selected: {n_others:,}"
            handles.append(Line2D([], [], color=GREY, lw=0.8, label=label))
        is_finite = np.isfinite(self.threshold)
        label = f"threshold {self.threshold:.3g}" if is_finite else "no threshold"
        handles.append(Line2D([], [], color=VERMILION, ls="--", lw=1, label=label))
        if self.chosen_line_ is not None:
            label = "where columns are selected"
            handles.append(Line2D([], [], color=VERMILION, ls=":", lw=1, label=label))
        self.ax_.legend(
            handles=handles,
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            frameon=False,
            fontsize="small",
        )
