"""What the pictures share: colours, names, axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exceptions import ParameterError

__all__ = [
    "BLACK",
    "BLUE",
    "COLOURS",
    "GREY",
    "LINE_STYLES",
    "MOST_NAMES",
    "PALE",
    "VERMILION",
    "check_kind",
    "clip_ends",
    "make_axes",
    "names_of",
    "scale_counts",
    "scale_prices",
    "shorten_all",
    "write_legend_above",
]

# Okabe and Ito (2008), "Color universal design": told apart by every kind of sight.
# Their yellow is left out, which is too pale for a line on white.
BLUE, VERMILION, BLACK = "#0072B2", "#D55E00", "#000000"
COLOURS = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", BLACK)
# A second sign besides the colour, for prints without any.
LINE_STYLES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))
GREY, PALE = "#999999", "#E2E2E2"
# Columns that are named in one picture; of more, the best are.
MOST_NAMES = 30
# Letters of a name that are shown.
_MOST_LETTERS = 28
# Ratio of the largest count to the smallest from which an axis is logarithmic.
_DECADES = 50.0


def make_axes(
    ax: Any, caller: str, n_axes: int = 1, size: tuple[float, float] = (7.0, 4.5)
) -> NDArray[np.object_]:
    """Take the user's axes, or make a figure with as many, one above the other.

    Parameters
    ----------
    ax : matplotlib Axes, sequence of them, or None
        As given by the user.
    caller : str
        Who draws, for the message where matplotlib is missing.
    n_axes : int, default=1
        Number of axes needed.
    size : tuple of float, default=(7.0, 4.5)
        Width and height of a new figure, in inches.

    Returns
    -------
    axes : ndarray of shape (n_axes,)
        Where to draw.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{caller} draws with matplotlib, which is not installed. Try: pip install "
            "'sklearn-binmask[plots]'."
        ) from error
    if ax is not None:
        axes = np.atleast_1d(np.asarray(ax, dtype=object))
        if len(axes) != n_axes:
            raise ParameterError.of(
                "ax", ax, f"None or {n_axes} axes for this kind", "ax=None"
            )
        return axes
    _, axes = plt.subplots(n_axes, 1, figsize=size, layout="constrained", squeeze=False)
    return axes[:, 0]


def check_kind(kind: str, allowed: Sequence[str]) -> str:
    """Refuse a kind of picture that there is not, before a figure is made."""
    if kind not in allowed:
        raise ParameterError.of(
            "kind",
            kind,
            f"one of {list(allowed)} for this data",
            f"kind={allowed[0]!r}",
        )
    return kind


def names_of(estimator: Any, feature_names: Any, n_columns: int) -> list[str]:
    """Name the columns: as the user says, as seen in fit, or x0, x1, ..."""
    if feature_names is None:
        feature_names = getattr(estimator, "feature_names_in_", None)
    if feature_names is None:
        return [f"x{column}" for column in range(n_columns)]
    names = [str(name) for name in feature_names]
    if len(names) != n_columns:
        raise ParameterError.of(
            "feature_names",
            feature_names,
            f"a name for each of the {n_columns} columns",
            "feature_names=None",
        )
    return names


def shorten_all(names: Sequence[str], columns: Any) -> list[str]:
    """Shorten the names of some columns, and keep them apart.

    The middle of a long name is left out; where that makes two of them equal, the
    number of the column follows.

    Parameters
    ----------
    names : sequence of str
        Of all columns.
    columns : array-like of int
        Columns to be named.

    Returns
    -------
    labels : list of str
        A label for each of `columns`.

    Examples
    --------
    >>> from sklearn_binmask._display.style import shorten_all
    >>> shorten_all(["income", "mean of the monthly income of the last year"], [1, 0])
    ['mean of the mo…the last year', 'income']
    """
    labels = [_shorten(names[column]) for column in columns]
    return [
        f"{_plain(names[column])[:20]}… [{column}]"
        if labels.count(label) > 1
        else label
        for label, column in zip(labels, columns, strict=True)
    ]


def write_legend_above(ax: Any) -> None:
    """Write the legend above the picture, where it hides no line."""
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=2,
        frameon=False,
        fontsize="small",
    )


def _shorten(name: str) -> str:
    name = _plain(name)
    if len(name) <= _MOST_LETTERS:
        return name
    half = _MOST_LETTERS // 2
    return f"{name[:half]}…{name[1 - half :]}"


def _plain(name: str) -> str:
    """Write a name on one line; a dollar would begin a formula."""
    return " ".join(name.split()).replace("$", r"\$")


def clip_ends(prices: NDArray) -> NDArray[np.float64]:
    """Put infinite prices a little outside the finite ones; NaN stays."""
    prices = np.asarray(prices, dtype=np.float64).copy()
    finite = prices[np.isfinite(prices)]
    high = finite.max() if len(finite) else 1.0
    low = finite.min() if len(finite) else 0.0
    prices[np.isposinf(prices)] = high * 2 if high > 0 else high + 1.0
    prices[np.isneginf(prices)] = min(low, 0.0)
    return prices


def scale_counts(ax: Any, counts: NDArray) -> None:
    """Set up the x axis for counts: logarithmic where they span decades, 0 included."""
    from matplotlib.ticker import (
        FuncFormatter,
        MaxNLocator,
        NullLocator,
        SymmetricalLogLocator,
    )

    counts = np.asarray(counts, dtype=np.float64)
    positive = counts[counts > 0]
    if len(positive) and positive.max() / positive.min() >= _DECADES:
        threshold = max(1.0, 10.0 ** np.floor(np.log10(positive.min())))
        ax.set_xscale("symlog", linthresh=threshold, linscale=0.4)
        span = positive.max() / threshold
        subs = [1.0, 2.0, 5.0] if span < 100 else [1.0, 3.0] if span < 1000 else [1.0]
        ax.xaxis.set_major_locator(
            SymmetricalLogLocator(base=10, linthresh=threshold, subs=subs)
        )
    else:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
    ax.xaxis.set_minor_locator(NullLocator())


def scale_prices(ax: Any, prices: NDArray) -> float:
    """Set up the x axis for prices: logarithmic, but linear around 0.

    Returns the price up to which it is linear, 0 if it is so throughout.
    """
    from matplotlib.ticker import FuncFormatter, SymmetricalLogLocator

    prices = np.asarray(prices, dtype=np.float64)
    positive = prices[np.isfinite(prices) & (prices > 0)]
    if not len(positive) or positive.max() == positive.min():
        return 0.0
    # below a thousandth of the largest, prices tell noise from noise
    threshold = 10.0 ** np.ceil(np.log10(max(positive.min(), positive.max() / 1e3)))
    ax.set_xscale("symlog", linthresh=threshold, linscale=0.5)
    subs = [1.0, 3.0] if positive.max() / threshold < 50 else [1.0]
    ax.xaxis.set_major_locator(
        SymmetricalLogLocator(base=10, linthresh=threshold, subs=subs)
    )
    ax.xaxis.set_major_formatter(FuncFormatter(lambda price, _: f"{price:.4g}"))
    return float(threshold)
