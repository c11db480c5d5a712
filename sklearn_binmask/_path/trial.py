"""Whether a larger support than the one chosen is worth training for.

What a path says of its supports is said by networks in the middle of their training.
Where the gates that closed last before the chosen point were still worth something to
them, networks are trained on the supports that held those gates, and compared.
"""

import numpy as np

from .._engine.problem import Comparison, PathSolution, Roles
from .choose import PROOF, near_the_best

__all__ = ["choose_trained", "points_to_try", "roles_of_trial"]

# Larger supports that are tried at once.
_TRIED = 3
# Share by which the loss of two trainings may differ by luck: from where their weights
# began, and not from what their columns know.
_LUCK = 0.1
# Rows that train: enough for so few steps, and each takes memory for every network.
_MOST_ROWS = 2**17


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
    best = int(solution.validation_loss[:, 0].argmin())
    proven = solution.gain[best, 0] > PROOF * solution.gain_se[best, 0]
    is_open, worth = solution.open_gates[:, 0], solution.worth[:, 0]
    points, promising = [point], False
    for larger in range(point - 1, -1, -1):
        if len(points) > _TRIED:
            break
        closed = is_open[larger] & ~is_open[points[-1]]
        if closed.any():
            promising |= bool((worth[larger, closed] > 0).any())
            points.append(larger)
    return points if proven and promising else [point]


def roles_of_trial(roles: Roles, n_supports: int, n_members: int) -> Roles:
    """Let all members of each support train on the rows that were not held out.

    Parameters
    ----------
    roles : Roles
        Of the path.
    n_supports : int
        Supports to compare.
    n_members : int
        Networks of each.

    Returns
    -------
    roles : Roles
        Of a run for each support.
    """
    n_rows = len(roles.trains)
    shape = n_rows, n_supports, n_members
    trains = np.asarray((roles.trains | roles.judges).any(axis=(1, 2)))
    trains &= np.arange(n_rows) % max(1.0, n_rows / _MOST_ROWS) < 1
    apart = np.asarray(roles.evaluates.any(axis=(1, 2)))
    trains, apart = (np.broadcast_to(r[:, None, None], shape) for r in (trains, apart))
    effective = np.repeat(roles.effective_rows, n_supports)
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
    losses = comparison.losses
    excess, everything = losses - losses.min(), np.ones(len(losses), dtype=bool)
    near = near_the_best(
        excess,
        PROOF * comparison.excess_se,
        (comparison.gain, 0.0),
        everything,
        luck=_LUCK * losses.min(),
    )
    return int(near.argmax())
