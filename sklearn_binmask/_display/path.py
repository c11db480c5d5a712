"""The path: what columns are worth together, and when each of them leaves."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from . import leaving
from .style import (
    BLACK,
    BLUE,
    VERMILION,
    check_kind,
    make_axes,
    names_of,
    scale_counts,
    write_legend_above,
)

__all__ = ["PathDisplay"]


class PathDisplay:
    """The path: the score against the number of columns, and when each column leaves.

    Made by `from_estimator` or `from_cv_results`; its arguments are plain data, so that
    a picture can be drawn again, saved, or made of other numbers.

    Parameters
    ----------
    sizes : array-like of shape (n_points,)
        Columns open at each point of the path, in any order.
    scores : array-like of shape (n_points,)
        Loss or score at each point.
    errors : array-like of shape (n_points,) or None, default=None
        Half the height of the band around the scores.
    train_scores : array-like of shape (n_points,) or None, default=None
        The same on rows trained on.
    chosen_size : int or None, default=None
        Number of columns chosen.
    chosen_score : float or None, default=None
        Loss or score there.
    support : array-like of shape (n_points, n_columns) or None, default=None
        Columns open at each point; numbers between 0 and 1 are shares of splits.
    selected : array-like of bool of shape (n_columns,) or None, default=None
        Columns chosen.
    penalties : array-like of shape (n_points,) or None, default=None
        Price up to which the support of each point is kept. Without, columns are drawn
        against the number of columns.
    feature_names : sequence of str or None, default=None
        Names of the columns, x0, x1, ... by default.
    score_name : str, default="score"
        What the scores are.
    error_name : str, default="one standard deviation"
        What the band is.
    size_name : str, default="columns"
        What is counted.
    lower_is_better : bool, default=False
        Whether the best score is the lowest.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        What was drawn on, one per picture.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        Their figure.
    line_ : matplotlib Line2D
        The scores. Only where they are drawn.
    band_ : matplotlib PolyCollection or None
        The band. Only where scores are drawn.
    chosen_ : matplotlib Line2D or None
        The mark of the choice. Only where scores are drawn.

    See Also
    --------
    MaskDisplay : The columns at the chosen point.
    StabilityDisplay : The same path on resamples.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_binmask import BinMaskSelector, PathDisplay
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> selector = BinMaskSelector(random_state=0).fit(X, y)
    >>> display = PathDisplay.from_estimator(selector)
    >>> display.figure_.savefig("path.png")  # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        sizes: Any,
        scores: Any,
        errors: Any = None,
        train_scores: Any = None,
        chosen_size: int | None = None,
        chosen_score: float | None = None,
        support: Any = None,
        selected: Any = None,
        penalties: Any = None,
        feature_names: Any = None,
        score_name: str = "score",
        error_name: str = "one standard deviation",
        size_name: str = "columns",
        lower_is_better: bool = False,
    ) -> None:
        self.sizes = sizes
        self.scores = scores
        self.errors = errors
        self.train_scores = train_scores
        self.chosen_size = chosen_size
        self.chosen_score = chosen_score
        self.support = support
        self.selected = selected
        self.penalties = penalties
        self.feature_names = feature_names
        self.score_name = score_name
        self.error_name = error_name
        self.size_name = size_name
        self.lower_is_better = lower_is_better

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        kind: str | None = None,
        feature_names: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw the path of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            One with `path_` or `cv_results_`: a selector or a network of this package,
            or scikit-learn's `RFECV`. Where there are both, scores are those of the
            cross-validation.
        kind : {"both", "score", "columns"} or None, default=None
            What to draw: the scores, when each column leaves, or one above the other.
            By default both, where columns leave at all.
        feature_names : sequence of str, default=None
            Names of the columns; by default those seen in `fit`.
        ax : matplotlib Axes, or two of them for "both", default=None
            Where to draw; by default on a new figure.

        Returns
        -------
        display : PathDisplay
            The picture and its data.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `kind` cannot be drawn of this estimator.
        sklearn.exceptions.NotFittedError
            If the estimator has no path.
        """
        check_is_fitted(estimator, "support_")
        names = names_of(estimator, feature_names, len(estimator.support_))
        if hasattr(estimator, "cv_results_"):
            return cls.from_cv_results(
                estimator.cv_results_,
                n_features=int(estimator.n_features_),
                selected=estimator.support_,
                feature_names=names,
                kind=kind,
                ax=ax,
            )
        check_is_fitted(estimator, "path_")
        display = cls(**_path_data(estimator), feature_names=names)
        return display.plot(ax, kind=kind)

    @classmethod
    def from_cv_results(
        cls,
        cv_results: Mapping[str, Any],
        *,
        n_features: int | None = None,
        selected: Any = None,
        feature_names: Any = None,
        kind: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the path of a cross-validation.

        Parameters
        ----------
        cv_results : dict
            As in the attribute `cv_results_` of `BinMaskSelectorCV`, or of
            scikit-learn's `RFECV`: ``n_features``, ``mean_test_score``,
            ``std_test_score`` and, to draw columns, ``split0_support`` and so on.
        n_features : int, default=None
            Number of columns chosen; by default the fewest of the highest mean score.
        selected : array-like of bool of shape (n_columns,), default=None
            Columns chosen, drawn in colour.
        feature_names : sequence of str, default=None
            Names of the columns, x0, x1, ... by default.
        kind : {"both", "score", "columns"} or None, default=None
            What to draw, as in `from_estimator`.
        ax : matplotlib Axes, or two of them for "both", default=None
            Where to draw; by default on a new figure.

        Returns
        -------
        display : PathDisplay
            The picture and its data.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `kind` cannot be drawn of these results.
        """
        sizes = np.asarray(cv_results["n_features"])
        scores = np.asarray(cv_results["mean_test_score"], dtype=np.float64)
        if n_features is None:
            n_features = int(sizes[scores == np.nanmax(scores)].min())
        at = np.flatnonzero(sizes == n_features)
        splits: list[NDArray] = []
        while (name := f"split{len(splits)}_support") in cv_results:
            splits.append(np.stack(list(cv_results[name])).astype(np.float64))
        display = cls(
            sizes=sizes,
            scores=scores,
            errors=np.asarray(cv_results["std_test_score"], dtype=np.float64),
            chosen_size=n_features,
            chosen_score=float(scores[at[0]]) if len(at) else None,
            support=np.mean(splits, axis=0) if splits else None,
            selected=selected,
            feature_names=feature_names,
            score_name="mean score of the splits",
            error_name="one standard deviation of the splits",
        )
        return display.plot(ax, kind=kind)

    def plot(self, ax: Any = None, *, kind: str | None = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, or two of them for "both", default=None
            Where to draw; by default on a new figure.
        kind : {"both", "score", "columns"} or None, default=None
            What to draw, as in `from_estimator`.

        Returns
        -------
        display : PathDisplay
            Itself, with the artists as attributes.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `kind` cannot be drawn of this data.
        """
        allowed = ["score"] if self.support is None else ["both", "score", "columns"]
        kind = check_kind(allowed[0] if kind is None else kind, allowed)
        rows = leaving.height_of(self.support) if kind != "score" else 0.0
        size = (7.0, rows + (0.0 if kind == "columns" else 3.4))
        self.axes_ = make_axes(ax, "PathDisplay", 1 + (kind == "both"), size)
        self.ax_ = self.axes_[0]
        self.figure_ = self.ax_.figure
        if ax is None and kind == "both":
            grid = self.ax_.get_gridspec()
            grid.set_height_ratios([3.4, rows])
        if kind != "columns":
            self._draw_scores(self.ax_)
        if kind != "score":
            leaving.draw_columns(
                self.axes_[-1],
                np.asarray(self.support),
                np.asarray(self.sizes),
                selected=self.selected,
                penalties=self.penalties,
                names=self.feature_names,
                chosen_size=self.chosen_size,
            )
        return self

    def _draw_scores(self, ax: Any) -> None:
        """Draw scores against numbers of columns."""
        order = np.argsort(self.sizes, kind="stable")
        sizes, scores = np.asarray(self.sizes)[order], np.asarray(self.scores)[order]
        self.band_ = None
        if self.errors is not None:
            errors = np.asarray(self.errors)[order]
            self.band_ = ax.fill_between(
                *(sizes, scores - errors, scores + errors),
                color=BLUE,
                alpha=0.2,
                lw=0,
                label=f"± {self.error_name}",
            )
        (self.line_,) = ax.plot(
            sizes, scores, color=BLUE, marker=".", label=self.score_name
        )
        if self.train_scores is not None:
            train = np.asarray(self.train_scores)[order]
            ax.plot(sizes, train, color=BLACK, ls=":", label="on rows trained on")
        self._mark_choice(ax, scores)
        scale_counts(ax, sizes)
        ax.set(xlabel=f"number of open {self.size_name}", ylabel=self.score_name)
        write_legend_above(ax)

    def _mark_choice(self, ax: Any, scores: NDArray) -> None:
        """Mark what was chosen, and the best score that it was weighed against."""
        best = scores.min() if self.lower_is_better else scores.max()
        ax.axhline(best, color=BLUE, lw=0.8, ls="--")
        self.chosen_ = None
        if self.chosen_size is None:
            return
        label = f"chosen: {self.chosen_size:,} {self.size_name}"
        if self.chosen_score is None:
            self.chosen_ = ax.axvline(
                self.chosen_size, color=VERMILION, ls="-.", label=label
            )
            return
        (self.chosen_,) = ax.plot(
            *([self.chosen_size], [self.chosen_score], "D"),
            color=VERMILION,
            ms=8,
            zorder=3,
            label=label,
        )


def _path_data(estimator: Any) -> dict[str, Any]:
    """Read the path of an estimator as the data of a picture."""
    path = estimator.path_
    support = np.asarray(estimator.support_)
    counts_columns = "n_features" in path.dtype.names
    by_columns = hasattr(estimator, "ranking_")
    if counts_columns or by_columns:
        sizes = path["support"].sum(axis=1)
        apart = (path["support"] != support).sum(axis=1)
        chosen_size = int(support.sum())
    else:
        sizes = path["n_weights"]
        chosen_size = sum(int(mask.sum()) for mask in estimator.masks_)
        apart = np.abs(sizes - chosen_size)
    point = int(np.lexsort((path["validation_loss"], apart))[0])
    names = path.dtype.names
    return {
        "sizes": sizes,
        "scores": path["validation_loss"],
        "errors": path["excess_se"] if "excess_se" in names else None,
        "train_scores": path["train_loss"],
        "chosen_size": chosen_size,
        "chosen_score": (
            float(path["validation_loss"][point]) if apart[point] == 0 else None
        ),
        "support": path["support"] if by_columns else None,
        "selected": support,
        "penalties": path["penalty"],
        "score_name": "mean loss on held-out rows",
        "error_name": "one standard error of the difference to the best",
        "size_name": "columns" if counts_columns or by_columns else "weights",
        "lower_is_better": True,
    }
