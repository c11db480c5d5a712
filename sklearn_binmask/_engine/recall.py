"""Where rows are few, closed columns are recalled by what each alone would tell.

Of thousands of columns half close in a stage, judged by networks that have learned
little from few rows: now and then a column that matters is among them. When the wanted
number is reached, little is left that is not known, and such a column stands out in it:
in the residuals of the committee, a row's being of members that do not train on it. For
each encoded column,

    statistic = rows * sum over outputs of its squared correlation with the residuals

is a chi-squared of noise. Gates where it is larger than noise is likely to make it are
open for new networks, beside those that are left, and close until these are as many as
were wanted.

With many rows hardly any such column closes early; there pairs are asked (`interplay`).

NOTE[DIFF] The paper has no such thing; ``SolverConfig.recall=False`` leaves it out.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .agreement import Agreement
from .parts import dense_part
from .problem import LEAST_TO_ASK, Problem
from .together import alikeness

__all__ = ["gates_to_recall"]

# Encoded columns of noise that count, on average, where there is nothing but noise.
_LUCK = 0.2
# Deviations beyond which a column is no larger, so that few rows do not decide alone.
_FAR = 2.0
# Numbers that are looked at at a time.
_BLOCK = 2**21
_NEVER_ZERO = 1e-12


def gates_to_recall(
    problem: Problem, trainer: Any, left: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Choose closed gates that tell something of what is not known.

    Parameters
    ----------
    problem : Problem
        With the encoded columns of all gates.
    trainer : Trainer
        Of one run.
    left : ndarray of shape (n_left,)
        Its open gates.

    Returns
    -------
    gates : ndarray of shape (n_recalled,)
        The best first, `problem.n_asked` at most; none where rows are many.
    """
    agreement, n_gates = trainer.agreement, problem.n_gates
    rows = np.flatnonzero(problem.roles.evaluates.any(axis=(1, 2)))
    inputs = np.flatnonzero(~np.isin(problem.gate_of_input, left))
    if not len(inputs) or agreement.total(len(rows)) >= LEAST_TO_ASK:
        return np.empty(0, dtype=np.intp)
    weights = torch.from_numpy(problem.row_weights[rows])
    _, factors = trainer.evaluate_stretched()
    residuals = trainer.residuals(factors)[0].double().cpu()
    products = (residuals * weights[:, None]).t() @ residuals
    agreement.sum_(products)
    n_blocks = agreement.first(1 + len(inputs) * len(rows) // _BLOCK)
    told = [
        _told_by(dense_part(problem.inputs, rows, some), residuals, weights, agreement)
        for some in np.array_split(inputs, n_blocks)
    ]
    alike = alikeness(products)
    shares = 1 / products.diagonal().clamp(min=_NEVER_ZERO)
    statistic = shares @ torch.cat(told, 1) * (_n_rows(trainer) / alike)
    freedom = len(products) / alike
    chance = torch.special.gammaincc(freedom / 2, statistic / 2)
    statistic[chance * len(inputs) >= _LUCK] = -torch.inf
    agreement.follow_first_(statistic)
    best = np.full(n_gates, -np.inf)
    np.maximum.at(best, problem.gate_of_input[inputs], statistic.numpy())
    ranked = np.argsort(-best, kind="stable")[: problem.n_asked]
    return ranked[np.isfinite(best[ranked])]


def _told_by(
    part: NDArray, residuals: Tensor, weights: Tensor, agreement: Agreement
) -> Tensor:
    """Sum squares of what columns tell of each output, (n_outputs, n_columns)."""
    x = torch.from_numpy(part).double().clamp_(-_FAR, _FAR)
    total, sums, squares = weights.sum()[None], weights @ x, weights @ x.square()
    pulls = (residuals * weights[:, None]).t()
    pull, told = pulls.sum(1), pulls @ x
    agreement.sum_(total, sums, squares, pull, told)
    mean = sums / total
    spread = (squares - mean * sums).clamp_(min=_NEVER_ZERO)
    return (told - pull[:, None] * mean).square_() / spread


def _n_rows(trainer: Any) -> float:
    """Count the rows that the evaluated ones are worth; those of a cluster are one."""
    scored = trainer.scored
    n_rows = float(scored.effective_rows[0])
    if scored.clusters is not None:
        n_rows = min(n_rows, len(scored.clusters.unique()))
    return n_rows
