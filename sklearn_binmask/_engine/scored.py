"""Rows on which the committees of a training are scored, and a committee at rest."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from .agreement import ALONE, Agreement
from .networks import Committee
from .problem import Network, StopReason

__all__ = ["ScoredRows", "resting_network"]

# Rows predicted at a time when a support is evaluated, by all networks or each by one.
_CHUNK, _CHUNK_OF_ONE = 512, 4096
# Share of the predictions that are asked for, under which it is worth while to make no
# others; and the sets of members of a run, and members, up to which it is tried.
_LITTLE_SAVED, _MOST_PATTERNS, _MOST_MEMBERS = 0.6, 8, 62


class _Part(NamedTuple):
    """Rows of a run on which the same members speak."""

    run: int
    rows: Tensor
    members: Tensor


@dataclass(eq=False)
class ScoredRows:
    """Rows, and which members of each committee speak on each of them.

    Where several processes share a fit, each predicts rows of its own, and knows what
    all have predicted.

    Attributes
    ----------
    x : Tensor or SparseRows of shape (n_own_rows, n_inputs)
        Encoded columns, those dropped from the networks left out.
    y : Tensor of shape (n_rows, n_outputs)
        Targets of the rows of all processes.
    weights : Tensor of shape (n_rows,)
        Of these rows.
    votes : Tensor of shape (n_own_rows, n_runs, n_members)
        Share of each member in the prediction of its run; 0 for all members of a run
        where it has nothing to say.
    effective_rows : Tensor of shape (n_runs,)
        Rows that a mean over those of a run is worth.
    agreement : Agreement
        Among the processes.
    clusters : Tensor of shape (n_rows,), default=None
        Numbers of the clusters that rows of all processes belong to, if there are any.
    """

    x: Any
    y: Tensor
    weights: Tensor
    votes: Tensor
    effective_rows: Tensor
    agreement: Agreement = ALONE
    clusters: Tensor | None = None

    def outputs(self, networks: Committee) -> Tensor:
        """Predict the rows, (n_runs, n_rows, n_outputs); 0 where nobody speaks."""
        return self.agreement.join_rows(self.own_outputs(networks), 1)

    def own_outputs(self, networks: Committee) -> Tensor:
        """Predict the rows of this process, (n_runs, n_own_rows, n_outputs)."""
        if self._rows_of_each is not None:
            return self._each_its_own(networks, self._rows_of_each)
        if self._parts is None:
            return _committees(networks, self.x, self.votes)
        return self._part_by_part(networks, self._parts)

    @cached_property
    def _rows_of_each(self) -> Tensor | None:
        """List the rows of each network, (n_networks, n_most), `n_own_rows` for none.

        None if several members of a run speak on a row.
        """
        speaks = self.votes > 0
        n_rows, n_runs, n_members = speaks.shape
        if n_runs * n_members == 1 or not n_rows or not isinstance(self.x, Tensor):
            return None
        if bool((speaks.sum(2) > 1).any()):
            return None
        rows = [each.nonzero()[:, 0] for each in speaks.flatten(1).t()]
        return pad_sequence(rows, batch_first=True, padding_value=n_rows)

    def _each_its_own(self, networks: Committee, rows: Tensor) -> Tensor:
        """Predict each row with the one member of a run that speaks on it."""
        n_rows, n_runs, n_members = self.votes.shape
        run = torch.arange(len(rows), device=rows.device)[:, None] // n_members
        # the last row is for those who have fewer rows than others
        outputs = self.y.new_zeros(n_runs, n_rows + 1, self.y.shape[1])
        for some in rows.split(max(1, _CHUNK_OF_ONE // len(rows)), 1):
            read = self.x[some.clamp_max(n_rows - 1)]
            outputs[run, some] = networks.forward(read)[-1]
        return outputs[:, :-1]

    def _part_by_part(self, networks: Committee, parts: list["_Part"]) -> Tensor:
        """Predict each row with those who speak on it, and no others."""
        _, n_runs, n_members = self.votes.shape
        outputs = self.y.new_zeros(n_runs, len(self.x), self.y.shape[1])
        for run, rows, members in parts:
            votes = self.votes[rows, run : run + 1][:, :, members]
            who = members + run * n_members
            outputs[run, rows] = _committees(networks, self.x, votes, rows, who)[0]
        return outputs

    @cached_property
    def speaks(self) -> Tensor:
        """Tell which run speaks on which row, (n_runs, n_rows)."""
        return (self.votes.sum(2) > 0).t()

    @cached_property
    def _parts(self) -> list["_Part"] | None:
        """List rows on which the same members speak; None if that saves too little."""
        parts = [
            part for run in range(self.votes.shape[1]) for part in self._parts_of(run)
        ]
        n_spoken = sum(len(rows) * len(members) for _, rows, members in parts)
        return parts if n_spoken <= _LITTLE_SAVED * self.votes.numel() else None

    def _parts_of(self, run: int) -> list["_Part"]:
        """List them for one run: all rows together, if its members agree too rarely."""
        votes = self.votes[:, run] > 0
        everybody = torch.arange(votes.shape[1], device=votes.device)
        rows = votes.any(1).nonzero()[:, 0]
        if len(everybody) > _MOST_MEMBERS:
            return [_Part(run, rows, everybody)]
        codes = (votes.long() << everybody).sum(1)
        patterns = codes[rows].unique().tolist()
        if len(patterns) > _MOST_PATTERNS:
            return [_Part(run, rows, everybody)]
        return [
            _Part(
                run,
                (codes == code).nonzero()[:, 0],
                everybody[code >> everybody & 1 > 0],
            )
            for code in patterns
        ]

    def mean(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Average (n_runs, n_rows) over the rows of each run; and its standard error.

        Where there are clusters, rows of one may be as alike as they like: what its
        mean is off by is the sum of what clusters are off by (Liang and Zeger, 1986).
        """
        weights = self.run_weights
        total = weights.sum(1)
        mean = (weights * values).sum(1) / total
        rests = values - mean[:, None]
        if self.clusters is not None:
            return mean, self._length_of_sums(weights * rests) / total
        spread = (weights * rests.square()).sum(1) / total
        return mean, (spread / self.effective_rows).sqrt()

    def _length_of_sums(self, values: Tensor) -> Tensor:
        """Take the root of the sum of squares of sums over clusters, (n_runs,)."""
        squares = self._per_cluster(values).square().sum(1)
        n_clusters = (self._per_cluster(self._is_spoken_on) > 0).sum(1)
        factor = n_clusters / (n_clusters - 1).clamp_min(1)
        return (squares * factor).sqrt().to(values)

    def _per_cluster(self, values: Tensor) -> Tensor:
        """Sum (n_runs, n_rows) over the rows of each cluster.

        In the processor, where the order of the sum is always the same.
        """
        assert self.clusters is not None
        values = values.cpu().double()
        sums = values.new_zeros(len(values), int(self.clusters.max()) + 1)
        return sums.index_add_(1, self.clusters, values)

    @property
    def run_weights(self) -> Tensor:
        """Weight of each row in each run, (n_runs, n_rows)."""
        return self.weights * self._is_spoken_on

    @cached_property
    def _is_spoken_on(self) -> Tensor:
        """Tell which run speaks on which row of all processes."""
        return self.agreement.join_rows(self.speaks, 1)


