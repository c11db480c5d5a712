"""Cross-validation along the path: all folds train as one batch of runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .._engine.problem import PathSolution, PointRecord, StopReason
from .._path.choose import choose_size, leaving
from .._path.folds import (
    Split,
    batches_of_folds,
    cross_validation_roles,
    members_of_a_fold,
)
from .._path.trial import point_below, worth_of_stages
from .._sklearn import Attributes
from ..exceptions import ParameterError
from .gates import Gates
from .judges import Judges
from .road import Ask
from .scoring import FoldScorer
from .selection import rank_columns

__all__ = ["FoldPaths", "Folds"]


@dataclass(frozen=True, eq=False)
class FoldPaths:
    """What the folds say of each size, sizes increasing.

    Attributes
    ----------
    n_open : ndarray of shape (n_sizes,)
        Open gates.
    scores : ndarray of shape (n_sizes, n_splits)
        Larger is better.
    values : ndarray of shape (n_sizes, n_judges)
        The same by those whose agreement is the measure of its error: the folds if a
        scorer was asked, else the rows, or groups of rows.
    weights : ndarray of shape (n_judges,)
        How much each counts in the mean score.
    open_gates : ndarray of bool of shape (n_sizes, n_splits, n_gates)
        Of each size in each fold.
    worth : ndarray of shape (n_sizes,)
        What gates were worth that closed after a size, on average over folds; infinite
        for the smallest one.
    support, ranking : ndarray of shape (n_sizes, n_splits, n_columns)
        Columns of each support, and what its ``ranking_`` would be.
    n_steps : int
        Training steps taken.
    is_ended : bool
        Whether a callback has ended a path.
    """

    n_open: NDArray[np.intp]
    scores: NDArray[np.float64]
    values: NDArray[np.float64]
    weights: NDArray[np.float64]
    open_gates: NDArray[np.bool_]
    worth: NDArray[np.float64]
    support: NDArray[np.bool_]
    ranking: NDArray[np.int32]
    n_steps: int
    is_ended: bool

    def choose(self, fewest: int, rule: str) -> int:
        """Choose a size of at least `fewest` open gates."""
        if np.isnan(self.scores.mean(axis=1)).all():
            raise ParameterError(
                "scoring gave NaN for each size in at least one fold, so there is no "
                "best one. Try other folds, such as stratified or fewer ones, or "
                "another scorer."
            )
        allowed = self.n_open >= min(fewest, self.n_open.max())
        return choose_size(self.values, self.weights, allowed, rule)

    def size_below(self, size: int, fewest: int) -> int:
        """Find the smallest size that lacks nothing of worth, down from a size."""
        allowed = self.n_open >= min(fewest, self.n_open[size])
        means = self.values @ self.weights / self.weights.sum()
        down = slice(None, None, -1)  # a path begins with the largest size
        last = len(self.n_open) - 1
        gain = float(means.max() - means[0])
        below = point_below(self.worth[down], gain, last - size, allowed[down])
        return last - below

    def results(self, fewest: int) -> dict[str, NDArray]:
        """Name the arrays as scikit-learn's `RFECV` does, from `fewest` gates on."""
        rows = self.n_open >= min(fewest, self.n_open.max())
        scores = self.scores[rows]
        results = {
            "n_features": np.rint(self.support[rows].sum(axis=2).mean(axis=1)).astype(
                np.intp
            ),
            "mean_test_score": scores.mean(axis=1),
            "std_test_score": scores.std(axis=1),
        }
        for name, values in (
            ("test_score", scores),
            ("ranking", self.ranking[rows]),
            ("support", self.support[rows]),
        ):
            for split in range(scores.shape[1]):
                results[f"split{split}_{name}"] = values[:, split].copy()
        return results


