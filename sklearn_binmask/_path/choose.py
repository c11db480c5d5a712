"""Which point of a path is the answer, and in which order columns left it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._engine.problem import PathSolution

__all__ = [
    "PROOF",
    "RULES",
    "TRIFLE",
    "LeavingOrder",
    "choose_auto",
    "choose_price",
    "choose_size",
    "exact_support",
    "leaving",
    "near_the_best",
    "order_of_leaving",
]

# Standard errors by which a support must beat the constant prediction.
PROOF = 2.0
# Share of what the best support explains that is too little to count, however sure.
TRIFLE = 1e-3


@dataclass(frozen=True, eq=False)
class LeavingOrder:
    """When each gate left the path of one run.

    Attributes
    ----------
    scores : ndarray of shape (n_gates,)
        Price that closed the gate for good; for those open at the end of the path,
        what they are worth there, and no less than any price before it.
    best_first : ndarray of shape (n_gates,)
        Gates, the last to leave first.
    """

    scores: NDArray[np.float64]
    best_first: NDArray[np.intp]


def leaving(solution: PathSolution, run: int = 0) -> LeavingOrder:
    """Order the gates by when they left, those of one stage by their worth then."""
    is_open = solution.open_gates[:, run]
    n_points = len(is_open)
    ever = is_open.any(axis=0)
    last = np.where(ever, n_points - 1 - np.argmax(is_open[::-1], axis=0), -1)
    gates = np.arange(is_open.shape[1])
    worth = np.where(ever, solution.worth[last, run, gates], -np.inf)
    scores = np.where(ever, solution.penalty[last, run], -np.inf)
    reached = solution.penalty[-2, run] if n_points > 1 else -np.inf
    stays = is_open[-1]
    scores[stays] = np.maximum(worth[stays], reached)
    return LeavingOrder(scores, np.lexsort((gates, -worth, -last)))


def order_of_leaving(
    support: NDArray[np.bool_], chosen: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Rank columns by when they left: 1 for those chosen, the last to leave next.

    Parameters
    ----------
    support : ndarray of bool of shape (n_points, n_columns)
        Columns open at each point of a path.
    chosen : ndarray of bool of shape (n_columns,)
        Columns chosen.

    Returns
    -------
    ranking : ndarray of int of shape (n_columns,)
        Columns that left at the same point share their rank.
    """
    n_points = len(support)
    last = np.where(
        support.any(axis=0), n_points - 1 - np.argmax(support[::-1], axis=0), -1
    )
    left = np.unique(last[~chosen])[::-1]
    ranking = np.ones(len(chosen), dtype=np.intp)
    ranking[~chosen] = 2 + np.searchsorted(-left, -last[~chosen])
    return ranking


def choose_auto(
    solution: PathSolution, n_columns: NDArray[np.intp], least: int, run: int = 0
) -> int:
    """Find the smallest support within one standard error of the best on the path.

    The one-standard-error rule of Breiman, Friedman, Olshen and Stone (1984),
    "Classification and regression trees", section 3.4.3, with the error that fits the
    question: that of the *difference* to the best, which is taken row by row. All
    supports are judged on the same rows, so what makes a row hard for all cancels, and
    columns of small but sure effect are kept. Less than `TRIFLE` of what the best
    support explains is no effect.

    The rule speaks of points that predict something; where none does, the best of many
    is only the luckiest. So if no support beats the constant prediction by `PROOF`
    standard errors of the difference, the smallest is taken.

    Parameters
    ----------
    solution : PathSolution
        The path.
    n_columns : ndarray of shape (n_points,)
        Columns in the support of each point.
    least : int
        Fewest columns allowed.
    run : int, default=0
        Which path.

    Returns
    -------
    point : int
        Of those with the fewest columns, the one of least loss.
    """
    losses = solution.validation_loss[:, run]
    best = int(np.argmin(losses))
    near = near_the_best(
        losses - losses[best],
        solution.excess_se[:, run],
        (solution.gain[best, run], solution.gain_se[best, run]),
        n_columns >= least,
    )
    fewest = near & (n_columns == n_columns[near].min())
    return int(np.flatnonzero(fewest)[np.argmin(losses[fewest])])


def near_the_best(
    excess: NDArray,
    excess_se: NDArray,
    gain: tuple[float, float],
    allowed: NDArray,
    luck: float = 0.0,
) -> NDArray[np.bool_]:
    """Tell which supports are as good as the best, for all that is known.

    Parameters
    ----------
    excess, excess_se : ndarray of shape (n_supports,)
        Loss less that of the best, and the standard error of the difference.
    gain : tuple of float
        That of the best over a prediction that knows nothing, and its error.
    allowed : ndarray of bool of shape (n_supports,)
        Which may be taken.
    luck : float, default=0.0
        By how much the losses of two trainings may differ, whatever their columns.

    Returns
    -------
    near : ndarray of bool of shape (n_supports,)
        All that are allowed, where the best proves nothing, or none is near.
    """
    margin = np.fmax(excess_se, max(TRIFLE * gain[0], luck))
    near = allowed & (excess <= margin)
    proven = gain[0] > PROOF * gain[1]
    if not proven or not near.any():  # or the best has fewer columns than allowed
        return allowed
    return near