def _committees(
    networks: Committee,
    x: Any,
    votes: Tensor,
    rows: Tensor | None = None,
    members: Any = None,
) -> Tensor:
    """Predict rows, by default all, with committees: (n_runs, n_rows, n_outputs)."""
    parts = []
    for start in range(0, max(1, len(votes)), _CHUNK):
        some = slice(start, start + _CHUNK)
        read = x[some if rows is None else rows[some]]
        outputs = networks.forward(read, members)[-1]
        outputs = outputs.view(*votes.shape[1:], *outputs.shape[1:])
        parts.append((outputs * votes[some].permute(1, 2, 0)[..., None]).sum(1))
    return torch.cat(parts, 1)


def resting_network(
    networks: Committee,
    members: slice,
    inputs: tuple[Tensor, Tensor],
    stretch: tuple[Tensor, Tensor],
    form: tuple[str, str],
) -> Network:
    """Copy a committee, without what its closed gates hide, to numpy.

    Parameters
    ----------
    networks : Committee
        All networks of a training.
    members : slice
        Those of the committee.
    inputs : tuple of Tensor
        Place in the first layer, and number in the problem, of each open input.
    stretch : tuple of Tensor
        The constant prediction, and the factor by which outputs are stretched about it.
    form : tuple of str
        Activation and loss.

    Returns
    -------
    network : Network
        On the open inputs, in the order of the problem.
    """
    places, numbers = inputs
    first = networks.weights[0][places[numbers.argsort()], members].permute(1, 0, 2)
    coefs = [first, *(weights[members] for weights in networks.weights[1:])]
    biases = [bias[members] for bias in networks.biases]
    constant, factor = stretch
    coefs[-1] = coefs[-1] * factor
    biases[-1] = constant + (biases[-1] - constant) * factor
    nothing = np.empty(0)
    return Network(
        tuple(_numpy(part) for part in coefs),
        tuple(_numpy(part) for part in biases),
        *form,
        nothing,
        nothing,
        0,
        StopReason.MAX_ITER,
    )


def _numpy(values: Tensor) -> NDArray[np.float64]:
    return np.array(values.cpu().numpy(), dtype=np.float64, order="C")
