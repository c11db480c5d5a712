"""When few columns are left, those that have closed are looked at once more.

A closed gate goes on being judged, but by networks that do not use what it tells: where
two columns tell something together, and one of them has closed early, the other is
worth little from then on, and the first seems worth nothing. And where what they tell
is neither a slope nor a product, such as a thin ring, small networks do not come upon
it by themselves.

So they are looked at in pairs, bin by bin (see `together`). Closed gates that tell more
beside a column that is left than any pair of noise is likely to are asked again. And of
new networks, four units start at each of the best pairs of which that is true, with the
shapes that these have on the rows that the network trains on: the first singular
vectors of the table of sums, one for each of the two columns, in the four combinations
of signs. Rows that judge have a say in which pairs these are, and none in the shapes.

NOTE[DIFF] The paper has neither; ``SolverConfig.interplay=False`` leaves them out.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .agreement import Agreement
from .pairs import SIGNS
from .parts import dense_part
from .problem import Problem
from .products import free_units
from .together import Residuals, cells_of, off_margins, told_together

__all__ = ["ask_again", "begin_at_interplay"]

# Numbers that say in which cells rows are, held at a time.
_BLOCK = 2**21
# Pairs at which a network starts, if it has twice as many units as these take.
_PAIRS = 2
# Ridge of the regression of what a bin tells on encoded columns.
_RIDGE = 1e-3
_NEVER_ZERO = 1e-12


def ask_again(
    problem: Problem,
    residuals: Residuals,
    left: NDArray[np.intp],
    agreement: Agreement,
) -> NDArray[np.intp]:
    """Choose closed gates that tell something beside those that are left.

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
    beside, gate_of_left = cells_of(problem, left, residuals)
    best = np.full(problem.n_gates, -np.inf)
    n_columns = np.zeros(problem.n_gates, dtype=np.intp)
    n_held = max(1, _BLOCK // (len(residuals.rows) * problem.n_bins + 1))
    n_held = agreement.first(n_held)  # the same in all processes
    for start in range(0, len(closed), n_held):
        some = closed[start : start + n_held]
        cells, gate_of_column = cells_of(problem, some, residuals)
        told = told_together(beside, cells, problem.n_bins, residuals, agreement)
        most = told.that_counts(len(gate_of_left) * len(closed)).amax(0)
        agreement.follow_first_(most)
        np.maximum.at(best, gate_of_column, most.cpu().numpy())
        np.add.at(n_columns, gate_of_column, 1)
    fits = n_columns[closed] <= problem.n_asked
    closed = closed[fits & np.isfinite(best[closed])]
    ranked = closed[np.argsort(-best[closed], kind="stable")]
    return ranked[np.cumsum(n_columns[ranked]) <= problem.n_asked]


def begin_at_interplay(trainer: Any, residuals: Residuals) -> None:
    """Let units of new networks start at what pairs of columns tell together.

    Those that start at products of columns already are left alone.

    Parameters
    ----------
    trainer : Trainer
        New; its networks' weights are changed.
    residuals : Residuals
        Of the networks before.
    """
    problem, agreement = trainer.problem, trainer.agreement
    networks, first = trainer.networks, trainer.networks.weights[0]
    cells, gate_of_column = cells_of(problem, np.sort(trainer.layout.gates), residuals)
    pairs = _best_pairs(problem, cells, gate_of_column, residuals, agreement)
    gates = [frozenset(gate_of_column[list(pair)].tolist()) for pair in pairs]
    cells = cells.unflatten(1, (-1, problem.n_bins))
    sides: dict[int, _Side] = {}
    for network, known in enumerate(trainer.starts):
        run, member = divmod(network, trainer.n_members)
        own = residuals.of(run, problem.roles.trains[:, run, member])
        for place, units in _units_of_pairs(gates, known, first.shape[2]):
            pair = one, other = pairs[place]
            free_units(networks, network, units)
            shapes = _shapes(cells[:, one], cells[:, other], own, agreement)
            for column, shape, signs in zip(
                pair, shapes, zip(*SIGNS, strict=True), strict=True
            ):
                if column not in sides:
                    gate = gate_of_column[column]
                    sides[column] = _Side(trainer, residuals, cells[:, column], gate)
                side = sides[column]
                weights = first.new_tensor(side.weights_of(shape))
                for unit, sign in zip(units, signs, strict=True):
                    first[side.places, network, unit] = sign * weights


def _units_of_pairs(
    pairs: Sequence[frozenset[int]],
    known: dict[frozenset[int], range],
    n_units: int,
) -> Iterator[tuple[int, Sequence[int]]]:
    """Yield places of pairs, the best first, and free units that are to start there.

    Where units start at a pair already, that waits until others have theirs.
    """
    taken = {unit for units in known.values() for unit in units}
    free = [unit for unit in range(n_units) if unit not in taken]
    n_pairs = min(_PAIRS, n_units // (2 * len(SIGNS)), len(free) // len(SIGNS))
    order = sorted(range(len(pairs)), key=lambda place: pairs[place] in known)
    for place in order[:n_pairs]:
        yield place, free[-len(SIGNS) :]
        del free[-len(SIGNS) :]


def _best_pairs(
    problem: Problem,
    cells: Tensor,
    gate_of_column: NDArray[np.intp],
    residuals: Residuals,
    agreement: Agreement,
) -> list[tuple[int, int]]:
    """List the pairs of columns of two gates that count, the best ones first."""
    n_columns = len(gate_of_column)
    told = told_together(cells, cells, problem.n_bins, residuals, agreement)
    excess = told.that_counts(n_columns * (n_columns - 1) // 2)
    agreement.follow_first_(excess)
    later = np.triu(gate_of_column[:, None] != gate_of_column, 1)
    values = np.where(later, excess.cpu().numpy(), -np.inf).ravel()
    best = np.argsort(-values, kind="stable")[: np.isfinite(values).sum()]
    return [divmod(int(pair), n_columns) for pair in best]


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
        x, cells = torch.from_numpy(part).to(cells).double(), cells.double()
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
        ridged = squares + ridge * np.eye(len(squares))
        return np.linalg.solve(ridged, self._products @ shape)


def _shapes(
    one: Tensor, other: Tensor, own: Residuals, agreement: Agreement
) -> tuple[NDArray, NDArray]:
    """Find what the bins of each of two columns tell beside the other's, (n_bins,)."""
    counts = one.t() @ (other * own.weights[:, None])
    tables = [one.t() @ (other * pull[:, None]) for pull in own.pulls[0]]
    agreement.sum_(counts, *tables)
    n = counts[None, :, None]
    rests = [off_margins(table[None, :, None], n)[0, :, 0] for table in tables]
    told = [rest / counts.clamp(min=_NEVER_ZERO).sqrt() for rest in rests]
    most = max(told, key=lambda table: float(table.square().sum()))
    left, _, right = np.linalg.svd(most.double().cpu().numpy())
    return left[:, 0], right[0]
