"""In which order weights are drawn."""

import numpy as np
from numpy.typing import NDArray

from .agreement import ALONE, Agreement
from .parts import take_columns
from .problem import Problem

__all__ = ["canonical_order"]

# Rows that tell columns apart.
_MOST_ROWS = 2**15


def canonical_order(problem: Problem, agreement: Agreement = ALONE) -> NDArray[np.intp]:
    """Rank the gates by what their columns hold, so that their order is of no matter.

    Weights are drawn gate by gate in this order: a user who reorders the columns of a
    table draws the same weights for each, and so gets the same columns chosen. A
    statistic of each column's shape and of its product with the target tells columns
    apart; it does not depend on the order of the rows beyond rounding.
    """
    firsts = np.full(problem.n_gates, -1)
    firsts[problem.gate_of_input[::-1]] = np.arange(len(problem.gate_of_input))[::-1]
    used = np.flatnonzero(firsts >= 0)
    some = slice(agreement.among_first(_MOST_ROWS, len(problem.row_weights)))
    inputs, targets = problem.inputs[some], problem.targets[some]
    weights = problem.row_weights[some]
    pull = targets @ np.sqrt(np.arange(2.0, 2.0 + targets.shape[1]))
    pull = (pull + 0.1) * weights
    key = np.zeros(problem.n_gates)
    for block in np.array_split(used, 1 + len(used) * len(pull) // 2**18):
        x = take_columns(inputs, firsts[block]).astype(np.float64)
        key[block] = pull @ x + weights @ (x**2) ** 2
    key = agreement.sum_array(key)
    rank = np.empty(problem.n_gates, dtype=np.intp)
    rank[np.argsort(key, kind="stable")] = np.arange(problem.n_gates)
    return rank
