"""Where to begin: at pairs of columns whose product tells what neither tells alone.

The slope of the loss along the weights of a random network says nothing of a product of
two columns until some unit happens to read both; among a thousand columns that takes
more steps than there is patience, or signal in the rows. But all products are seen at
once in one matrix: that of the second moments of the columns, weighted with the errors
of the constant prediction (the Hessian of Li, 1992, "On principal Hessian directions",
read entry by entry). Four units of a network start at each of its pairs: one for each
combination of signs, from which any function of the product can be read off.

Every member looks at the rows that it trains on, and no others: what luck shows it, the
rows on which gates are judged deny. A pair counts if its statistic is larger than that
of any pair of noise is likely to be, and larger than that of either of its columns
alone, as what those tell is learned anyway.

NOTE[DIFF] The paper has no such start; ``SolverConfig.pairs=False`` leaves it out.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

__all__ = ["SIGNS", "begin_at_pairs"]

# Multiplications that a search for pairs may take, which says how many rows it reads.
_MOST_WORK = 10**10
# Fewer rows would show the strongest pairs only, and those with luck.
_LEAST_ROWS = 128
# Rows that tell candidates apart, and candidates of each output.
_MOST_ROWS, _CANDIDATES = 4096, 64
# Pairs of a network, and the weights of its units that read them.
_PAIRS, _WEIGHT = 2, 1.0
SIGNS = ((1, 1), (-1, -1), (1, -1), (-1, 1))
# Chance that any pair of columns of noise counts, where there is nothing but noise.
_LUCK = 0.05
_NEVER_ZERO = 1e-12

# Adds up what the rows of all processes say, in place.
Sum = Callable[..., None]


class _Sample(NamedTuple):
    """Rows that one network trains on."""

    x: Tensor  # (n_rows, n_gates): the first encoded column of each gate
    errors: Tensor  # (n_rows, n_outputs): of the constant prediction
    weights: Tensor  # (n_rows,)


def begin_at_pairs(trainer: Any) -> None:
    """Let units of new networks start at pairs of columns.

    Parameters
    ----------
    trainer : Trainer
        New; its networks' weights are changed.
    """
    n_gates, n_outputs = len(trainer.layout.gates), trainer.rows.y.shape[1]
    work = 8 * n_gates**2 * n_outputs * trainer.n_runs  # of a row of each of two halves
    n_rows = min(_MOST_ROWS, _MOST_WORK // work)
    if n_rows < _LEAST_ROWS or n_gates < 3:
        return
    n_pairs = n_gates * (n_gates - 1) / 2
    limit = math.sqrt(2 * math.log(n_pairs * n_outputs / _LUCK))
    for run in range(trainer.n_runs):
        members = range(run * trainer.n_members, (run + 1) * trainer.n_members)
        sum_ = trainer.agreement.sum_
        partners = members[0], members[_partner(trainer, members)]
        halves = [_sample(trainer, network, n_rows) for network in partners]
        found = torch.cat([_candidates(half, sum_) for half in halves])
        # machines that round differently must go on with the same ones
        trainer.agreement.follow_first_(found)
        found = torch.unique(found)
        for network in members:
            sample = _sample(trainer, network, _MOST_ROWS)
            pairs = _best_pairs(sample, found // n_gates, found % n_gates, limit, sum_)
            _start_at(trainer.networks.weights[0][:, network], pairs)


def _partner(trainer: Any, members: range) -> int:
    """Find the first member that does not train on the rows of the very first."""
    trains = trainer.rows.train_weights[:, members.start : members.stop] > 0
    differs = (trains != trains[:, :1]).any(0)
    return int(trainer.agreement.first(int(differs.int().argmax())))


def _sample(trainer: Any, network: int, most: int) -> _Sample:
    rows, weights = trainer.rows, trainer.rows.train_weights[:, network]
    some = torch.nonzero(weights)[: trainer.agreement.part_of(most, len(rows.x)), 0]
    y = rows.y[some]
    errors = trainer.loss.residuals(trainer.constant.expand(1, *y.shape), y)[0]
    firsts = rows.x[:, : len(trainer.layout.gates)][some].to_dense()
    return _Sample(firsts, errors, weights[some])


def _candidates(sample: _Sample, sum_: Sum) -> Tensor:
    """List the pairs, ``i * n_gates + j``, that are best for some output."""
    x, x2 = sample.x, sample.x.square()
    found = []
    for error in sample.errors.t():
        pull = (sample.weights * error)[:, None]
        spread = (x2 * pull.square()).t() @ x2
        statistics = (x * pull).t() @ x
        sum_(spread, statistics)
        spread.clamp_(min=_NEVER_ZERO).sqrt_()
        statistics.abs_().div_(spread).triu_(1)
        found.append(statistics.flatten().topk(min(_CANDIDATES, x.shape[1])).indices)
    return torch.cat(found)


def _best_pairs(
    sample: _Sample, first: Tensor, second: Tensor, limit: float, sum_: Sum
) -> list[tuple[int, int]]:
    """Choose the pairs that count, the best ones first."""
    pull = sample.weights[:, None] * sample.errors
    alone = _statistics(sample.x, pull, sum_)
    products = sample.x.index_select(1, first)
    products.mul_(sample.x.index_select(1, second))
    statistics = _statistics(products, pull, sum_)
    bar = torch.maximum(alone[first], alone[second]).clamp_(min=limit)
    excess = torch.where(statistics > bar, statistics, 0.0).amax(1)
    best = excess.topk(min(_PAIRS, len(excess))).indices
    return [(int(first[n]), int(second[n])) for n in best if excess[n] > 0]


def _statistics(columns: Tensor, pull: Tensor, sum_: Sum) -> Tensor:
    """Compare sums of columns times pulls with their errors, (n_columns, n_outputs)."""
    spread, statistics = columns.square().t() @ pull.square(), columns.t() @ pull
    sum_(spread, statistics)
    return statistics.abs_() / spread.clamp_(min=_NEVER_ZERO).sqrt_()


def _start_at(weights: Tensor, pairs: list[tuple[int, int]]) -> None:
    """Add pairs to the weights (n_inputs, n_units) of the first units."""
    n_pairs = weights.shape[1] // len(SIGNS)
    for number, columns in enumerate(pairs[:n_pairs]):
        for sign, unit in zip(SIGNS, range(4 * number, 4 * number + 4), strict=True):
            for column, direction in zip(columns, sign, strict=True):
                weights[column, unit] += direction * _WEIGHT
