"""The one training loop: a committee, its gates, and a step.

`Trainer` holds what changes during a training; `path.follow` and `fixed.train` say in
which order its steps, closings and evaluations come.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .arrays import load_array, renewed
from .batches import MovingRows
from .calibration import best_constant, stretch_factors, stretched
from .granularity import GateSet
from .inputs import held_as
from .losses import LOSSES
from .masks import GateLayout, Scores
from .noise import Noise
from .optimizers import Adam
from .ordering import canonical_order
from .parts import take_columns, take_rows
from .problem import Network, Problem, SolverConfig, StopReason
from .replay import steps_of
from .scored import ScoredRows, resting_network

__all__ = ["Trainer"]

# The training loss is looked at in one step of so many, and replaces this share of what
# is known of it.
_FOLLOWED, _NEW_LOSS = 4, 0.3
# Encoded columns up to which a small problem is solved in double precision.
_MOST_EXACT = 2**12


class Trainer:
    """Networks, gates and rows of one problem.

    Parameters
    ----------
    problem : Problem
        Rows, targets and gates.
    config : SolverConfig
        How to train.
    """

    def __init__(self, problem: Problem, config: SolverConfig) -> None:
        self.config = config
        self.agreement = config.agreement
        self.problem = problem
        self.loss = LOSSES[problem.loss]
        self.held = held_as(problem.inputs)
        roles = problem.roles
        _, self.n_runs, self.n_members = roles.trains.shape
        is_double = config.exact and problem.inputs.shape[1] <= _MOST_EXACT
        self.dtype = torch.float64 if is_double else torch.float32
        order = canonical_order(problem, self.agreement)
        self.layout = layout = GateLayout(problem.gate_of_input, order)
        self.generators = [
            torch.Generator().manual_seed(config.seed + run)
            for run in range(self.n_runs)
        ]
        self.noise = Noise(self.generators[0])
        self._load_rows()
        self._make_networks()
        # of each network, gates at which units of the first layer start, and these
        n_networks = self.networks.n_networks
        self.starts: list[dict[frozenset[int], range]] = [{} for _ in range(n_networks)]
        self.agreement.part_ways(self.generators)
        self.gates = GateSet(config.granularity, self.networks, layout)
        self.rests: list[Tensor | None] = [None] * len(self.networks.weights)
        self._set_rests()
        n_gates = sum(self.gates.sizes)
        self.is_open = torch.ones(
            n_gates, self.n_runs, dtype=torch.bool, device=config.device
        )
        # what a gate bends counts for it if it is open, and against it if it is closed
        self.half_sign = torch.full(
            (n_gates, n_networks), 0.5, dtype=self.dtype, device=config.device
        )
        self.scores = Scores(
            n_gates,
            self.n_runs,
            config.mask_learning_rate,
            self.networks.parameters,
        )
        self.train_loss = torch.zeros(
            self.n_runs, dtype=self.dtype, device=config.device
        )
        self._loss_weight, self._n_steps = 0.0, 0
        self._move = steps_of(self)
        self._draw_batches()

    def _tensor(self, array: NDArray) -> Tensor:
        return load_array(array, self.dtype, self.config.device)

    def _load(self, inputs: Any) -> Any:
        """Make of inputs what the networks read."""
        return self.held.load(inputs, self.dtype, self.config.device)

    def _load_rows(self) -> None:
        """Split the rows by role; a row may both train and be evaluated."""
        problem, roles = self.problem, self.problem.roles
        n_networks = self.n_runs * self.n_members
        moves = np.asarray((roles.trains | roles.judges).any(axis=(1, 2)))
        self.clusters = None if roles.clusters is None else roles.clusters[moves]
        inputs = take_columns(problem.inputs, self.layout.inputs)
        weights = problem.row_weights[:, None]
        size = self.config.batch_size
        self.batch_size = self.agreement.part_of(size, int(moves.sum()))
        shares, numpy_type = [], np.dtype(str(self.dtype)[6:])
        for role in (roles.trains, roles.judges):
            share = role.reshape(len(role), n_networks)[moves].astype(numpy_type)
            share *= weights[moves]
            # each network minimizes a mean over its own rows; a step, over its part
            total = self.agreement.sum_array(share.sum(axis=0, dtype=np.float64))
            total = np.maximum(total, 1e-300) / max(1, len(share))
            share /= total * min(len(share), self.batch_size)
            shares.append(self._tensor(share))
        train_weights, judge_weights = shares
        if np.array_equal(roles.trains, roles.judges):
            judge_weights = train_weights
        self.rows = MovingRows(
            self._load(take_rows(inputs, moves)),
            self._tensor(problem.targets[moves]),
            train_weights,
            judge_weights,
            apart=not self.held.shares_rows,
            n_units=(*self.config.hidden_layer_sizes, problem.targets.shape[1])[0],
        )
        self.scored = self._score_rows(inputs, moves, roles.evaluates)
        self.stretching = self.scored
        if roles.stretches is not None:
            self.stretching = self._score_rows(inputs, moves, roles.stretches)

    def _score_rows(
        self, inputs: Any, moves: NDArray[np.bool_], speaks: NDArray[np.bool_]
    ) -> ScoredRows:
        """Take the rows on which some member speaks."""
        rows = np.asarray(speaks.any(axis=(1, 2)))
        is_moving = np.array_equal(rows, moves)
        votes = speaks[rows].astype(np.float64)
        votes /= np.maximum(votes.sum(axis=2, keepdims=True), 1.0)
        targets, weights = self.problem.targets, self.problem.row_weights
        roles = self.problem.roles
        clusters = None
        if roles.clusters is not None:
            codes = self.agreement.gather_rows(roles.clusters[rows])
            clusters = torch.from_numpy(codes)
        return ScoredRows(
            self.rows.x if is_moving else self._load(take_rows(inputs, rows)),
            self.agreement.join_rows(self._tensor(targets[rows])),
            self.agreement.join_rows(self._tensor(weights[rows])),
            self._tensor(votes),
            self._tensor(roles.effective_rows),
            self.agreement,
            clusters,
        )

    def _make_networks(self) -> None:
        sizes = [
            self.rows.x.shape[1],
            *self.config.hidden_layer_sizes,
            self.rows.y.shape[1],
        ]
        self.networks = self.held.committee(
            sizes,
            self.n_runs * self.n_members,
            self.config.activation,
            self.dtype,
            self.config.device,
        )
        weights = self._tensor(self.problem.row_weights)
        targets = self._tensor(self.problem.targets)
        self.constant, self.constant_loss = best_constant(
            self.loss, targets, weights, self.agreement
        )
        self.networks.initialize(self.generators, self.constant)
        expanded = self.constant.expand(1, *self.scored.y.shape)
        self.eval_constant = self.loss.values(expanded, self.scored.y)
        self.adam = Adam(self.networks.parameters)

    def _draw_batches(self) -> None:
        self.drawing = self.rows.batches(self.batch_size, self.generators)
        self._move = steps_of(self, self._move)

    def step(self, learning_rate: float, judge: bool) -> None:
        """Move the weights by one batch and, if `judge`, the scores."""
        follows = self._n_steps % _FOLLOWED == 0
        numbers = next(self.drawing.numbers)
        said = self._move(self, numbers, learning_rate, judge, follows)
        if said.worth is not None:
            self.scores.update(said.worth)
        if said.losses is not None:
            self._follow_loss(said.losses)
        self._n_steps += 1

    def read_by_steps(self) -> list[Any]:
        """List what steps read or write and others may replace."""
        networks, adam = self.networks, self.adam
        return [
            *(networks.parameters, networks.gradient, adam.first, adam.second),
            *(self.drawing, self.rows.x, self.gates, self.half_sign),
            *self.gates.tensors(),
            *self.rests,
        ]

    def _follow_loss(self, losses: Tensor) -> None:
        """Keep a running mean of the training loss of each run."""
        per_run = losses.view(self.n_runs, self.n_members).mean(1)
        self._loss_weight += _NEW_LOSS * (1 - self._loss_weight)
        self.train_loss.lerp_(per_run, _NEW_LOSS / self._loss_weight)

    def _set_rests(self) -> None:
        """Say what decay leaves of the weights of each layer, as long as masks stay."""
        amount = self.config.learning_rate * self.config.alpha
        # a number would be made a tensor in every step: that takes longer than its use
        rest = self.networks.parameters.new_tensor(1 - amount)
        rests = [
            rest if mask is None else 1 - amount * mask for mask in self.gates.masks
        ]
        self.rests = [renewed(*pair) for pair in zip(self.rests, rests, strict=True)]

    def open_only(self, is_open: Tensor, spare: float = math.inf) -> None:
        """Set the gates; drop columns closed in all runs once they are many."""
        closing = self.is_open & ~is_open
        self.is_open = is_open
        in_use = is_open.any(1)
        n_in_use = int(in_use.sum())
        if n_in_use and len(in_use) > spare * n_in_use + 1:
            self._drop(in_use)
        factors = self.is_open.to(self.dtype).repeat_interleave(self.n_members, 1)
        self.half_sign = renewed(self.half_sign, factors - 0.5)
        self.gates.set(factors)
        self._set_rests()
        if bool(closing.any()):
            # a momentum left behind would go on moving the weights of a closed gate
            moments = self.networks.split(self.adam.first)[0]
            for moment, mask in zip(moments, self.gates.masks, strict=True):
                if mask is not None:
                    moment.mul_(mask)
        self.adam.flush()

    def _drop(self, kept: Tensor) -> None:
        """Forget columns; only where they are all that is behind gates."""
        # the batches of an epoch under way have the old columns, and hold them
        del self.drawing
        self._move = steps_of(self, self._move)
        self.layout, positions = self.layout.keep(kept.cpu().numpy())
        where = torch.from_numpy(positions).to(self.rows.x.device)
        users = {id(r): r for r in (self.rows, self.scored, self.stretching)}
        cut: dict[int, Any] = {}
        for rows in users.values():
            before = rows.x  # several may have the same
            if id(before) not in cut:
                cut[id(before)] = take_columns(before, where)
            rows.x = cut[id(before)]
        self.adam.replace(
            *self.networks.keep_inputs(where, self.adam.first, self.adam.second)
        )
        self.gates = GateSet(self.gates.names, self.networks, self.layout)
        self.scores.keep(kept)
        self.is_open = self.is_open[kept]
        self._draw_batches()

    def evaluate(self) -> Tensor:
        """Compute the loss of each run's committee on each evaluated row."""
        return self.loss.values(self._outputs(self.scored), self.scored.y)

    @property
    def holds_out(self) -> bool:
        """Whether there are rows to be evaluated."""
        return len(self.scored.y) > 0

    def held_out_loss(self) -> float:
        """Compute the mean loss of one run on evaluated rows, or else in training."""
        if self.holds_out:
            return float(self.mean(self.evaluate())[0])
        return float(self.train_loss) if self._loss_weight else math.inf

    def evaluate_stretched(self) -> tuple[Tensor, Tensor]:
        """Do so after the outputs have been stretched to their best; and by how much.

        By the factor of least loss on the evaluated rows, unless the roles name others.
        """
        outputs = known = self._outputs(self.scored)
        if self.stretching is not self.scored:
            known = self._outputs(self.stretching)
        factors = stretch_factors(
            self.loss,
            known,
            self.constant,
            self.stretching.y,
            self.stretching.run_weights,
        )
        # where no gate is open, all that outputs could say is how the training ended
        factors = factors * self.is_open.any(0)
        outputs = stretched(outputs, self.constant, factors)
        return self.loss.values(outputs, self.scored.y), factors

    def residuals(self, factors: Tensor | None = None) -> Tensor:
        """Compute what committees do not know of evaluated rows of this process.

        Of shape (n_runs, n_own_rows, n_outputs); 0 where a run says nothing of a row.
        Outputs are stretched by a factor for each run, if these are given.
        """
        self.networks.apply_masks(self.gates.masks)
        outputs = self.scored.own_outputs(self.networks)
        if factors is not None:
            outputs = stretched(outputs, self.constant, factors)
        rows = np.asarray(self.problem.roles.evaluates.any(axis=(1, 2)))
        targets = self._tensor(self.problem.targets[rows])
        return self.loss.residuals(outputs, targets).mul_(self.scored.speaks[..., None])

    def _outputs(self, rows: ScoredRows) -> Tensor:
        """Predict rows, (n_runs, n_rows, n_outputs)."""
        self.networks.apply_masks(self.gates.masks)
        return rows.outputs(self.networks)

    def committee(self, run: int, factor: Tensor) -> Network:
        """Copy the committee of a run as it is, its outputs stretched by a factor."""
        is_open = self.layout.spread(self.is_open[:, run]).cpu()
        places = is_open.nonzero()[:, 0]
        numbers = torch.from_numpy(self.layout.inputs)[places]
        return resting_network(
            self.networks,
            slice(run * self.n_members, (run + 1) * self.n_members),
            (places.to(self.rows.x.device), numbers.to(self.rows.x.device)),
            (self.constant, factor),
            (self.config.activation, self.problem.loss),
        )

    def mean(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Average (n_runs, n_rows) over the evaluated rows; and its standard error."""
        return self.scored.mean(values)

    def load(self, network: Network) -> None:
        """Begin with the weights of another network on the same columns."""
        coefs: list[Any] = list(network.coefs)  # some may be sparse matrices
        first, *others = (
            self._tensor(w if w.ndim == 3 else w.toarray()[None]) for w in coefs
        )
        where = torch.from_numpy(self.layout.inputs).to(first.device)
        self.networks.weights[0].copy_(first[:, where].permute(1, 0, 2))
        for weights, values in zip(self.networks.weights[1:], others, strict=True):
            weights.copy_(values)
        for bias, given in zip(self.networks.biases, network.intercepts, strict=True):
            bias.copy_(self._tensor(given))

    def train_on_all_rows(self) -> None:
        """Let held-out rows train too, from here on; they are still evaluated."""
        roles = self.problem.roles
        everywhere = np.ones_like(roles.trains)
        roles = replace(roles, trains=everywhere, judges=everywhere)
        self.problem = replace(self.problem, roles=roles)
        self._load_rows()
        self._draw_batches()

    def fall_in(self) -> None:
        """Take over the state of the first process: rounding differs by machine."""
        self.agreement.follow_first_(self.networks.parameters, self.scores.sums)

    def close_weights(self) -> None:
        """Set the weights behind closed gates to 0, which ends their wait."""
        for weights, mask in zip(self.networks.weights, self.gates.masks, strict=True):
            if mask is not None:
                weights.mul_(mask)

    def network(
        self,
        curves: tuple[list[float], list[float]],
        n_steps: int,
        reason: StopReason,
    ) -> Network:
        """Publish the networks as numpy arrays, columns in the problem's order."""
        first, *others = (w.cpu().numpy() for w in self.networks.weights)
        back = np.argsort(self.layout.inputs)
        coefs = (first.transpose(1, 0, 2)[:, back], *others)
        biases = (b.cpu().numpy() for b in self.networks.biases)
        return Network(
            tuple(np.array(w, dtype=np.float64, order="C") for w in coefs),
            tuple(np.array(b, dtype=np.float64, order="C") for b in biases),
            self.config.activation,
            self.problem.loss,
            np.array(curves[0]),
            np.array(curves[1]),
            n_steps,
            reason,
        )
