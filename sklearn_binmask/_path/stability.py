"""Which columns are selected on most resamples, and from which share on.

All runs follow paths of the same sizes, so a point of the path is a number of open
gates. At each point there is, for every gate, the share of the resamples on which it
was open: its *selection probability*; and the same for copies of columns that know
nothing of the target.

The held-out loss is least, on average over all resamples, at some point; each resample
is judged on the rows that are not in it. Before that point, further gates are open at
random, or for columns that resemble those that matter. So of that point and those after
it, the one is taken that lets most columns be selected; among equals, the one with the
fewest open gates. The threshold is the least one at which a bound on false selections
holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._engine.problem import PathSolution
from .bounds import chance_by_threshold
from .choose import leaving

__all__ = ["Promise", "StabilityPath", "Verdict", "gather", "judge", "keep_promise"]

# Shares over this alone can be bounded.
_LEAST_THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class StabilityPath:
    """What all runs say together.

    Attributes
    ----------
    n_open : ndarray of shape (n_points,)
        Open gates, those of copies among them.
    penalty, validation_loss, validation_se : ndarray of shape (n_points,)
        Median over runs of the price up to which a support is kept; mean over runs of
        the loss on rows outside of their resamples, and its standard error over runs.
    probabilities : ndarray of shape (n_points, n_gates)
        Share of the runs in which each gate is open.
    copied : ndarray of shape (n_points, n_copies)
        The same for copies.
    scores : ndarray of shape (n_gates,)
        Price at which each gate left, mean over runs.
    n_runs : int
        Number of runs.
    """

    n_open: NDArray[np.intp]
    penalty: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    validation_se: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    copied: NDArray[np.float64]
    scores: NDArray[np.float64]
    n_runs: int


@dataclass(frozen=True)
class Promise:
    """What a threshold is to keep under; one of three.

    Attributes
    ----------
    threshold : float or None
        Given as it is.
    max_false : float or None
        Expected number of false selections.
    fdr : float or None
        Expected number of false selections as a share of all selections.
    """

    threshold: float | None = None
    max_false: float | None = None
    fdr: float | None = None


@dataclass(frozen=True)
class Verdict:
    """Who is selected.

    Attributes
    ----------
    point : int
        Of the path.
    threshold : float
        Gates with at least this probability are selected; infinite if no threshold
        keeps the promise.
    n_false : float
        Bound on the expected number of false selections.
    """

    point: int
    threshold: float
    n_false: float


def gather(solutions: Sequence[PathSolution], n_gates: int) -> StabilityPath:
    """Join the paths of batches of runs; gates from `n_gates` on are copies."""
    is_open = np.concatenate([one.open_gates for one in solutions], axis=1)
    penalty = np.concatenate([one.penalty for one in solutions], axis=1)
    losses = np.concatenate([one.validation_loss for one in solutions], axis=1)
    n_runs = is_open.shape[1]
    scores = [
        leaving(one, run).scores[:n_gates]
        for one in solutions
        for run in range(one.open_gates.shape[1])
    ]
    shares = is_open.mean(axis=1)
    return StabilityPath(
        solutions[0].n_open,
        np.median(penalty, axis=1),
        losses.mean(axis=1),
        losses.std(axis=1) / np.sqrt(max(1, n_runs - 1)),
        shares[:, :n_gates],
        shares[:, n_gates:],
        np.mean(scores, axis=0),
        n_runs,
    )


def judge(
    path: StabilityPath,
    free: NDArray[np.bool_],
    promise: Promise,
    *,
    in_pairs: bool,
) -> Verdict:
    """Choose the point of the path, and the threshold there.

    Parameters
    ----------
    path : StabilityPath
        The shares.
    free : ndarray of bool of shape (n_gates,)
        Gates that can close; the others are no selections.
    promise : Promise
        To be kept. With a given threshold the point is that of least loss.
    in_pairs : bool
        Whether the resamples come in complementary pairs.

    Returns
    -------
    verdict : Verdict
        At the point of least loss, if nothing is selected at any.
    """
    best = int(np.argmin(path.validation_loss))
    last = best if promise.threshold is not None else len(path.n_open) - 1
    verdicts = [
        keep_promise(path, point, free, promise, in_pairs=in_pairs)
        for point in range(best, last + 1)
    ]
    selected = [
        int((path.probabilities[one.point, free] >= one.threshold - 1e-9).sum())
        for one in verdicts
    ]
    most = max(selected)
    if most == 0:
        return verdicts[0]
    return verdicts[len(selected) - 1 - selected[::-1].index(most)]


def keep_promise(
    path: StabilityPath,
    point: int,
    free: NDArray[np.bool_],
    promise: Promise,
    *,
    in_pairs: bool,
) -> Verdict:
    """Find the least threshold that keeps a promise at a point.

    Parameters
    ----------
    path : StabilityPath
        The shares.
    point : int
        Of the path.
    free : ndarray of bool of shape (n_gates,)
        Gates that can close; the others are no selections.
    promise : Promise
        To be kept.
    in_pairs : bool
        Whether the resamples come in complementary pairs.

    Returns
    -------
    verdict : Verdict
        At this point.
    """
    shares = path.probabilities[point, free]
    thresholds = np.arange(path.n_runs + 1) / path.n_runs
    n_false = _expected_false(path, point, len(shares), in_pairs)
    reached = _count_reaching(shares, thresholds)
    if promise.threshold is not None:
        at = int(np.ceil(promise.threshold * path.n_runs - 1e-9))
        return Verdict(point, promise.threshold, float(n_false[at]))
    if promise.max_false is not None:
        kept = n_false <= promise.max_false
    else:
        assert promise.fdr is not None
        kept = n_false <= promise.fdr * reached
    kept &= (thresholds > _LEAST_THRESHOLD) & (reached > 0)
    if not kept.any():
        return Verdict(point, np.inf, 0.0)
    first = int(np.argmax(kept))
    return Verdict(point, float(thresholds[first]), float(n_false[first]))


def _expected_false(
    path: StabilityPath, point: int, n_free: int, in_pairs: bool
) -> NDArray[np.float64]:
    """Bound the expected number of false selections for each threshold.

    The copies tell how often one resample selects what does not matter; from that the
    theory bounds how many reach a threshold. It takes all such columns for equally
    likely to be selected. Where copies reach the threshold themselves, more often than
    the bound has it, they are right.
    """
    copied = path.copied[point]
    # as if there were one more copy that was selected once
    chance = (copied.sum() * path.n_runs + 1) / (len(copied) * path.n_runs + 1)
    bound = chance_by_threshold(float(chance), path.n_runs, in_pairs=in_pairs)
    thresholds = np.arange(path.n_runs + 1) / path.n_runs
    seen = _count_reaching(copied, thresholds) / max(1, len(copied))
    return n_free * np.maximum(bound, seen)


def _count_reaching(
    shares: NDArray[np.float64], thresholds: NDArray[np.float64]
) -> NDArray[np.intp]:
    return (shares[:, None] >= thresholds - 1e-9).sum(axis=0)
