"""The mask: which gates are open, as a picture."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ..exceptions import ParameterError
from .style import (
    BLACK,
    BLUE,
    GREY,
    MOST_NAMES,
    check_kind,
    make_axes,
    names_of,
    scale_prices,
    shorten_all,
)

__all__ = ["MaskDisplay"]

_SURE, _PRICE = "selection probability", "penalty at which the column left"


class MaskDisplay:
    """The gates: bars of scores, pixels of an image, or the weights of a first layer.

    Made by `from_estimator`; its arguments are plain data, so that a picture can be
    drawn again, saved, or made of other numbers.

    Parameters
    ----------
    selected : array-like of bool of shape (n_columns,)
        Columns that are open.
    scores : array-like of shape (n_columns,)
        A number per column, the larger, the more important.
    score_name : str, default="score"
        What the numbers are.
    are_prices : bool, default=False
        Whether they are penalties, whose axis is logarithmic.
    shares : array-like of shape (n_columns,) or None, default=None
        Share of each column that is open, for an image; by default 0 or 1.
    weights : array-like of bool of shape (n_inputs, n_units) or None, default=None
        Open weights of the first layer.
    input_columns : array-like of int of shape (n_inputs,) or None, default=None
        Column that each row of `weights` reads; by default row by row.
    image_shape : tuple of int or None, default=None
        Height and width of the image whose pixels the columns are.
    feature_names : sequence of str or None, default=None
        Names of the columns, x0, x1, ... by default.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        Its figure.
    image_ : matplotlib AxesImage
        Only for the kinds "image" and "weights".
    bars_ : matplotlib BarContainer
        Only for the kind "columns".

    See Also
    --------
    PathDisplay : When each column leaves.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_binmask import BinMaskSelector, MaskDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> selector = BinMaskSelector(n_features_to_select=12, refit=False, random_state=0)
    >>> display = MaskDisplay.from_estimator(selector.fit(X, y), image_shape=(8, 8))
    >>> display.figure_.savefig("mask.png")  # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        selected: Any,
        scores: Any,
        score_name: str = "score",
        are_prices: bool = False,
        shares: Any = None,
        weights: Any = None,
        input_columns: Any = None,
        image_shape: tuple[int, int] | None = None,
        feature_names: Any = None,
    ) -> None:
        self.selected = selected
        self.scores = scores
        self.score_name = score_name
        self.are_prices = are_prices
        self.shares = shares
        self.weights = weights
        self.input_columns = input_columns
        self.image_shape = image_shape
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        kind: str | None = None,
        image_shape: tuple[int, int] | None = None,
        feature_names: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw the gates of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A selector or a network of this package.
        kind : {"image", "weights", "columns"} or None, default=None
            What to draw: the columns as pixels, the weights of the first layer, or a
            bar for each column. By default the first of these that can be drawn.
        image_shape : tuple of int, default=None
            Height and width of the image whose pixels the columns are.
        feature_names : sequence of str, default=None
            Names of the columns; by default those seen in `fit`.
        ax : matplotlib Axes, default=None
            Where to draw; by default on a new figure.

        Returns
        -------
        display : MaskDisplay
            The picture and its data.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `kind` cannot be drawn of this estimator, or `image_shape` does not fit.
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(estimator, "support_")
        names = names_of(estimator, feature_names, len(estimator.support_))
        display = cls(
            **_mask_data(estimator), image_shape=image_shape, feature_names=names
        )
        return display.plot(ax, kind=kind)

    def plot(self, ax: Any = None, *, kind: str | None = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default on a new figure.
        kind : {"image", "weights", "columns"} or None, default=None
            What to draw, as in `from_estimator`.

        Returns
        -------
        display : MaskDisplay
            Itself, with the artists as attributes.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `kind` cannot be drawn of this data, or `image_shape` does not fit.
        """
        self._check_image()
        allowed = [
            *(["image"] if self.image_shape is not None else []),
            *(["weights"] if self.weights is not None else []),
            "columns",
        ]
        kind = check_kind(allowed[0] if kind is None else kind, allowed)
        shown = min(len(np.asarray(self.selected)), MOST_NAMES)
        sizes = {
            "image": (4.5, 4.0),
            "weights": (7.0, 4.5),
            "columns": (7.0, 1.0 + 0.19 * max(4, shown + 2)),
        }
        (self.ax_,) = make_axes(ax, "MaskDisplay", size=sizes[kind])
        self.figure_ = self.ax_.figure
        draw = {
            "image": self._draw_image,
            "weights": self._draw_weights,
            "columns": self._draw_bars,
        }
        draw[kind]()
        return self

    def _check_image(self) -> None:
        n_columns = len(np.asarray(self.selected))
        if self.image_shape is not None and np.prod(self.image_shape) != n_columns:
            raise ParameterError.of(
                "image_shape",
                self.image_shape,
                f"a height and a width whose product is the {n_columns} columns",
                "image_shape=None",
            )

    def _draw_image(self) -> None:
        """Draw the columns as pixels; a mark tells open ones in a print without hue."""
        selected = np.asarray(self.selected, dtype=bool)
        shares = selected if self.shares is None else np.asarray(self.shares)
        height, width = self.image_shape or (1, len(selected))
        self.image_ = self.ax_.imshow(
            np.reshape(shares, (height, width)).astype(np.float64),
            cmap=_blues(),
            vmin=0,
            vmax=max(float(np.max(shares)), 1e-9),
            interpolation="none",
        )
        self.ax_.set_xticks([])
        self.ax_.set_yticks([])
        n_open = f"{int(selected.sum()):,} of {len(selected):,} columns open"
        self.ax_.set_title(n_open, fontsize="medium")
        if self.shares is not None:
            bar = self.figure_.colorbar(self.image_, ax=self.ax_, shrink=0.8)
            bar.set_label("share of the weights that are open")

    def _draw_weights(self) -> None:
        """Draw the first layer: a row a column, one of its units a place."""
        weights = np.asarray(self.weights, dtype=np.float64)
        self.image_ = self.ax_.imshow(
            weights, cmap=_blues(), vmin=0, vmax=1, aspect="auto", interpolation="auto"
        )
        n_open = f"{int(weights.sum()):,} of {weights.size:,} weights open"
        self.ax_.set_title(f"first layer: {n_open}", fontsize="medium")
        self.ax_.set(xlabel="hidden unit", ylabel="encoded column")
        from matplotlib.ticker import MaxNLocator

        self.ax_.xaxis.set_major_locator(MaxNLocator(integer=True))
        columns = np.arange(len(weights))
        if self.input_columns is not None:
            columns = np.asarray(self.input_columns)
        if len(weights) > MOST_NAMES:
            self.ax_.yaxis.set_major_locator(MaxNLocator(integer=True))
            return
        names = names_of(None, self.feature_names, len(np.asarray(self.selected)))
        firsts = np.flatnonzero(np.diff(columns, prepend=-1))
        labels = shorten_all(names, columns[firsts])
        self.ax_.set_yticks(firsts, labels, fontsize="x-small")
        self.ax_.set_ylabel("")

    def _draw_bars(self) -> None:
        """Draw the best columns as bars, those that are open in colour and bold."""
        selected = np.asarray(self.selected, dtype=bool)
        scores = np.asarray(self.scores, dtype=np.float64)
        order = np.lexsort((-np.nan_to_num(scores, nan=-np.inf), ~selected))
        names = names_of(None, self.feature_names, len(selected))
        shown = order[:MOST_NAMES]
        places = np.arange(len(shown))
        lengths, endless = _bar_lengths(scores)
        self.bars_ = self.ax_.barh(
            places,
            lengths[shown],
            color=[BLUE if selected[column] else GREY for column in shown],
        )
        for place in places[endless[shown]]:
            end = lengths[shown[place]]
            self.ax_.plot(end, place, ">", color=BLACK, ms=5, clip_on=False)
        if self.are_prices:
            scale_prices(self.ax_, lengths)
        self.ax_.set_yticks(places, shorten_all(names, shown), fontsize="x-small")
        for label, column in zip(self.ax_.get_yticklabels(), shown, strict=True):
            label.set_fontweight("bold" if selected[column] else "normal")
        self.ax_.set_ylim(len(shown) - 0.4, -0.6)
        self.ax_.set_xlabel(self.score_name)
        n_open = f"{int(selected.sum()):,} of {len(selected):,} columns selected (blue)"
        n_more = len(order) - len(shown)
        more = f"; {n_more:,} not shown" if n_more else ""
        self.ax_.set_title(n_open + more, fontsize="small", loc="left")


def _blues() -> Any:
    """Make the scale of colours from closed to open: its lightness falls evenly."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("gates", ["#EEEEEE", BLUE])


def _bar_lengths(scores: NDArray) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Cut what is infinite: columns that cannot leave; those without a score have 0."""
    endless = np.isposinf(scores)
    finite = scores[np.isfinite(scores)]
    longest = finite.max() * 1.5 if len(finite) and finite.max() > 0 else 1.0
    lengths = np.where(endless, longest, scores)
    return np.where(np.isfinite(lengths), lengths, 0.0), endless


def _mask_data(estimator: Any) -> dict[str, Any]:
    """Read the gates of an estimator as the data of a picture."""
    data: dict[str, Any] = {"selected": np.asarray(estimator.support_)}
    masks = getattr(estimator, "masks_", None)
    if masks is None:
        if hasattr(estimator, "selection_probabilities_"):
            probabilities = np.asarray(estimator.selection_probabilities_)
            return {**data, "scores": probabilities, "score_name": _SURE}
        scores = np.asarray(estimator.scores_)
        return {**data, "scores": scores, "score_name": _PRICE, "are_prices": True}
    weights = np.asarray(masks[0], dtype=bool)
    outputs = estimator.input_to_outputs_
    per_row = weights.mean(axis=1)
    shares = np.array([per_row[rows].mean() if len(rows) else 0.0 for rows in outputs])
    open_weights = [int(weights[rows].sum()) for rows in outputs]
    return {
        **data,
        "scores": np.array(open_weights, dtype=np.float64),
        "score_name": "open weights of the first layer",
        "shares": shares,
        "weights": weights,
        "input_columns": np.repeat(
            np.arange(len(outputs)), [len(rows) for rows in outputs]
        ),
    }
