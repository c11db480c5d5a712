"""Where to begin: at three columns whose product tells what no two of them tell.

The sign of a product of three columns has no slope and no pair that tells of it; small
networks come upon it by chance, among twenty columns often, among fifty hardly ever. As
for pairs (see `pairs`), all products are looked at: the third moments of the columns,
weighted with the errors of the constant prediction. That costs rows times columns
cubed.

What the pairs tell at which a network starts is taken off the errors first. A triple
counts if its statistic is larger than that of any triple of noise is likely to be, and
larger than that of each of its columns and of each two of them, as what those tell is
learned anyway, and shines through where columns hang together. A second one has room
where no unit starts at a pair; half of the networks prefer it to their pairs.

NOTE[DIFF] The paper has no such start; ``SolverConfig.triples=False`` leaves it out.
"""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from .agreement import Agreement
from .networks import Committee
from .pairs import PAIR_UNITS
from .products import (
    LEAST_ROWS,
    MOST_ROWS,
    Found,
    Sample,
    Sum,
    bar_of,
    best_of,
    candidates_of,
    free_units,
    is_bolder,
    let_say,
    limit_of_luck,
    note_start,
    samples_of_members,
    sizes_of,
    starts_of,
    statistics_of,
    statistics_of_products,
    without,
)

__all__ = ["begin_at_triples"]

# Multiplications that a search for triples may take, which says how many rows it reads.
_MOST_WORK = 10**9
# Candidates of each output, none of which has the same first column.
_CANDIDATES = 16
_NEVER_ZERO = 1e-12
# Eight units read a triple: each fires at one corner of a cube, and there alone.
_SIGNS = tuple(itertools.product((1, -1), repeat=3))
_SIGN_OF_PRODUCT = tuple(math.prod(signs) for signs in _SIGNS)
_WEIGHT, _BIAS = 1.0, -1.0
# Units that start at a triple, where those of the third pair are; then at another one.
_UNITS = range(PAIR_UNITS, PAIR_UNITS + len(_SIGNS)), range(PAIR_UNITS)


def begin_at_triples(trainer: Any) -> None:
    """Let units of new networks start at three columns, if they are wide enough.

    Parameters
    ----------
    trainer : Trainer
        New; its networks' weights are changed.
    """
    n_gates, n_outputs = sizes_of(trainer)
    work = n_gates**3 * n_outputs // 3  # of a row
    n_rows = min(MOST_ROWS, _MOST_WORK // work)
    is_wide = trainer.networks.layer_sizes[1] >= _UNITS[0].stop
    if n_rows < LEAST_ROWS or n_gates < 4 or not is_wide:
        return
    limit = limit_of_luck(n_gates * (n_gates - 1) * (n_gates - 2) / 6, trainer)
    agreement = trainer.agreement
    for run in range(trainer.n_runs):
        pairs = starts_of(trainer, run * trainer.n_members)

        def search(sample: Sample, sum_: Sum, pairs: Any = pairs) -> Tensor:
            return _candidates(without(sample, pairs, sum_), sum_)

        found = candidates_of(trainer, run, n_rows, search, by_two=False)
        for network, sample in samples_of_members(trainer, run):
            for units in _free_units(trainer, network):
                known = starts_of(trainer, network)
                rest = without(sample, known, agreement.sum_)
                best = _best_triple(rest, found, n_gates, limit, agreement)
                if best is None:
                    break
                _start_at(trainer.networks, network, units, *best)
                note_start(trainer, network, best[0].tolist(), units)


def _free_units(trainer: Any, network: int) -> Iterator[range]:
    """Yield units where a triple may start, and those where another one may."""
    yield _UNITS[0]
    if is_bolder(network) or not any(
        units.start < PAIR_UNITS for units in trainer.starts[network].values()
    ):
        yield _UNITS[1]


def _columns(found: Tensor, n_gates: int) -> Tensor:
    """Tell the columns of triples, (3, n_triples)."""
    return torch.stack(
        [found // n_gates**2, found // n_gates % n_gates, found % n_gates]
    )


def _candidates(sample: Sample, sum_: Sum) -> Tensor:
    """List the triples, ``(i * n_gates + j) * n_gates + k``, best for some output.

    Of those with the same first column, the best one. As columns are clipped, their
    products are of much the same size, and the error of each need not be computed.
    """
    x, n_gates = sample.x, sample.x.shape[1]
    squares, n_rows = x.square().sum(0), x.new_tensor(len(x))
    sum_(squares, n_rows)
    columns = (x / (squares / n_rows).clamp_(min=_NEVER_ZERO).sqrt_()).t().contiguous()
    alone = statistics_of(x, sample, sum_).abs_()
    best = []
    for pull, single in zip(sample.pull.t(), alone.t(), strict=True):
        error = pull.square().sum()
        sum_(error)
        pull = pull / error.clamp_(min=_NEVER_ZERO).sqrt_()
        fewer = statistics_of_products(x, x, pull, sum_).abs_()
        fewer = torch.maximum(fewer, torch.maximum(single[:, None], single))
        later = fewer + torch.full_like(fewer, torch.inf).tril_()
        tops = [
            _best_with(i, columns, pull, fewer, later, sum_) for i in range(n_gates - 2)
        ]
        values, places = (torch.stack(parts) for parts in zip(*tops, strict=True))
        best.append(places[values.topk(min(_CANDIDATES, len(values))).indices])
    return torch.cat(best)


def _best_with(
    i: int, columns: Tensor, pull: Tensor, fewer: Tensor, later: Tensor, sum_: Sum
) -> tuple[Tensor, Tensor]:
    """Find the triple of a column and two later ones that tells most, and how much."""
    n_gates, start = len(columns), i + 1
    told = (columns[start:] * (pull * columns[i])) @ columns[start:].t()
    sum_(told)
    bar = torch.maximum(fewer[i, start:, None], fewer[i, start:])
    bar = torch.maximum(bar, later[start:, start:])
    told.abs_()
    told *= told > bar
    value, place = told.flatten().max(0)
    j, k = place // len(told) + start, place % len(told) + start
    return value, (i * n_gates + j) * n_gates + k


def _best_triple(
    sample: Sample, found: Found, n_gates: int, limit: float, agreement: Agreement
) -> tuple[Tensor, Tensor] | None:
    """Choose the triple that counts most, if any, and what it tells of outputs."""
    triples = _columns(found.products, n_gates)
    one, two, three = (sample.x.index_select(1, columns) for columns in triples)
    bar = bar_of(
        (one, two, three, one * two, one * three, two * three), sample, agreement.sum_
    )
    # where none was better than its columns, a column and the square of another came
    bar[triples[1] >= triples[2]] = torch.inf
    best = best_of(found, bar, limit, one * two * three, sample, agreement)
    return None if best is None else (triples[:, best[0]], best[1])


def _start_at(
    networks: Committee, network: int, units: range, triple: Tensor, told: Tensor
) -> None:
    """Let units read three columns and nothing else, and say what these tell."""
    free_units(networks, network, units)
    for unit, signs in zip(units, _SIGNS, strict=True):
        for column, sign in zip(triple, signs, strict=True):
            networks.weights[0][column, network, unit] = sign * _WEIGHT
        networks.biases[0][network, 0, unit] = _BIAS
    let_say(networks, network, units, _SIGN_OF_PRODUCT, told)
