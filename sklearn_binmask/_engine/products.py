"""What a search for products of columns looks at, whatever their number (see `pairs`).

The errors of the constant prediction, on rows that a network trains on; candidates come
from two networks that train on different rows, and each network chooses among them by
its own.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

__all__ = [
    "LEAST_ROWS",
    "MOST_ROWS",
    "Sample",
    "Sum",
    "limit_of_luck",
    "look_at_halves",
    "samples_of_members",
    "sizes_of",
    "statistics_of",
    "statistics_of_products",
]

# Fewer rows would show the strongest products only, and those with luck.
LEAST_ROWS = 128
# Rows that tell candidates apart.
MOST_ROWS = 4096
# Chance that any product of columns of noise counts, where there is nothing but noise.
_LUCK = 0.05
_NEVER_ZERO = 1e-12

# Adds up what the rows of all processes say, in place.
Sum = Callable[..., None]


class Sample(NamedTuple):
    """Rows that one network trains on."""

    x: Tensor  # (n_rows, n_gates): the first encoded column of each gate
    errors: Tensor  # (n_rows, n_outputs): of the constant prediction
    weights: Tensor  # (n_rows,)

    @property
    def pull(self) -> Tensor:
        """Weighted errors, (n_rows, n_outputs)."""
        return self.weights[:, None] * self.errors


def sizes_of(trainer: Any) -> tuple[int, int]:
    """Count the columns there are products of, and the outputs of all runs."""
    return len(trainer.layout.gates), trainer.rows.y.shape[1] * trainer.n_runs


def limit_of_luck(n_products: float, trainer: Any) -> float:
    """Bound the statistic of the best of so many products of columns of noise."""
    return math.sqrt(2 * math.log(n_products * trainer.rows.y.shape[1] / _LUCK))


def look_at_halves(
    trainer: Any, run: int, n_rows: int, search: Callable[[Sample, Sum], Tensor]
) -> Tensor:
    """Join what two networks of a run find on rows of their own, each thing once."""
    members = _members(trainer, run)
    partners = members[0], members[_partner(trainer, members)]
    halves = [_sample(trainer, network, n_rows) for network in partners]
    found = torch.cat([search(half, trainer.agreement.sum_) for half in halves])
    # machines that round differently must go on with the same ones
    trainer.agreement.follow_first_(found)
    return torch.unique(found)


def samples_of_members(trainer: Any, run: int) -> Iterator[tuple[int, Sample]]:
    """Yield each network of a run with rows that it trains on."""
    for network in _members(trainer, run):
        yield network, _sample(trainer, network, MOST_ROWS)


def _members(trainer: Any, run: int) -> range:
    return range(run * trainer.n_members, (run + 1) * trainer.n_members)


def _partner(trainer: Any, members: range) -> int:
    """Find the first member that does not train on the rows of the very first."""
    trains = trainer.rows.train_weights[:, members.start : members.stop] > 0
    differs = (trains != trains[:, :1]).any(0)
    return int(trainer.agreement.first(int(differs.int().argmax())))


def _sample(trainer: Any, network: int, most: int) -> Sample:
    rows, weights = trainer.rows, trainer.rows.train_weights[:, network]
    some = torch.nonzero(weights)[: trainer.agreement.part_of(most, len(rows.x)), 0]
    y = rows.y[some]
    errors = trainer.loss.residuals(trainer.constant.expand(1, *y.shape), y)[0]
    firsts = rows.x[:, : len(trainer.layout.gates)][some].to_dense()
    return Sample(firsts, errors, weights[some])


def statistics_of(columns: Tensor, pull: Tensor, sum_: Sum) -> Tensor:
    """Compare sums of columns times pulls with their errors, (n_columns, n_outputs)."""
    spread, sums = columns.square().t() @ pull.square(), columns.t() @ pull
    sum_(spread, sums)
    return sums / spread.clamp_(min=_NEVER_ZERO).sqrt_()


def statistics_of_products(x: Tensor, other: Tensor, pull: Tensor, sum_: Sum) -> Tensor:
    """The same for each product of a column of `x` and one of `other`, for one pull."""
    spread = (x * pull[:, None]).square_().t() @ other.square()
    sums = (x * pull[:, None]).t() @ other
    sum_(spread, sums)
    return sums.div_(spread.clamp_(min=_NEVER_ZERO).sqrt_())
