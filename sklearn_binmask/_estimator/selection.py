"""From a path of gates to a selection of columns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._engine.problem import PathSolution
from .._path.choose import (
    LeavingOrder,
    choose_auto,
    choose_price,
    exact_support,
    leaving,
)
from ..exceptions import ParameterError
from .gates import Gates

__all__ = [
    "Selection",
    "as_record",
    "column_scores",
    "path_fields",
    "path_scores",
    "rank_columns",
    "select",
    "select_gates",
]


@dataclass(frozen=True, eq=False)
class Selection:
    """What a selector publishes.

    Attributes
    ----------
    support : ndarray of bool of shape (n_columns,)
        Selected columns.
    ranking : ndarray of int of shape (n_columns,)
        1 for selected ones, then in the order of leaving.
    scores : ndarray of shape (n_columns,)
        Price at which each column left.
    path : ndarray of shape (n_points,)
        The path, as a structured array.
    """

    support: NDArray[np.bool_]
    ranking: NDArray[np.intp]
    scores: NDArray[np.float64]
    path: NDArray

    def attributes(self) -> dict[str, Any]:
        """Name the fitted attributes."""
        return {
            "support_": self.support,
            "ranking_": self.ranking,
            "scores_": self.scores,
            "n_features_": int(self.support.sum()),
            "path_": self.path,
        }


def path_fields(
    solution: PathSolution, gates: Gates, run: int = 0
) -> dict[str, NDArray]:
    """Name the arrays of a path, one entry per point."""
    support = gates.columns(solution.open_gates[:, run])
    return {
        "penalty": solution.penalty[:, run],
        "n_open": solution.n_open,
        "n_features": support.sum(axis=1),
        "train_loss": solution.train_loss[:, run],
        "validation_loss": solution.validation_loss[:, run],
        "validation_se": solution.validation_se[:, run],
        "excess_se": solution.excess_se[:, run],
        "support": support,
    }


def as_record(fields: dict[str, NDArray]) -> NDArray:
    """Write arrays side by side as one structured array."""
    dtype = [(name, values.dtype, values.shape[1:]) for name, values in fields.items()]
    record = np.empty(len(next(iter(fields.values()))), dtype=dtype)
    for name, values in fields.items():
        record[name] = values
    return record


def select(
    solution: PathSolution,
    gates: Gates,
    *,
    wanted: int | None,
    price: float | None,
    least: int,
    reconsider: Callable[[int], int] | None = None,
) -> Selection:
    """Choose a support.

    Parameters
    ----------
    solution : PathSolution
        The path.
    gates : Gates
        Between columns and gates.
    wanted : int or None
        Exact number of columns.
    price : float or None
        Price of an open gate.
    least : int
        Fewest columns, where neither a number nor a price is wanted.
    reconsider : callable, default=None
        From the point of the path that is chosen there to the one to take.

    Returns
    -------
    selection : Selection
        Of columns.
    """
    path = as_record(path_fields(solution, gates))
    order = leaving(solution)
    is_open = solution.open_gates[:, 0]
    if wanted is not None:
        point = _best_point(path, path["n_features"] == wanted)
        chosen = is_open[point] if point is not None else None
        if chosen is None:
            chosen = _filled(order, gates, wanted)
    else:
        least = min(least, gates.n_selectable)
        sizes = path["n_features"]
        if price is not None:
            point = choose_price(path["penalty"], price, sizes, least)
        else:
            point = choose_auto(solution, sizes, least)
            point = point if reconsider is None else reconsider(point)
        chosen = is_open[point]
    return _selection(chosen, order, gates, path)


def select_gates(solution: PathSolution, gates: Gates, n_open: int) -> Selection:
    """Choose the support with a given number of open gates.

    Parameters
    ----------
    solution : PathSolution
        The path.
    gates : Gates
        Between columns and gates.
    n_open : int
        Gates, those of mandatory columns among them.

    Returns
    -------
    selection : Selection
        Of columns.
    """
    path = as_record(path_fields(solution, gates))
    order = leaving(solution)
    point = _best_point(path, path["n_open"] == n_open)
    if point is not None:
        chosen = solution.open_gates[point, 0]
    else:  # the path has ended before
        free = order.best_first[~gates.mandatory[order.best_first]]
        chosen = gates.mandatory.copy()
        chosen[free[: n_open - int(chosen.sum())]] = True
    return _selection(chosen, order, gates, path)


def _best_point(path: NDArray, fits: NDArray[np.bool_]) -> int | None:
    """Find, among the points that fit, the one with the least held-out loss."""
    points = np.flatnonzero(fits)
    if len(points) == 0:
        return None
    return int(points[np.argmin(path["validation_loss"][points])])


def _filled(order: LeavingOrder, gates: Gates, wanted: int) -> NDArray[np.bool_]:
    """Make up the wanted number from whole groups, the last to leave first."""
    free = order.best_first[~gates.mandatory[order.best_first]]
    chosen = exact_support(free, gates.sizes, wanted - gates.n_mandatory)
    if chosen is None:
        raise ParameterError(
            f"n_features_to_select={wanted} cannot be made up of whole "
            f"feature_groups: their sizes are {sorted(set(gates.sizes.tolist()))}. "
            "Ask for a sum of such sizes, or leave some column out of its group."
        )
    return chosen | gates.mandatory


def _selection(
    chosen: NDArray[np.bool_], order: LeavingOrder, gates: Gates, path: NDArray
) -> Selection:
    """Turn gates into columns."""
    ranking = rank_columns(chosen, order, gates)
    return Selection(gates.columns(chosen), ranking, column_scores(order, gates), path)


def rank_columns(
    chosen: NDArray[np.bool_], order: LeavingOrder, gates: Gates
) -> NDArray[np.intp]:
    """Rank columns by when their gates left, those without a gate coming last."""
    has_gate = gates.of_column >= 0
    late = order.best_first[~chosen[order.best_first]]
    rank_of_gate = np.ones(len(chosen), dtype=np.intp)
    rank_of_gate[late] = np.arange(2, 2 + len(late))
    without = np.where(gates.kept, 1, 2 + len(late))
    return np.where(has_gate, rank_of_gate[gates.of_column], without)


def path_scores(solution: PathSolution, gates: Gates) -> NDArray[np.float64]:
    """Price at which each column left the path for good."""
    return column_scores(leaving(solution), gates)


def column_scores(order: LeavingOrder, gates: Gates) -> NDArray[np.float64]:
    """Price at which each column left; infinite for those that never can."""
    unscored = np.where(gates.kept, np.inf, -np.inf)
    scores = np.where(gates.mandatory, np.inf, order.scores)
    return np.where(gates.of_column >= 0, scores[gates.of_column], unscored)
