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
alone, as what those tell is learned anyway. What the best pair tells is taken off the
errors before the next one is chosen. Half of the networks start at up to four pairs;
the rest keep units for what pairs do not tell.

NOTE[DIFF] The paper has no such start; ``SolverConfig.pairs=False`` leaves it out.
"""

from typing import Any

import torch
from torch import Tensor

from .agreement import Agreement
from .products import (
    LEAST_ROWS,
    MOST_ROWS,
    Found,
    Sample,
    Sum,
    best_of,
    candidates_of,
    is_bolder,
    let_say,
    limit_of_luck,
    note_start,
    samples_of_members,
    sizes_of,
    statistics_of,
    statistics_of_products,
    without,
)

__all__ = ["PAIR_UNITS", "SIGNS", "SIGN_OF_PRODUCT", "begin_at_pairs"]

# Multiplications that a search for pairs may take, which says how many rows it reads.
_MOST_WORK = 10**10
# Candidates of each output.
_CANDIDATES = 64
# Pairs of a network, of a bolder one, and the weights of units that read them.
_PAIRS, _MORE_PAIRS, _WEIGHT = 2, 4, 1.0
SIGNS = ((1, 1), (-1, -1), (1, -1), (-1, 1))
SIGN_OF_PRODUCT = tuple(one * other for one, other in SIGNS)
# Units that start at two pairs: the first ones.
PAIR_UNITS = _PAIRS * len(SIGNS)


def begin_at_pairs(trainer: Any) -> None:
    """Let units of new networks start at pairs of columns.

    Parameters
    ----------
    trainer : Trainer
        New; its networks' weights are changed.
    """
    n_gates, n_outputs = sizes_of(trainer)
    work = 8 * n_gates**2 * n_outputs  # of a row of each of two halves
    n_rows = min(MOST_ROWS, _MOST_WORK // work)
    if n_rows < LEAST_ROWS or n_gates < 3:
        return
    limit = limit_of_luck(n_gates * (n_gates - 1) / 2, trainer)
    for run in range(trainer.n_runs):
        found = candidates_of(trainer, run, n_rows, _candidates, by_two=True)
        for network, sample in samples_of_members(trainer, run):
            most = _MORE_PAIRS if is_bolder(network) else _PAIRS
            best = _best_pairs(sample, found, n_gates, limit, most, trainer.agreement)
            _start_at(trainer, network, best)


def _candidates(sample: Sample, sum_: Sum) -> Tensor:
    """List the pairs, ``i * n_gates + j``, that are best for some output."""
    x, found = sample.x, []
    for pull in sample.pull.t():
        statistics = statistics_of_products(x, x, pull, sum_).abs_().triu_(1)
        found.append(statistics.flatten().topk(min(_CANDIDATES, x.shape[1])).indices)
    return torch.cat(found)


def _best_pairs(
    sample: Sample,
    found: Found,
    n_gates: int,
    limit: float,
    most: int,
    agreement: Agreement,
) -> list[tuple[int, int, Tensor]]:
    """Choose the pairs that count, the best first, and what they tell of outputs.

    Each is the best beside those before it.
    """
    sum_ = agreement.sum_
    first, second = found.products // n_gates, found.products % n_gates
    alone = statistics_of(sample.x, sample, sum_).abs_()
    bar = torch.maximum(alone[first], alone[second])
    columns = sample.x.t().contiguous()
    product = columns[first].mul_(columns[second]).t()
    pairs: list[tuple[int, int, Tensor]] = []
    while len(pairs) < most:
        best = best_of(found, bar, limit, product, sample, agreement)
        if best is None:
            break
        pair = int(first[best[0]]), int(second[best[0]])
        pairs.append((*pair, best[1]))
        sample = without(sample, [pair], sum_)
    return pairs


def _start_at(trainer: Any, network: int, pairs: list[tuple[int, int, Tensor]]) -> None:
    """Add pairs to what the first units read, and let them say what these tell."""
    weights = trainer.networks.weights[0][:, network]
    n_pairs = weights.shape[1] // len(SIGNS)
    for number, (*columns, told) in enumerate(pairs[:n_pairs]):
        units = range(len(SIGNS) * number, len(SIGNS) * (number + 1))
        for sign, unit in zip(SIGNS, units, strict=True):
            for column, direction in zip(columns, sign, strict=True):
                weights[column, unit] += direction * _WEIGHT
        let_say(trainer.networks, network, units, SIGN_OF_PRODUCT, told)
        note_start(trainer, network, columns, units)
