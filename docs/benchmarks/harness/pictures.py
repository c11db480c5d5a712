"""Pictures of results: ranks with their critical difference, and recovery by width."""

import numpy as np

from .summary import OURS, cliques

OUR_COLOR, OTHER_COLOR = "#b3261e", "#4a4a4a"


def new_figure(width, height, n_panels=1):
    """Make a figure that no window and no global state knows of."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, n_panels, sharey=True, squeeze=False)[0]


def critical_difference_picture(mean_ranks, difference, titles, path):
    """Draw mean ranks on a line; bars join those that may be equal (Demsar, 2006).

    Parameters
    ----------
    mean_ranks : dict
        By rival.
    difference : float
        The critical difference.
    titles : dict
        What rivals are called.
    path : Path
        The picture to write.
    """
    names = sorted(mean_ranks, key=mean_ranks.get)
    ranks = np.array([mean_ranks[name] for name in names])
    half = (len(names) + 1) // 2
    half, runs = (len(names) + 1) // 2, cliques(ranks, difference)
    low = -1 - 0.35 * len(runs)
    figure, (axes,) = new_figure(8, 1.2 + 0.25 * (half - low))
    first, last = int(np.floor(ranks.min())), int(np.ceil(ranks.max()))
    margin = 0.6 * (last - first)
    axes.hlines(0, first, last, color="black", lw=1)
    for tick in range(first, last + 1):
        axes.vlines(tick, 0, 0.25, color="black", lw=1)
        axes.text(tick, 0.45, str(tick), ha="center", va="bottom", fontsize=8)
    for place, (name, rank) in enumerate(zip(names, ranks, strict=True)):
        is_left = place < half
        height = low - (place if is_left else len(names) - 1 - place)
        side = first - 0.1 if is_left else last + 0.1
        color = OUR_COLOR if name == OURS else OTHER_COLOR
        axes.plot([rank, rank, side], [0, height, height], color=color, lw=0.9)
        axes.text(
            side - 0.05 if is_left else side + 0.05,
            height,
            f"{titles.get(name, name)} ({rank:.2f})",
            ha="right" if is_left else "left",
            va="center",
            fontsize=8,
            color=color,
        )
    for level, (start, end) in enumerate(runs):
        bar = ranks[start] - 0.03, ranks[end] + 0.03
        axes.hlines(-0.5 - 0.35 * level, *bar, color="black", lw=2.5)
    axes.hlines(1.9, first, first + difference, color="black", lw=1.5)
    axes.text(first, 2.1, f"critical difference {difference:.2f}", fontsize=8)
    axes.set_xlim(first - margin, last + margin)
    axes.set_ylim(low - half - 0.5, 3.2)
    axes.axis("off")
    figure.savefig(path, dpi=120)


def recovery_curves(curves, titles, path):
    """Draw the share of planted columns found against the number of columns.

    Parameters
    ----------
    curves : dict
        Generator -> rival -> {number of columns: share}.
    titles : dict
        What rivals are called.
    path : Path
        The picture to write.
    """
    figure, panels = new_figure(3.2 * len(curves), 3.6, len(curves))
    rivals = list(dict.fromkeys(rival for by in curves.values() for rival in by))
    styles = {
        rival: (OUR_COLOR, 2.5) if rival == OURS else (f"C{place % 10}", 1.0)
        for place, rival in enumerate(rivals)
    }
    for axes, (generator, by_rival) in zip(panels, curves.items(), strict=True):
        for rival, shares in by_rival.items():
            color, width = styles[rival]
            widths = sorted(shares)
            axes.plot(
                widths,
                [shares[w] for w in widths],
                color=color,
                lw=width,
                ls="-" if rival in titles else ":",
                marker="o",
                ms=3,
                label=titles.get(rival, rival),
            )
        axes.set_xscale("log", base=2)
        axes.set_title(generator, fontsize=9)
        axes.set_xlabel("columns", fontsize=8)
        axes.tick_params(labelsize=7)
    panels[0].set_ylabel("share of planted columns found", fontsize=8)
    handles = {}
    for axes in panels:
        lines, labels = axes.get_legend_handles_labels()
        handles.update(zip(labels, lines, strict=True))
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside lower center",
        ncols=6,
        fontsize=7,
    )
    figure.savefig(path, dpi=120)
