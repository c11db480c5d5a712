"""Whether a smaller or a larger support than the one chosen is worth training for.

What a path says of its supports is said by networks in the middle of their training.
Where the gates that close next after the chosen point are worth nothing to them, or
those that closed last before it were still worth something, networks are trained on the
supports without, or with, those gates, and compared.
"""

import numpy as np
from numpy.typing import NDArray

from .._engine.problem import Comparison, PathSolution, Roles
from .choose import PROOF, TRIFLE, near_the_best

__all__ = [
    "choose_trained",
    "is_as_good",
    "is_proven",
    "point_below",
    "points_to_try",
    "roles_of_trial",
    "worth_of_stages",
]

# Larger supports that are tried at once.
_TRIED = 3
# Share by which the loss of two trainings may differ by luck: from where their weights
# began, and not from what their columns know.
_LUCK = 0.1
# Rows that train: enough for so few steps, and each takes memory for every network.
_MOST_ROWS = 2**17


def worth_of_stages(solution: PathSolution) -> NDArray[np.float64]:
    """Sum what the gates were worth that closed after each point.

    Parameters
    ----------
    solution : PathSolution
        Of all runs.

    Returns
    -------
    worth : ndarray of shape (n_points, n_runs)
        Infinite at the last point, after which nothing may close.
    """
    is_open = solution.open_gates
    closed = is_open[:-1] & ~is_open[1:]
    worth = np.where(closed, solution.worth[:-1], 0.0).sum(axis=2)
    return np.vstack([worth, np.full(worth.shape[1], np.inf)])


def point_below(
    worth: NDArray[np.float64], gain: float, point: int, allowed: NDArray[np.bool_]
) -> int:
    """Find the smallest support that lacks nothing of worth, down from a point.

    Parameters
    ----------
    worth : ndarray of shape (n_points,)
        Of what closes after each point; infinite at the last one.
    gain : float
        What the best support is worth.
    point : int
        The one chosen on the path.
    allowed : ndarray of bool of shape (n_points,)
        Which supports may be taken; the chosen one may.

    Returns
    -------
    below : int
        The last allowed point up to which no stage closed what was worth more than a
        trifle.
    """
    last = point + int((worth[point:] > TRIFLE * gain).argmax())
    return int(point + np.flatnonzero(allowed[point : last + 1])[-1])


def is_proven(solution: PathSolution) -> bool:
    """Tell whether the best point of a path surely predicts something."""
    best = int(solution.validation_loss[:, 0].argmin())
    return bool(solution.gain[best, 0] > PROOF * solution.gain_se[best, 0])


def points_to_try(solution: PathSolution, point: int) -> list[int]:
    """List a point and the next larger ones, if a trial may show one to be better.

    Parameters
    ----------
    solution : PathSolution
        Of one run.
    point : int
        The one chosen on the path.

    Returns
    -------
    points : list of int
        The chosen one first; it alone, where no gate that closed in between was worth
        anything, or nothing on the path was proven.
    """
    is_open, worth = solution.open_gates[:, 0], solution.worth[:, 0]
    points, promising = [point], False
    for larger in range(point - 1, -1, -1):
        if len(points) > _TRIED:
            break
        closed = is_open[larger] & ~is_open[points[-1]]
        if closed.any():
            promising |= bool((worth[larger, closed] > 0).any())
            points.append(larger)
    return points if promising and is_proven(solution) else [point]


def roles_of_trial(roles: Roles, n_supports: int, n_members: int) -> Roles:
    """Let all members of each support train on the rows that were not held out.

    Parameters
    ----------
    roles : Roles
        Of the path, a run for each fold.
    n_supports : int
        Supports to compare.
    n_members : int
        Networks of each.

    Returns
    -------
    roles : Roles
        Of a run for each support in each fold; those of a support come together.
    """
    n_rows, n_folds, _ = roles.trains.shape
    shape = n_rows, n_supports * n_folds, n_members
    trains = np.asarray((roles.trains | roles.judges).any(axis=2))
    trains &= (np.arange(n_rows) % max(1.0, n_rows / _MOST_ROWS) < 1)[:, None]
    apart = np.asarray(roles.evaluates.any(axis=2))
    trains, apart = (
        np.broadcast_to(np.tile(r, n_supports)[:, :, None], shape)
        for r in (trains, apart)
    )
    effective = np.tile(roles.effective_rows, n_supports)
    return Roles(trains, trains, apart, effective, clusters=roles.clusters)


def choose_trained(comparison: Comparison) -> int:
    """Find the first of compared supports that is as good as the best.

    A larger one than the path would have must be better by `PROOF` standard errors of
    the difference, and by more than the luck of a training. Else the rule is that of
    `choose_auto`.

    Parameters
    ----------
    comparison : Comparison
        Of supports that grow.

    Returns
    -------
    support : int
        Its position.
    """
    luck = _LUCK * float(comparison.losses.min())
    return int(_near(comparison, PROOF * comparison.excess_se, luck).argmax())


def is_as_good(comparison: Comparison) -> bool:
    """Tell whether the first of compared supports is as good as the best.

    It is the one in doubt: smaller than what the path would have, and without gates
    that were worth nothing there. So the rule is that of `choose_auto`, and nothing is
    put down to luck.

    Parameters
    ----------
    comparison : Comparison
        Of supports that grow.

    Returns
    -------
    as_good : bool
        Whether its loss is within a standard error of the difference.
    """
    return bool(_near(comparison, comparison.excess_se, 0.0)[0])


def _near(comparison: Comparison, errors: NDArray, luck: float) -> NDArray[np.bool_]:
    """Tell which of compared supports are as good as the best."""
    excess = comparison.losses - comparison.losses.min()
    everything = np.ones(len(excess), dtype=bool)
    return near_the_best(excess, errors, (comparison.gain, 0.0), everything, luck)