def choose_price(
    penalty: NDArray[np.float64], price: float, n_columns: NDArray[np.intp], least: int
) -> int:
    """Find the support that is kept at a price.

    Parameters
    ----------
    penalty : ndarray of shape (n_points,)
        Price up to which the support of each point is kept; never decreases.
    price : float
        Price of one open gate.
    n_columns : ndarray of shape (n_points,)
        Columns in the support of each point.
    least : int
        Fewest columns allowed, whatever the price.

    Returns
    -------
    point : int
        The first point that outlasts the price, or the last allowed one.
    """
    allowed = np.flatnonzero(n_columns >= least)
    outlasts = allowed[penalty[allowed] > price]
    return int(outlasts[0] if len(outlasts) else allowed[-1])


def exact_support(
    best_first: NDArray[np.intp], sizes: NDArray[np.intp], wanted: int
) -> NDArray[np.bool_] | None:
    """Take the best gates that together hold exactly the wanted number of columns.

    Going from the best gate down, each is taken if the rest can still make up what is
    then missing.

    Parameters
    ----------
    best_first : ndarray of shape (n_gates,)
        Gates that may be taken, the best first.
    sizes : ndarray of shape (n_all_gates,)
        Columns of each gate.
    wanted : int
        Columns to take.

    Returns
    -------
    taken : ndarray of bool of shape (n_all_gates,), or None
        None if no choice of gates has that many columns.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_binmask._path.choose import exact_support
    >>> sizes = np.array([2, 1, 2])  # the best gate, of 2 columns, leaves 1 to find
    >>> exact_support(np.array([0, 2, 1]), sizes, 3)
    array([ True,  True, False])
    """
    # bit c of reachable[i]: gates i, i + 1, ... can make up c columns
    reachable = [1]
    for gate in best_first[::-1]:
        reachable.append(reachable[-1] | (reachable[-1] << int(sizes[gate])))
    reachable.reverse()
    if not (reachable[0] >> wanted) & 1:
        return None
    taken = np.zeros(len(sizes), dtype=bool)
    missing = wanted
    for gate, rest in zip(best_first, reachable[1:], strict=True):
        left = missing - int(sizes[gate])
        if left >= 0 and (rest >> left) & 1:
            taken[gate] = True
            missing = left
    return taken


# Cross-validation --------------------------------------------------------------------


def choose_size(
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    allowed: NDArray[np.bool_],
    rule: str,
) -> int:
    """Find the size to take from what each of several judges says of all sizes.

    Judges are folds that each give a score, or rows that each have a loss.

    Parameters
    ----------
    values : ndarray of shape (n_sizes, n_judges)
        The larger the better. Sizes increase; the first one, without any column that
        could be left out, is what a larger one has to beat, unless it is NaN.
    weights : ndarray of shape (n_judges,)
        How much each judge counts.
    allowed : ndarray of bool of shape (n_sizes,)
        Which sizes may be taken.
    rule : str
        Row of `RULES`.

    Returns
    -------
    size : int
        Position of the size; of equally good ones the smallest.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_binmask._path.choose import choose_size
    >>> values = np.array([[0.0, 0.0, 0.0], [3.0, 3.1, 2.9], [3.0, 3.2, 2.9]])
    >>> allowed = np.array([False, True, True])
    >>> [choose_size(values, np.ones(3), allowed, rule) for rule in sorted(RULES)]
    [2, 1]
    """
    means = _mean(values, weights)
    return RULES[rule](
        np.where(np.isnan(means), -np.inf, means), values, weights, allowed
    )


def _take_best(
    means: NDArray, values: NDArray, weights: NDArray, allowed: NDArray
) -> int:
    return int(np.argmax(np.where(allowed, means, -np.inf)))


def _take_smallest_near(
    means: NDArray, values: NDArray, weights: NDArray, allowed: NDArray
) -> int:
    """Follow the rule of `choose_auto`, judge by judge instead of row by row."""
    best = int(np.argmax(means))
    excess_se = _mean_error(values[best] - values, weights)
    gain = means[best] - means[0], excess_se[0]
    if np.isnan(gain[1]):
        gain = 0.0, -1.0  # there is nothing to prove
    near = near_the_best(means[best] - means, excess_se, gain, allowed)
    return int(np.argmax(near))


def _mean(values: NDArray, weights: NDArray) -> NDArray[np.float64]:
    return values @ weights / weights.sum()


def _mean_error(values: NDArray, weights: NDArray) -> NDArray[np.float64]:
    """Compute the standard error of weighted means over the last axis.

    The judges count as many as an unweighted mean of the same error would have (Kish,
    1965). Of a single one nothing is known; its error is taken to be 0.
    """
    count = weights.sum() ** 2 / np.square(weights).sum()
    away = values - _mean(values, weights)[..., None]
    spread = _mean(np.square(away), weights)
    return np.sqrt(spread / (count - 1)) if count > 1 + 1e-9 else 0.0 * spread


RULES: dict[str, Callable[[NDArray, NDArray, NDArray, NDArray], int]] = {
    "best": _take_best,
    "one_standard_error": _take_smallest_near,
}
