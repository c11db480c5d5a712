"""Who says what a size is worth in a cross-validation: the rows left out of folds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .._path.folds import Split

__all__ = ["Judges"]


class Judges:
    """Rows that are left out of some folds, those that belong together as one judge.

    Parameters
    ----------
    splits : sequence of Split
        Folds that train as one batch.
    row_weights : ndarray of shape (n_rows,)
        Of the rows.
    judge_of_row : ndarray of shape (n_rows,)
        Numbers, from 0.

    Attributes
    ----------
    weights : ndarray of shape (n_judges,)
        How much each counts, over all these folds.
    """

    def __init__(
        self,
        splits: Sequence[Split],
        row_weights: NDArray[np.float64],
        judge_of_row: NDArray[np.intp],
    ) -> None:
        tested = np.zeros((len(splits), len(row_weights)))
        for run, (_, test) in enumerate(splits):
            tested[run, test] = row_weights[test]
        in_use = tested.any(axis=0)
        # each fold counts the same, however many rows it has
        self._shares = tested[:, in_use] / tested.sum(axis=1, keepdims=True)
        self._judge_of_row = judge_of_row[in_use]
        self._n_judges = int(judge_of_row.max()) + 1
        self.weights = self._per_judge(self._shares)

    def _per_judge(self, values: NDArray) -> NDArray[np.float64]:
        """Sum (n_folds, n_rows) over folds and over the rows of each judge."""
        sums = values.sum(axis=0)
        return np.bincount(self._judge_of_row, sums, self._n_judges).astype(np.float64)

    def ask(self, row_losses: NDArray) -> tuple[NDArray[np.float64], NDArray]:
        """Turn losses into what is the larger the better.

        Parameters
        ----------
        row_losses : ndarray of shape (n_folds, n_rows)
            Of rows that are left out of some fold.

        Returns
        -------
        scores : ndarray of shape (n_folds,)
            Mean over the rows of each fold.
        sums : ndarray of shape (n_judges,)
            To be added up over all folds, and divided by the weights.
        """
        worth = -self._shares * row_losses
        return worth.sum(axis=1), self._per_judge(worth)
