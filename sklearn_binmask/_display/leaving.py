"""When each column leaves the path: one bar a column, the last to leave on top.

Up to `MOST_NAMES` columns have a row and a name each. Of more, the best have; the
others follow below in thin rows without names, so that the picture stays readable and
whole.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .style import (
    BLUE,
    GREY,
    MOST_NAMES,
    PALE,
    VERMILION,
    clip_ends,
    names_of,
    scale_counts,
    scale_prices,
    shorten_all,
)

__all__ = ["draw_columns", "height_of"]

# Rows that all columns without a name share.
_ROWS_OF_OTHERS = 6.0
# Inches of a row, and of what is around the rows.
_ROW, _AROUND = 0.19, 1.0


def height_of(support: Any) -> float:
    """Say how high a picture of these columns should be, in inches."""
    n_columns = np.shape(support)[1]
    n_rows = n_columns if n_columns <= MOST_NAMES else MOST_NAMES + _ROWS_OF_OTHERS
    return _AROUND + _ROW * max(4.0, n_rows)


def draw_columns(
    ax: Any,
    support: NDArray,
    sizes: NDArray,
    *,
    selected: Any,
    penalties: Any,
    names: Any,
    chosen_size: int | None,
) -> None:
    """Draw at which points of a path each column is open.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    support : ndarray of shape (n_points, n_columns)
        Columns open at each point, or the share of splits in which they are.
    sizes : ndarray of shape (n_points,)
        Number of open columns.
    selected : array-like of bool of shape (n_columns,) or None
        Columns chosen.
    penalties : array-like of shape (n_points,) or None
        Price up to which each point is kept.
    names : sequence of str or None
        Of the columns.
    chosen_size : int or None
        Number of columns chosen.
    """
    n_columns = support.shape[1]
    names = names_of(None, names, n_columns)
    chosen = np.zeros(n_columns, bool) if selected is None else np.asarray(selected)
    by_price = penalties is not None
    share = support.astype(np.float64)
    order = _last_to_leave_first(share, chosen, by_price)
    if by_price:
        threshold = scale_prices(ax, penalties)
        edges = _edges_of_prices(np.asarray(penalties, dtype=np.float64), threshold)
        ax.set_xlabel("penalty of an open gate")
    else:
        edges, points = _edges_of_sizes(sizes)
        share = share[points]
        scale_counts(ax, sizes)
        ax.set_xlabel("number of open columns")
    _draw_bars(ax, edges, share[:, order], chosen[order])
    if not by_price and chosen_size is not None:
        ax.axvline(chosen_size, color=VERMILION, ls="-.", lw=1)
    ax.set_xlim(edges[0], edges[-1])
    _name_rows(ax, shorten_all(names, order[:MOST_NAMES]), chosen[order])
    ax.set_title(
        "selected columns blue, others grey"
        + ("" if by_price else "; the paler, the fewer splits"),
        fontsize="small",
        loc="left",
    )


def _last_to_leave_first(
    share: NDArray[np.float64], chosen: NDArray[np.bool_], in_order: bool
) -> NDArray[np.intp]:
    """Order columns: chosen ones, then by when they left, then by how often open."""
    is_open = share > 0
    last = np.where(is_open.any(axis=0), len(share) - np.argmax(is_open[::-1], 0), 0)
    left = last if in_order else np.zeros_like(last)
    return np.lexsort((np.arange(len(chosen)), -share.sum(axis=0), -left, ~chosen))


def _edges_of_prices(
    penalties: NDArray[np.float64], threshold: float
) -> NDArray[np.float64]:
    """Find the prices between which each point is kept, (n_points + 1,).

    The first begins a little below 0 and below the least price, so that the columns
    which left first can be seen.
    """
    ends = clip_ends(penalties)
    ends = np.maximum.accumulate(np.where(np.isnan(ends), -np.inf, ends))
    least = min(0.0, float(ends[0])) - threshold / 2
    if np.ptp(np.append(ends, least)) == 0:  # a path of one point
        return np.linspace(0.0, 1.0, len(ends) + 1)
    return np.append(least, ends)


def _edges_of_sizes(sizes: NDArray) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Find the numbers of columns between which each point lies, and their order."""
    points = np.argsort(sizes, kind="stable")
    inner = np.asarray(sizes, dtype=np.float64)[points]
    middle = (inner[1:] + inner[:-1]) / 2
    return np.concatenate([[inner[0] - 0.5], middle, [inner[-1] + 0.5]]), points


def _rows(n_columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give each column the place of its row and its height, from the top."""
    heights = np.ones(n_columns)
    if n_columns > MOST_NAMES:
        heights[MOST_NAMES:] = _ROWS_OF_OTHERS / (n_columns - MOST_NAMES)
    return np.cumsum(heights) - heights / 2, heights


def _draw_bars(
    ax: Any, edges: NDArray, share: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> None:
    """Draw a mesh, a row a column, paler where fewer splits have the column open."""
    from matplotlib.colors import LinearSegmentedColormap

    places, heights = _rows(share.shape[1])
    gap = np.where(heights == 1, 0.12, 0.0)  # rows with a name stand apart
    tops = places - heights / 2 + gap
    bottoms = places + heights / 2 - gap
    lines = np.stack([tops, bottoms], axis=1).ravel()
    mesh = np.zeros((2 * len(places) - 1, share.shape[0]))  # 0 between the rows
    mesh[0::2] = np.where(chosen, share, -share).T
    colours = LinearSegmentedColormap.from_list("rows", [GREY, "white", BLUE])
    ax.pcolormesh(edges, lines, mesh, cmap=colours, vmin=-1, vmax=1, rasterized=True)
    ax.set_ylim(bottoms[-1] + 0.4, tops[0] - 0.4)


def _name_rows(ax: Any, labels: list[str], chosen: NDArray[np.bool_]) -> None:
    """Name the rows, those selected in bold."""
    places, _ = _rows(len(chosen))
    shown = len(labels)
    ticks = list(places[:shown])
    if len(chosen) > shown:
        ticks.append(shown + _ROWS_OF_OTHERS / 2)
        labels = [*labels, f"and {len(chosen) - shown:,} more"]
        ax.axhline(shown, color=PALE, lw=1)
    ax.set_yticks(ticks, labels, fontsize="x-small")
    ax.tick_params(axis="y", length=0)
    for label, is_chosen in zip(ax.get_yticklabels(), chosen, strict=False):
        label.set_fontweight("bold" if is_chosen else "normal")
