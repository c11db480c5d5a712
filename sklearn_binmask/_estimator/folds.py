"""Cross-validation along the path: all folds train as one batch of runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .._engine.problem import PathSolution, PointRecord
from .._path.choose import choose_size, leaving
from .._path.folds import (
    Split,
    batches_of_folds,
    cross_validation_roles,
    members_of_a_fold,
)
from .._sklearn import Attributes
from ..exceptions import ParameterError
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
    support, ranking : ndarray of shape (n_sizes, n_splits, n_columns)
        Columns of each support, and what its ``ranking_`` would be.
    n_steps : int
        Training steps taken.
    """

    n_open: NDArray[np.intp]
    scores: NDArray[np.float64]
    values: NDArray[np.float64]
    weights: NDArray[np.float64]
    support: NDArray[np.bool_]
    ranking: NDArray[np.int32]
    n_steps: int

    def choose(self, fewest: int, rule: str) -> int:
        """Choose a number of open gates, at least `fewest`."""
        if np.isnan(self.scores.mean(axis=1)).all():
            raise ParameterError(
                "scoring gave NaN for each size in at least one fold, so there is no "
                "best one. Try other folds, such as stratified or fewer ones, or "
                "another scorer."
            )
        allowed = self.n_open >= min(fewest, self.n_open.max())
        return int(self.n_open[choose_size(self.values, self.weights, allowed, rule)])

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
        self.batches = batches_of_folds(
            splits,
            self.n_members,
            n_rows,
            n_inputs * ask.config.hidden_layer_sizes[0],
        )
        # rows that belong together are one judge of a size, not several
        keys = encoded.order.keys
        self.judges = np.unique(keys, return_inverse=True)[1].reshape(n_rows)

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
        for splits in self.batches:
            roles = cross_validation_roles(
                encoded.order, encoded.weights, rng, self.n_members, splits
            )
            watches.append(_Watch(self, splits, scorer))
            ask = replace(self.ask, problem=encoded.problem(self.ask.gates, roles))
            solutions.append(ask.follow(on_point, watches[-1].look))
        return self._gather(watches, solutions, by_fold=scorer is not None)

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
            weights = np.sum([watch.weights for watch in watches], axis=0)
            sums = [np.array(watch.sums[:n_points]) for watch in watches]
            values = np.sum(sums, axis=0)[::-1]
            asked = weights > 0
            weights = weights[asked]
            values = values[:, asked] / weights
        open_gates = np.concatenate([s.open_gates[back] for s in solutions], axis=1)
        ranking = np.empty((n_points, self.n_splits, len(gates.of_column)), np.int32)
        split = 0
        for solution in solutions:
            for run in range(solution.open_gates.shape[1]):
                order = leaving(solution, run)
                for point, chosen in enumerate(open_gates[:, split]):
                    ranking[point, split] = rank_columns(chosen, order, gates)
                split += 1
        return FoldPaths(
            solutions[0].n_open[back],
            scores,
            values,
            weights,
            gates.columns(open_gates),
            ranking,
            sum(solution.n_steps for solution in solutions),
        )


class _Watch:
    """Judges each point of one batch of folds while the path is there."""

    def __init__(
        self, folds: Folds, splits: Sequence[Split], scorer: FoldScorer | None
    ) -> None:
        self.folds, self.splits, self.scorer = folds, splits, scorer
        row_weights = folds.ask.encoded.weights
        tested = np.zeros((len(splits), len(row_weights)))
        for run, (_, test) in enumerate(splits):
            tested[run, test] = row_weights[test]
        in_use = tested.any(axis=0)
        # each fold counts the same, however many rows it has
        self.shares = tested[:, in_use] / tested.sum(axis=1, keepdims=True)
        self.judges = folds.judges[in_use]
        self.n_judges = int(folds.judges.max()) + 1
        self.weights = self._per_judge(self.shares)
        self.scores: list[NDArray[np.float64]] = []
        self.sums: list[NDArray[np.float64]] = []

    def _per_judge(self, values: NDArray) -> NDArray[np.float64]:
        """Sum (n_runs, n_rows) over runs and over the rows of each judge."""
        sums = values.sum(axis=0)
        return np.bincount(self.judges, sums, self.n_judges).astype(np.float64)

    def look(self, point: PointRecord) -> None:
        """Take down what the folds say."""
        if self.scorer is None:
            worth = -self.shares * point.row_losses
            self.scores.append(worth.sum(axis=1))
            self.sums.append(self._per_judge(worth))
            return
        supports = self.folds.ask.gates.columns(point.open_gates)
        self.scores.append(
            np.array(
                [
                    self.scorer.score(point, run, supports[run], test)
                    for run, (_, test) in enumerate(self.splits)
                ]
            )
        )