class Folds:
    """The folds of a table, ready to train.

    Parameters
    ----------
    ask : Ask
        About all rows.
    splits : sequence of Split
        Rows to train on and to be tested on.
    """

    def __init__(self, ask: Ask, splits: Sequence[Split]) -> None:
        encoded = ask.encoded
        n_rows, n_inputs = encoded.inputs.shape
        self.ask, self.n_splits = ask, len(splits)
        self.n_members = members_of_a_fold(ask.n_members)
        # rows that belong together are one judge of a size, not several
        keys = encoded.order.keys
        judge_of_row = np.unique(keys, return_inverse=True)[1].reshape(n_rows)
        n_weights = n_inputs * ask.config.hidden_layer_sizes[0]
        self.batches = [
            (batch, Judges(batch, encoded.weights, judge_of_row))
            for batch in batches_of_folds(splits, self.n_members, n_rows, n_weights)
        ]

    @property
    def max_points(self) -> int:
        """Number of points of all paths."""
        return len(self.batches) * self.ask.max_points

    def follow(
        self, scorer: FoldScorer | None, on_point: Callable[[Attributes], bool]
    ) -> FoldPaths:
        """Follow the path in each fold; each point is judged by the rows left out.

        Parameters
        ----------
        scorer : FoldScorer or None
            What scores; None for the loss.
        on_point : callable
            Called after each point; the paths end where it returns True.

        Returns
        -------
        paths : FoldPaths
            Of all folds, as far as all of them came.
        """
        encoded = self.ask.encoded
        rng = np.random.default_rng((self.ask.config.seed, 1))
        watches, solutions = [], []
        for splits, judges in self.batches:
            roles = cross_validation_roles(
                encoded.order, encoded.weights, rng, self.n_members, splits
            )
            watches.append(_Watch(self.ask.gates, splits, judges, scorer))
            ask = replace(self.ask, problem=encoded.problem(self.ask.gates, roles))
            solutions.append(ask.follow(on_point, watches[-1].look))
        return self._gather(watches, solutions, by_fold=scorer is not None)

    def mean_over_rows(
        self, sums: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Turn what judges say, (n_sizes, n_judges), into means, and weights of these.

        Judges that are asked in no fold are left out.
        """
        weights = np.sum([judges.weights for _, judges in self.batches], axis=0)
        asked = weights > 0
        return sums[:, asked] / weights[asked], weights[asked]

    def _gather(
        self, watches: list["_Watch"], solutions: list[PathSolution], by_fold: bool
    ) -> FoldPaths:
        """Put the batches side by side, and the smallest size first."""
        gates = self.ask.gates
        n_points = min(len(solution.n_open) for solution in solutions)
        back = slice(n_points - 1, None, -1)
        scores = np.hstack([np.array(w.scores[:n_points]) for w in watches])[::-1]
        values, weights = scores, np.ones(self.n_splits)
        if not by_fold:
            sums = np.sum([watch.sums[:n_points] for watch in watches], axis=0)
            values, weights = self.mean_over_rows(sums[::-1])
        open_gates = np.concatenate([s.open_gates[back] for s in solutions], axis=1)
        ranking = np.empty((n_points, self.n_splits, len(gates.of_column)), np.int32)
        split = 0
        for solution in solutions:
            for run in range(solution.open_gates.shape[1]):
                order = leaving(solution, run)
                for point, chosen in enumerate(open_gates[:, split]):
                    ranking[point, split] = rank_columns(chosen, order, gates)
                split += 1
        worth = np.hstack([worth_of_stages(s)[:n_points] for s in solutions])
        worth[-1] = np.inf
        return FoldPaths(
            solutions[0].n_open[back],
            scores,
            values,
            weights,
            open_gates,
            worth.mean(axis=1)[back],
            gates.columns(open_gates),
            ranking,
            sum(solution.n_steps for solution in solutions),
            any(s.stop_reason is StopReason.CALLBACK for s in solutions),
        )


class _Watch:
    """Judges each point of one batch of folds while the path is there."""

    def __init__(
        self,
        gates: Gates,
        splits: Sequence[Split],
        judges: Judges,
        scorer: FoldScorer | None,
    ) -> None:
        self.gates, self.splits = gates, splits
        self.judges, self.scorer = judges, scorer
        self.scores: list[NDArray[np.float64]] = []
        self.sums: list[NDArray[np.float64]] = []

    def look(self, point: PointRecord) -> None:
        """Take down what the folds say."""
        if self.scorer is None:
            scores, sums = self.judges.ask(point.row_losses)
            self.scores.append(scores)
            self.sums.append(sums)
            return
        supports = self.gates.columns(point.open_gates)
        self.scores.append(
            np.array(
                [
                    self.scorer.score(point, run, supports[run], test)
                    for run, (_, test) in enumerate(self.splits)
                ]
            )
        )
