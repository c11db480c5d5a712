"""A trial, in all folds, of a smaller size than cross-validation would have."""

import numpy as np
from numpy.typing import NDArray

from .._engine.wide import on_gates
from .._path.choose import choose_size
from .._path.folds import cross_validation_roles
from .._path.trial import roles_of_trial
from .folds import FoldPaths, Folds

__all__ = ["FoldTrial"]


class FoldTrial:
    """Compares sizes by networks that are trained as the final one is, in each fold.

    Parameters
    ----------
    folds : Folds
        Of the table.
    paths : FoldPaths
        What they say of each size; no scorer was asked.

    Attributes
    ----------
    n_steps : int
        Training steps taken so far.
    """

    def __init__(self, folds: Folds, paths: FoldPaths) -> None:
        self.folds = folds
        self.paths = paths
        self.n_steps = 0

    def __call__(self, size: int, fewest: int) -> int:
        """Leave out what is worth nothing, unless networks without it are worse.

        Parameters
        ----------
        size : int
            Position of the size that was chosen.
        fewest : int
            Fewest open gates.

        Returns
        -------
        size : int
            Position of the size to take.
        """
        if self.paths.is_ended:
            return size
        below = self.paths.size_below(size, fewest)
        if below == size:
            return size
        # what no column tells is what both have to beat
        values = np.vstack([self.paths.values[:1], self._train([below, size])])
        allowed = np.array([False, True, True])
        weights = self.paths.weights
        chosen = choose_size(values, weights, allowed, "one_standard_error")
        return (below, size)[chosen - 1]

    def _train(self, sizes: list[int]) -> NDArray[np.float64]:
        """Train on the supports of some sizes; what judges say, (n_sizes, n_judges)."""
        from .._engine.side_by_side import compare_supports

        folds, ask = self.folds, self.folds.ask
        encoded, n_members = ask.encoded, folds.n_members
        rng = np.random.default_rng(0)  # nobody is asked which half a row is in
        sums, start = [], 0
        for splits, judges in folds.batches:
            supports = self.paths.open_gates[sizes, start : start + len(splits)]
            start += len(splits)
            roles = cross_validation_roles(
                encoded.order, encoded.weights, rng, 2, splits
            )
            roles = roles_of_trial(roles, len(sizes), n_members)
            problem = encoded.problem(ask.gates, roles)
            problem = on_gates(problem, np.flatnonzero(supports.any(axis=(0, 1))))
            comparison = compare_supports(problem, ask.trial_config, supports)
            self.n_steps += comparison.n_steps
            sums.append([judges.ask(losses)[1] for losses in comparison.row_losses])
        return folds.mean_over_rows(np.sum(sums, axis=0))[0]
