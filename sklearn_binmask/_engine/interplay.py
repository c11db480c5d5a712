"""What columns tell together that networks do not know yet.

A closed gate goes on being judged, but by networks that do not use what it tells: where
two columns tell something together, and one of them has closed early, the other is
worth little from then on, and the first seems worth nothing. And where what they tell
is neither a slope nor a product, such as a thin ring, small networks do not come upon
it by themselves.

So when few columns are left, they are looked at once more, in pairs, each by its bins::

                      bins of j
                    | .  +  .  . |      sums of the residuals of the committee, a row's
    bins of i       | +  .  -  . |      being those of members that do not train on it;
                    | .  -  .  + |      what each bin alone tells has been taken off

The squares of these sums, over what luck would make of them, say how much there is to
know. Closed gates that have most of it beside a column that is left are asked again;
and of new networks, four units start at each of the pairs that have most of it, with
the shape that it has on the rows that the network trains on: the first singular vectors
of the table above, one for each of the two columns, in the four combinations of signs.
Rows that judge have a say in which pairs these are, and none in the shape.

NOTE[DIFF] The paper has neither; ``SolverConfig.interplay=False`` leaves them out.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from .agreement import Agreement
from .pairs import SIGNS
from .parts import dense_part
from .problem import Problem

__all__ = ["Residuals", "ask_again", "begin_at_interplay", "residuals_of"]

# Multiplications that the search may take, which says how many rows it reads; with
# fewer rows than these, cells of two columns are as good as empty.
_MOST_WORK, _LEAST_ROWS = 10**10, 512
# Columns whose cells are held at a time.
_BLOCK = 64
# Pairs at which a network starts, if it has twice as many units as these take.
_PAIRS = 2
# Ridge of the regression of what a bin tells on encoded columns.
_RIDGE = 1e-3
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


def residuals_of(trainer: Any, left: NDArray[np.intp]) -> Residuals | None:
    """Take down what the committees do not know.

    Parameters
    ----------
    trainer : Trainer
        Before gates other than those left are dropped.
    left : ndarray of shape (n_left,)
        Gates that stay open.

    Returns
    -------
    residuals : Residuals or None
        Of as many rows as there is time for; None if these are too few.
    """
    problem, agreement = trainer.problem, trainer.agreement
    rows = np.flatnonzero(problem.roles.evaluates.any(axis=(1, 2)))
    n_tables = 1 + trainer.n_runs * problem.targets.shape[1]
    work = len(left) * problem.n_gates * problem.n_bins**2 * n_tables
    n_rows = min(_MOST_WORK // max(1, work), agreement.total(len(rows)))
    if n_rows < _LEAST_ROWS:
        return None
    some = np.random.default_rng(trainer.config.seed).choice(
        len(rows), agreement.part_of(n_rows, len(rows)), replace=False
    )
    some.sort()
    rows = rows[some]
    residuals = trainer.residuals()[
        :, torch.from_numpy(some).to(trainer.is_open.device)
    ]
    weights = torch.from_numpy(problem.row_weights[rows]).to(residuals)
    pulls = residuals.transpose(1, 2) * weights
    return Residuals(rows, pulls, weights)


def ask_again(
    problem: Problem,
    residuals: Residuals,
    left: NDArray[np.intp],
    agreement: Agreement,
) -> NDArray[np.intp]:
    """Choose the closed gates that tell most beside those that are left.

    Parameters
    ----------
    problem : Problem
        With bins.
    residuals : Residuals
        What is not known.
    left : ndarray of shape (n_left,)
        Open gates.
    agreement : Agreement
        Among the processes.

    Returns
    -------
    gates : ndarray of shape (n_asked,)
        The best first; no more than `problem.n_asked` columns are behind them.
    """
    closed = np.setdiff1d(problem.gate_of_input, left)
    beside, _ = _cells(problem, left, residuals)
    best = np.zeros(problem.n_gates)
    n_columns = np.zeros(problem.n_gates, dtype=np.intp)
    for start in range(0, len(closed), _BLOCK):
        cells, gate_of_column = _cells(
            problem, closed[start : start + _BLOCK], residuals
        )
        told = _told_together(beside, cells, problem.n_bins, residuals, agreement)
        most = told.amax(0)
        agreement.follow_first_(most)
        np.maximum.at(best, gate_of_column, most.cpu().numpy())
        np.add.at(n_columns, gate_of_column, 1)
    closed = closed[n_columns[closed] <= problem.n_asked]
    ranked = closed[np.argsort(-best[closed], kind="stable")]
    return ranked[np.cumsum(n_columns[ranked]) <= problem.n_asked]


def begin_at_interplay(trainer: Any, residuals: Residuals) -> None:
    """Let units of new networks start at what pairs of columns tell together.

    Parameters
    ----------
    trainer : Trainer
        New; its networks' weights are changed.
    residuals : Residuals
        Of the networks before.
    """
    problem, agreement = trainer.problem, trainer.agreement
    first = trainer.networks.weights[0]
    n_pairs = min(_PAIRS, first.shape[2] // (2 * len(SIGNS)))
    cells, gate_of_column = _cells(problem, np.sort(trainer.layout.gates), residuals)
    told = _told_together(cells, cells, problem.n_bins, residuals, agreement).cpu()
    told[torch.from_numpy(gate_of_column[:, None] == gate_of_column)] = 0.0
    agreement.follow_first_(told)
    best = told.triu(1).flatten().argsort(descending=True, stable=True)[:n_pairs]
    pairs = [divmod(int(pair), len(told)) for pair in best if told.flatten()[pair] > 0]
    cells = cells.unflatten(1, (-1, problem.n_bins))
    sides = {
        column: _Side(trainer, residuals, cells[:, column], gate_of_column[column])
        for pair in pairs
        for column in pair
    }
    for network in range(first.shape[1]):
        run, member = divmod(network, trainer.n_members)
        own = residuals.of(run, problem.roles.trains[:, run, member])
        unit = first.shape[2] - len(SIGNS) * len(pairs)
        for one, other in pairs:
            shapes = _shapes(cells[:, one], cells[:, other], own, agreement)
            for column, shape, signs in zip(
                (one, other), shapes, zip(*SIGNS, strict=True), strict=True
            ):
                side = sides[column]
                weights = first.new_tensor(side.weights_of(shape))
                for place, sign in enumerate(signs):
                    first[side.places, network, unit + place] += sign * weights
            unit += len(SIGNS)


class _Side:
    """A column of a pair, and the encoded columns of its gate.

    Parameters
    ----------
    trainer : Trainer
        Whose networks read them.
    residuals : Residuals
        Their rows serve.
    cells : Tensor of shape (n_rows, n_bins)
        In which bin each row is.
    gate : int
        The gate.
    """

    def __init__(
        self, trainer: Any, residuals: Residuals, cells: Tensor, gate: int
    ) -> None:
        problem, layout = trainer.problem, trainer.layout
        places = np.flatnonzero(problem.gate_of_input[layout.inputs] == gate)
        self.places = torch.from_numpy(places).to(cells.device)
        part = dense_part(problem.inputs, residuals.rows, layout.inputs[places])
        x = torch.from_numpy(part).to(cells).double()
        cells = cells.double()
        sums = [x.t() @ x, x.t() @ cells, cells.sum(0)]
        trainer.agreement.sum_(*sums)
        self._squares, self._products, counts = (part.cpu().numpy() for part in sums)
        self._shares = counts / counts.sum()

    def weights_of(self, shape: NDArray) -> NDArray:
        """Find weights of the encoded columns that tell what `shape` says of bins."""
        shape = shape - self._shares @ shape
        shape /= np.sqrt(max(self._shares @ shape**2, _NEVER_ZERO))
        squares = self._squares
        ridge = _RIDGE * np.trace(squares) / len(squares) + _NEVER_ZERO
        return np.linalg.solve(
            squares + ridge * np.eye(len(squares)), self._products @ shape
        )


def _cells(
    problem: Problem, gates: NDArray[np.intp], residuals: Residuals
) -> tuple[Tensor, NDArray[np.intp]]:
    """Mark the bin of each row in each column, (n_rows, n_columns * n_bins)."""
    assert problem.bins is not None
    bins, gate_of_column = problem.bins(gates, residuals.rows)
    marks = one_hot(torch.from_numpy(bins).long(), problem.n_bins)
    return marks.flatten(1).to(residuals.weights), gate_of_column


def _told_together(
    one: Tensor, other: Tensor, n_bins: int, residuals: Residuals, agreement: Agreement
) -> Tensor:
    """Compare what pairs of columns tell with what luck would, (n_one, n_other).

    A chi-squared statistic, of the table of two columns but for its margins.
    """
    shape = one.shape[1] // n_bins, n_bins, other.shape[1] // n_bins, n_bins
    weights, pulls = residuals.weights, residuals.pulls.flatten(0, 1)
    noise = torch.cat([pulls.square().sum(1), weights.sum()[None]])
    counts = one.t() @ (other * weights[:, None])
    agreement.sum_(noise, counts)
    told = one.new_zeros(shape[0], shape[2])
    for pull, spread in zip(pulls, noise[:-1] / noise[-1], strict=True):
        sums = (one * pull[:, None]).t() @ other
        agreement.sum_(sums)
        excess = _excess(sums.view(shape), counts.view(shape))
        luck = (counts.view(shape) * spread).clamp_(min=_NEVER_ZERO)
        told += excess.square_().div_(luck).sum((1, 3))
    return told


def _excess(sums: Tensor, counts: Tensor) -> Tensor:
    """Take off what the bins of each column alone tell, (n, n_bins, m, n_bins)."""

    def mean(dims: tuple[int, ...]) -> Tensor:
        n = counts.sum(dims, keepdim=True).clamp_(min=_NEVER_ZERO)
        return sums.sum(dims, keepdim=True) / n

    return sums - counts * (mean((3,)) + mean((1,)) - mean((1, 3)))


def _shapes(
    one: Tensor, other: Tensor, own: Residuals, agreement: Agreement
) -> tuple[NDArray, NDArray]:
    """Find what the bins of each of two columns tell beside the other's, (n_bins,)."""
    counts = one.t() @ (other * own.weights[:, None])
    tables = [one.t() @ (other * pull[:, None]) for pull in own.pulls[0]]
    agreement.sum_(counts, *tables)
    n = counts[None, :, None]
    rests = [_excess(table[None, :, None], n)[0, :, 0] for table in tables]
    told = [rest / counts.clamp(min=_NEVER_ZERO).sqrt() for rest in rests]
    most = max(told, key=lambda table: float(table.square().sum()))
    left, _, right = np.linalg.svd(most.double().cpu().numpy())
    return left[:, 0], right[0]
