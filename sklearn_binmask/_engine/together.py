"""How much two columns tell together that networks do not know yet.

Where two columns tell something together, a table says so that has the bins of each::

                      bins of j
                    | .  +  .  . |      sums of the residuals of the committee, a row's
    bins of i       | +  .  -  . |      being those of members that do not train on it;
                    | .  -  .  + |      what each bin alone tells has been taken off

The squares of these sums, over what luck would make of them, add up to a chi-squared
statistic.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .agreement import Agreement
from .problem import LEAST_TO_ASK, Problem

__all__ = [
    "Residuals",
    "Told",
    "alikeness",
    "cells_of",
    "off_margins",
    "residuals_of",
    "told_together",
]

# Multiplications that a search may take, which says how many rows it reads.
_MOST_WORK = 10**10
# Deviations beyond which a residual is no larger: a row that is far off shall not make
# every pair of columns speak.
_FAR = 4.0
# Chance that any pair of columns of noise counts, where there is nothing but noise.
_LUCK = 0.05
_NEVER_ZERO = 1e-12


class Residuals(NamedTuple):
    """What the committees of all runs do not know of some rows of this process.

    Attributes
    ----------
    rows : ndarray of shape (n_rows,)
        Numbers of the rows in the problem.
    pulls : Tensor of shape (n_runs, n_outputs, n_rows)
        Residuals times the weight of the row.
    weights : Tensor of shape (n_rows,)
        Of the rows.
    """

    rows: NDArray[np.intp]
    pulls: Tensor
    weights: Tensor

    def of(self, run: int, trains: NDArray) -> "Residuals":
        """Keep one run, and the rows on which a network of it trains."""
        its = torch.from_numpy(trains[self.rows] > 0).to(self.weights)
        return Residuals(self.rows, self.pulls[run : run + 1] * its, self.weights * its)


def residuals_of(trainer: Any, n_left: int) -> Residuals | None:
    """Take down what the committees do not know.

    Parameters
    ----------
    trainer : Trainer
        Of a problem with bins.
    n_left : int
        Columns beside which others are to be looked at.

    Returns
    -------
    residuals : Residuals or None
        Of as many rows as there is time for; None if these are too few.
    """
    problem, agreement = trainer.problem, trainer.agreement
    rows = np.flatnonzero(problem.roles.evaluates.any(axis=(1, 2)))
    n_tables = 1 + trainer.n_runs * problem.targets.shape[1]
    work = n_left * problem.n_gates * problem.n_bins**2 * n_tables
    n_rows = min(_MOST_WORK // max(1, work), agreement.total(len(rows)))
    if n_rows < LEAST_TO_ASK:
        return None
    rng = np.random.default_rng(trainer.config.seed)
    n_own = min(len(rows), agreement.part_of(n_rows, len(rows)))
    some = np.sort(rng.choice(len(rows), n_own, replace=False))
    rows = rows[some]
    place = torch.from_numpy(some).to(trainer.is_open.device)
    residuals = trainer.residuals()[:, place].transpose(1, 2)
    weights = torch.from_numpy(problem.row_weights[rows]).to(residuals)
    pulls = residuals * weights
    squares, total = pulls.square().sum(2, keepdim=True), weights.sum()[None]
    agreement.sum_(squares, total)
    far = _FAR * (squares / total).sqrt()
    return Residuals(rows, pulls.clamp(-far, far), weights)


def cells_of(
    problem: Problem, gates: NDArray[np.intp], residuals: Residuals
) -> tuple[Tensor, NDArray[np.intp]]:
    """Mark the bin of each row in each column behind gates.

    Parameters
    ----------
    problem : Problem
        With bins.
    gates : ndarray of shape (n_gates,)
        Increasing.
    residuals : Residuals
        Of the rows.

    Returns
    -------
    cells : Tensor of shape (n_rows, n_columns * n_bins)
        0 and 1.
    gate_of_column : ndarray of shape (n_columns,)
        The gate in front of each column.
    """
    assert problem.bins is not None
    bins, gate_of_column = problem.bins(gates, residuals.rows)
    place = torch.from_numpy(bins).to(residuals.weights.device).long()[..., None]
    marks = residuals.weights.new_zeros(*bins.shape, problem.n_bins)
    return marks.scatter_(2, place, 1.0).flatten(1), gate_of_column


class Told(NamedTuple):
    """What pairs of columns tell together.

    Attributes
    ----------
    statistic : Tensor of shape (n_one, n_other)
        Chi-squared.
    freedom : Tensor of shape (n_one, n_other)
        Its mean, and half its variance, where nothing is told.
    """

    statistic: Tensor
    freedom: Tensor

    def that_counts(self, n_pairs: int) -> Tensor:
        """Compute by how many deviations each statistic is over its mean.

        It is ``-inf`` where the largest of so many pairs of noise may be as large.
        """
        statistic, freedom = self.statistic.double(), self.freedom.double()
        chance = torch.special.gammaincc(freedom / 2, statistic / 2)
        excess = (statistic - freedom) / (2 * freedom).sqrt()
        # a column that is in one bin throughout has nothing to tell but rounding
        is_luck = (chance * n_pairs >= _LUCK) | (freedom < 0.5)
        return excess.masked_fill(is_luck, -torch.inf)


def told_together(
    one: Tensor, other: Tensor, n_bins: int, residuals: Residuals, agreement: Agreement
) -> Told:
    """Compare what cells of two columns tell with what luck would.

    Parameters
    ----------
    one, other : Tensor of shape (n_rows, n_columns * n_bins)
        Columns of each side, as `cells_of` marks them.
    n_bins : int
        Of a column.
    residuals : Residuals
        Of these rows.
    agreement : Agreement
        Among the processes.

    Returns
    -------
    told : Told
        Of each pair of columns, one of each side.
    """
    shape = one.shape[1] // n_bins, n_bins, other.shape[1] // n_bins, n_bins
    weights, pulls = residuals.weights, residuals.pulls.flatten(0, 1)
    noise, total = pulls @ pulls.t(), weights.sum()[None]
    counts = one.t() @ (other * weights[:, None])
    agreement.sum_(noise, total, counts)
    counts = counts.view(shape)
    squares = one.new_zeros(shape[0], shape[2])
    for pull, spread in zip(pulls, noise.diagonal() / total, strict=True):
        sums = (one * pull[:, None]).t() @ other
        agreement.sum_(sums)
        luck = (counts * spread).clamp_(min=_NEVER_ZERO)
        squares += (
            off_margins(sums.view(shape), counts).square_().div_(luck).sum((1, 3))
        )
    alike = alikeness(noise)
    rows, columns = ((counts.sum(others) > 0).sum(1) - 1 for others in ((2, 3), (0, 1)))
    freedom = rows[:, None] * columns * (len(pulls) / alike)
    return Told(squares / alike, freedom.clamp_(min=_NEVER_ZERO))


def alikeness(noise: Tensor) -> Tensor:
    """Say how many times outputs say the same, from their products (n_outputs, same).

    A sum over outputs of chi-squared statistics is so many times one of as many fewer
    degrees of freedom (Satterthwaite, 1946).
    """
    scale = noise.diagonal().clamp(min=_NEVER_ZERO).rsqrt()
    return (noise * scale * scale[:, None]).square().sum() / len(noise)


def off_margins(sums: Tensor, counts: Tensor) -> Tensor:
    """Take off what the bins of each column alone tell.

    Parameters
    ----------
    sums, counts : Tensor of shape (n_one, n_bins, n_other, n_bins)
        Of each cell.

    Returns
    -------
    rest : Tensor of shape (n_one, n_bins, n_other, n_bins)
        Sums less the counts times what rows and columns have on average.
    """

    def mean(dims: tuple[int, ...]) -> Tensor:
        n = counts.sum(dims, keepdim=True).clamp_(min=_NEVER_ZERO)
        return sums.sum(dims, keepdim=True) / n

    return sums - counts * (mean((3,)) + mean((1,)) - mean((1, 3)))
