"""What a search for products of columns looks at, whatever their number (see `pairs`).

The errors of the constant prediction, on rows that a network trains on; candidates come
from one network, or two that train on different rows, and each network chooses among
them by its own. Where these are few, luck among all products is hard to beat; it is
enough there to beat luck among the candidates, on those of its rows that the network
that named them has not read.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .agreement import Agreement
from .networks import Committee

__all__ = [
    "LEAST_ROWS",
    "MOST_ROWS",
    "Found",
    "Sample",
    "Sum",
    "bar_of",
    "best_of",
    "candidates_of",
    "confirmed",
    "free_units",
    "is_bolder",
    "let_say",
    "limit_of_luck",
    "note_start",
    "samples_of_members",
    "sizes_of",
    "starts_of",
    "statistics_of",
    "statistics_of_products",
    "without",
]

# Fewer rows would show the strongest products only, and those with luck.
LEAST_ROWS = 128
# Rows that tell candidates apart.
MOST_ROWS = 4096
# Chance that any product of columns of noise counts, where there is nothing but noise.
_LUCK = 0.05
# Rows of a network below which it takes two to find candidates, and others to confirm.
_FEW_ROWS = 512
_NEVER_ZERO = 1e-12
# Deviations beyond which a column is no larger, so that few rows do not decide alone.
_FAR = 2.0

# Adds up what the rows of all processes say, in place.
Sum = Callable[..., None]


class Sample(NamedTuple):
    """Rows that one network trains on."""

    x: Tensor  # (n_rows, n_gates): the first encoded column of each gate, clipped
    pull: Tensor  # (n_rows, n_outputs): weighted errors of the constant prediction
    clusters: Tensor | None  # (n_rows,): rows of one number tell little more than one
    n_clusters: int
    is_new: Tensor  # (n_rows, 2): not read by the networks that look for candidates


class Found(NamedTuple):
    """Candidates."""

    products: Tensor  # (n_products,): numbers of their columns
    by: Tensor  # (n_products, n_looking): which networks have come upon them
    is_of_few: bool  # whether those read few rows


def sizes_of(trainer: Any) -> tuple[int, int]:
    """Count the columns there are products of, and the outputs of all runs."""
    return len(trainer.layout.gates), trainer.rows.y.shape[1] * trainer.n_runs


def limit_of_luck(n_products: float, trainer: Any) -> float:
    """Bound the statistic of the best of so many products of columns of noise."""
    return math.sqrt(2 * math.log(n_products * trainer.rows.y.shape[1] / _LUCK))


def is_bolder(network: int) -> bool:
    """Say whether a network starts at more products, and at fewer random weights.

    That is so for every other two of them, as two in turn train on all rows. What one
    has no room for, its neighbours begin at.
    """
    return network // 2 % 2 == 1


def candidates_of(
    trainer: Any,
    run: int,
    n_rows: int,
    search: Callable[[Sample, Sum], Tensor],
    *,
    by_two: bool,
) -> Found:
    """List what one network of a run, or two on rows of their own, find, each once.

    Where rows are few, it is two anyway.
    """
    looking, agreement = _looking(trainer, run), trainer.agreement
    samples = [_sample(trainer, looking[0], n_rows, looking)]
    is_of_few = agreement.total(len(samples[0].x)) < _FEW_ROWS
    if by_two or is_of_few:
        samples.append(_sample(trainer, looking[1], n_rows, looking))
    found = [search(sample, agreement.sum_) for sample in samples]
    # machines that round differently must go on with the same ones
    for products in found:
        agreement.follow_first_(products)
    once = torch.unique(torch.cat(found))
    by = torch.stack([torch.isin(once, products) for products in found], dim=1)
    return Found(once, by, is_of_few)


def samples_of_members(trainer: Any, run: int) -> Iterator[tuple[int, Sample]]:
    """Yield each network of a run with rows that it trains on."""
    looking = _looking(trainer, run)
    for network in _members(trainer, run):
        yield network, _sample(trainer, network, MOST_ROWS, looking)


def _looking(trainer: Any, run: int) -> list[int]:
    members = _members(trainer, run)
    return [members[0], members[_partner(trainer, members)]]


def _members(trainer: Any, run: int) -> range:
    return range(run * trainer.n_members, (run + 1) * trainer.n_members)


def _partner(trainer: Any, members: range) -> int:
    """Find the first member that does not train on the rows of the very first."""
    trains = trainer.rows.train_weights[:, members.start : members.stop] > 0
    differs = (trains != trains[:, :1]).any(0)
    return int(trainer.agreement.first(int(differs.int().argmax())))


def _sample(trainer: Any, network: int, most: int, looking: list[int]) -> Sample:
    rows, weights = trainer.rows, trainer.rows.train_weights[:, network]
    some = torch.nonzero(weights)[: trainer.agreement.part_of(most, len(rows.x)), 0]
    y = rows.y[some]
    errors = trainer.loss.residuals(trainer.constant.expand(1, *y.shape), y)[0]
    firsts = rows.x[:, : len(trainer.layout.gates)][some].to_dense()
    clusters, n_clusters = None, 0
    if trainer.clusters is not None:
        # numbered anew: a table may have many more than a sample
        own = trainer.clusters[some.cpu().numpy()]
        known = np.unique(trainer.agreement.gather_rows(own))
        clusters = torch.from_numpy(np.searchsorted(known, own)).to(some.device)
        n_clusters = len(known)
    pull = weights[some, None] * errors
    is_new = rows.train_weights[some][:, looking] == 0
    return Sample(firsts.clamp(-_FAR, _FAR), pull, clusters, n_clusters, is_new)


def statistics_of(columns: Tensor, sample: Sample, sum_: Sum) -> Tensor:
    """Compare sums of columns times pulls with their errors, (n_columns, n_outputs).

    Where there are clusters, the error is that of a sum of sums over clusters.
    """
    if sample.clusters is None:
        spread = columns.square().t() @ sample.pull.square()
        sums = columns.t() @ sample.pull
        sum_(spread, sums)
    else:
        told = columns[:, :, None] * sample.pull[:, None]
        parts = told.new_zeros(sample.n_clusters, *told.shape[1:])
        parts.index_add_(0, sample.clusters, told)
        sum_(parts)
        spread, sums = parts.square().sum(0), parts.sum(0)
    return sums / spread.clamp_(min=_NEVER_ZERO).sqrt_()


def bar_of(fewer: Sequence[Tensor], sample: Sample, sum_: Sum) -> Tensor:
    """Say what statistics of products have to be larger than, (n_products, n_outputs).

    Parameters
    ----------
    fewer : sequence of Tensor of shape (n_rows, n_products)
        Factors of the products, and products of fewer of these.
    sample, sum_ : object
        The rows, and how sums over those of all processes are made.
    """
    statistics = (statistics_of(columns, sample, sum_).abs_() for columns in fewer)
    return reduce(torch.maximum, statistics)


def best_of(
    found: Found,
    bar: Tensor,
    limit: float,
    product: Tensor,
    sample: Sample,
    agreement: Agreement,
) -> tuple[int, Tensor] | None:
    """Choose the candidate that counts most, if any, and what it tells of outputs.

    Where rows are few and none is better than luck among all products, one may be
    better than luck among candidates, on rows that were not read to find it.
    """
    told = statistics_of(product, sample, agreement.sum_)
    excess = _over(bar.clamp(min=limit), told)
    agreement.follow_first_(excess)
    if found.is_of_few and not excess.any():
        excess = torch.where(
            confirmed(found, product, sample, agreement.sum_), _over(bar, told), 0.0
        )
        agreement.follow_first_(excess)
    best = int(excess.argmax())
    return (best, told[best]) if excess[best] > 0 else None


def _over(bar: Tensor, told: Tensor) -> Tensor:
    """Take the largest statistic of each product, of those that are over the bar."""
    return torch.where(told.abs() > bar, told.abs(), 0.0).amax(1)


def confirmed(found: Found, product: Tensor, sample: Sample, sum_: Sum) -> Tensor:
    """Tell which candidates count on rows that were not read to find them."""
    n_tests = int(found.by.sum()) * sample.pull.shape[1]
    limit = math.sqrt(2 * math.log(n_tests / _LUCK))
    counts = []
    for is_new in sample.is_new.t():
        new = sample._replace(pull=sample.pull * is_new[:, None])
        counts.append(statistics_of(product, new, sum_).abs().amax(1) > limit)
    return (found.by & torch.stack(counts, dim=1)).any(1)


def statistics_of_products(x: Tensor, other: Tensor, pull: Tensor, sum_: Sum) -> Tensor:
    """Compare sums of products of two columns times one pull with their errors.

    The products are those of each column of `x` with each of `other`; clusters are not
    looked at.
    """
    pulled = x * pull[:, None]
    sums = pulled.t() @ other
    spread = pulled.square_().t() @ other.square()
    sum_(spread, sums)
    return sums.div_(spread.clamp_(min=_NEVER_ZERO).sqrt_())


def without(sample: Sample, products: Sequence[Sequence[int]], sum_: Sum) -> Sample:
    """Take off the pulls, one by one, what products of columns tell of them."""
    pull = sample.pull
    for columns in products:
        product = sample.x[:, columns].prod(1)
        told, square = product @ pull, product.square().sum()
        sum_(told, square)
        pull = pull - product[:, None] * (told / square.clamp_(min=_NEVER_ZERO))
    return sample._replace(pull=pull)


def free_units(networks: Committee, network: int, units: Sequence[int]) -> None:
    """Let units of the first layer read nothing."""
    networks.weights[0][:, network, list(units)] = 0.0
    networks.biases[0][network, 0, list(units)] = 0.0


def note_start(
    trainer: Any, network: int, columns: Sequence[int], units: range
) -> None:
    """Remember which units of a network start at columns, these by place."""
    starts = trainer.starts[network]
    gone = [gates for gates, own in starts.items() if set(own) & set(units)]
    for gates in gone:
        del starts[gates]
    starts[frozenset(trainer.layout.gates[list(columns)].tolist())] = units


def starts_of(trainer: Any, network: int) -> list[list[int]]:
    """List the columns, by place, at which units of a network start."""
    gates, starts = trainer.layout.gates, trainer.starts[network]
    return [np.flatnonzero(np.isin(gates, list(start))).tolist() for start in starts]


def let_say(
    networks: Committee,
    network: int,
    units: Sequence[int],
    signs: Sequence[int],
    told: Tensor,
) -> None:
    """Set what units add to the outputs, where these come next.

    The slope of the loss would bring it there too, but among many columns not before
    other units know the rows by heart.

    Parameters
    ----------
    networks : Committee
        Whose weights are changed.
    network : int
        Which one.
    units : sequence of int
        Of its first layer.
    signs : sequence of int
        Of the product, where each of them fires.
    told : Tensor of shape (n_outputs,)
        Slopes of the loss of each output along the product, in any one unit.
    """
    if len(networks.weights) > 2:
        return
    shares = -told / (told.abs().max() * math.sqrt(networks.layer_sizes[1]))
    for unit, sign in zip(units, signs, strict=True):
        networks.weights[1][network, unit] = sign * shares
