"""The path: from all gates open to none, one training that goes on throughout.

The price of an open gate rises from stage to stage, each time to where the wanted
number of gates is worth it. So no cliff of the loss makes the path skip a size.

NOTE[DIFF] The paper trains at one given price, and how many gates that leaves is
seen at the end. Here the number is given, and the price is read off: it is the highest
score among the gates that closed.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .diverging import refuse_divergence
from .interplay import ask_again, begin_at_interplay
from .pairs import begin_at_pairs
from .problem import (
    Network,
    PathSolution,
    PointRecord,
    Problem,
    SolverConfig,
    StopReason,
)
from .recall import gates_to_recall
from .schedules import Schedule
from .threads import one_thread
from .together import residuals_of
from .training import Trainer
from .triples import begin_at_triples
from .wide import n_at_first, on_gates, with_members

__all__ = ["follow_path"]

# Gates are judged in one step of so many: what batches say of them is averaged anyway,
# and to judge costs as much as to train.
_JUDGED = 2
# Inputs of a network beyond which its steps are smaller, in proportion. A gate counts
# as three of them, the value and two folds, even where the value stands alone...
_WIDE, _INPUTS_A_GATE = 2000, 3


def follow_path(
    problem: Problem,
    config: SolverConfig,
    sizes: Sequence[int],
    *,
    schedule: Schedule | None = None,
    on_point: Callable[[PointRecord], bool] | None = None,
    look: Callable[[PointRecord], None] | None = None,
) -> PathSolution:
    """Close gates until none is open, and remember every support on the way.

    Parameters
    ----------
    problem : Problem
        Rows, targets and gates.
    config : SolverConfig
        How to train.
    sizes : sequence of int
        Numbers of open gates to visit after the first point; never increasing.
    schedule : Schedule, default=None
        Lengths of warm-up and stages; by default as the outputs need them.
    on_point : callable, default=None
        Shown each point; the path ends where it returns True.
    look : callable, default=None
        Shown each point before that.

    Returns
    -------
    solution : PathSolution
        All points, the first one with all gates open.
    """
    schedule = schedule or Schedule.for_outputs(problem.targets.shape[1])
    with one_thread(), torch.inference_mode():
        walk = _Walk(problem, config, schedule)
        walk.warm_up()
        for size in (None, *sizes):
            if size is not None:
                walk.close_down_to(size)
                walk.train_stage()
            point = walk.record()
            if look is not None:
                look(point)
            stops = on_point is not None and on_point(point)
            if config.agreement.any(stops):
                return walk.solution(StopReason.CALLBACK)
        return walk.solution(StopReason.PATH_COMPLETE)


class _Walk:
    """A path under way."""

    def __init__(
        self, problem: Problem, config: SolverConfig, schedule: Schedule
    ) -> None:
        self.problem, self.config, self.schedule = problem, config, schedule
        self.is_fine = False
        self.may_recall = config.recall and problem.n_asked > 0
        n_members = self._n_members(problem.inputs.shape[1])
        self.trainer = self._begin(with_members(problem, n_members))
        self.n_steps = 0
        self.price = np.full(self.trainer.n_runs, -np.inf)
        self.points: list[tuple] = []
        self.losses: list[Tensor] = []

    def _begin(self, problem: Problem) -> Trainer:
        trainer = Trainer(problem, self.config)
        if self.config.pairs and not self.config.exact:
            begin_at_pairs(trainer)
            if self.config.triples:
                begin_at_triples(trainer)
            trainer.agreement.follow_first_(trainer.networks.parameters)
        return trainer

    def warm_up(self, n_listen: int | None = None) -> None:
        """Train with all gates open until the networks fit something; judge gates."""
        schedule, trainer = self.schedule, self.trainer
        rate = self._rate()
        slowness = self._slowness()
        least = schedule.warm_up_steps(slowness)
        learned = schedule.learned * trainer.constant_loss
        for step in range(schedule.warm_up_max):
            trainer.step(rate, judge=False)
            self.n_steps += 1
            look = step >= least and step % 10 == 0
            if look and trainer.agreement.first(
                bool((trainer.train_loss < learned).all())
            ):
                break
        if n_listen is None:
            n_listen = schedule.listen_steps(len(trainer.is_open), slowness)
        self._train(n_listen)

    def _rate(self) -> float:
        """Size of a step; it moves what enters a unit as there are inputs, so fewer."""
        return self.config.learning_rate / self._slowness()

    def _slowness(self) -> float:
        """Say by what factor steps are smaller."""
        trainer = self.trainer
        n_inputs = trainer.networks.layer_sizes[0]
        if not trainer.held.is_sparse:  # ... but not where most of its cells are 0
            n_inputs = max(n_inputs, _INPUTS_A_GATE * len(trainer.is_open))
        return max(1.0, n_inputs / _WIDE)

    def _train(self, n_steps: int) -> None:
        rate = self._rate() * self.schedule.anneal
        for step in range(n_steps):
            self.trainer.step(rate, judge=step % _JUDGED == _JUDGED - 1)
        self.n_steps += n_steps

    def train_stage(self) -> None:
        """Let weights and scores settle on the open gates."""
        n_open = int(self.trainer.is_open.sum(0).max())
        self._train(self.schedule.stage_steps(n_open))

    def close_down_to(self, size: int) -> None:
        """Raise the price to where `size` gates are worth it, in each run."""
        self._recall(size)
        self._close(size)
        if self._read_finer():
            self._close(size)  # of those that have been asked again too
            return
        trainer = self.trainer
        n_all = self.problem.roles.trains.shape[2]
        n_inputs = int(trainer.layout.spread(trainer.is_open.any(1)).sum())
        if trainer.n_members < n_all == self._n_members(n_inputs):
            left = trainer.layout.gates[_in_use(trainer)]
            self._begin_anew(on_gates(self.problem, left))
            self.warm_up()

    def _close(self, size: int) -> None:
        trainer = self.trainer
        trainer.fall_in()
        scores = trainer.scores.values.clone()
        scores[torch.from_numpy(self._mandatory())] = torch.inf
        size = min(size, len(scores))
        order = scores.argsort(dim=0, descending=True, stable=True)
        is_open = torch.zeros_like(trainer.is_open).scatter_(0, order[:size], True)
        closed = scores.masked_fill(is_open, -torch.inf)
        if size < len(scores):
            price = closed.amax(0).double().cpu().numpy()
            self.price = np.maximum(self.price, price)
        for point in self.points[-1:]:
            point[1][:] = self.price
        trainer.open_only(is_open, self.schedule.spare)

    def _n_members(self, n_inputs: int) -> int:
        """Count the members that so many inputs leave room for."""
        sizes = [*self.config.hidden_layer_sizes, self.problem.targets.shape[1]]
        return n_at_first(self.problem.roles, n_inputs, sizes[0])

    def _read_finer(self) -> bool:
        """Ask, once, for what tells more of the gates left; tell if there is any.

        Beside them those that have closed are asked again.
        """
        problem, agreement = self.problem, self.config.agreement
        if self.is_fine or problem.finer is None:
            return False
        left = self._left()
        again = np.empty(0, dtype=np.intp)
        finer = problem.finer(left, again)
        if finer is None:
            return False
        unknown = None
        if self.config.interplay and not self.config.exact and problem.n_asked:
            unknown = residuals_of(self.trainer, len(left))
        if unknown is not None:
            again = ask_again(problem, unknown, left, agreement)
            finer = problem.finer(left, again) or finer
        self.is_fine = True
        self._begin_anew(_reading(problem, finer), again)
        if unknown is not None:
            begin_at_interplay(self.trainer, unknown)
            agreement.follow_first_(self.trainer.networks.parameters)
        self.warm_up()
        return True

    def _recall(self, size: int) -> None:
        """Where `size` gates are open for the second time, open others that may tell.

        Until there are none. Each of several runs would recall others: then it is none.
        """
        left, problem = self._left(), self.problem
        if not self.may_recall or self.trainer.n_runs > 1 or len(left) != size:
            return
        recalled = gates_to_recall(problem, self.trainer, left)
        self.may_recall = len(recalled) > 0
        if not self.may_recall:
            return
        finer = None
        if self.is_fine and problem.finer is not None:
            finer = problem.finer(left, recalled)
        if finer is not None:
            problem = _reading(problem, finer)
        else:
            problem = on_gates(problem, np.union1d(left, recalled))
        self._begin_anew(problem, recalled)
        self.warm_up(self.schedule.listen_recalled)

    def _left(self) -> NDArray[np.intp]:
        """List the gates that are open in some run, by number."""
        return np.sort(self.trainer.layout.gates[_in_use(self.trainer)])

    def _begin_anew(
        self, problem: Problem, others: NDArray[np.intp] | None = None
    ) -> None:
        """Make new networks, all members of them; open gates stay so, others open."""
        layout, was_open = self.trainer.layout, self.trainer.is_open
        del self.trainer  # its memory is wanted
        self.trainer = self._begin(problem)
        gates = self.trainer.layout.gates
        is_open = torch.ones_like(self.trainer.is_open)
        known = np.isin(gates, layout.gates)
        place = np.argsort(layout.gates)
        where = place[np.searchsorted(layout.gates, gates[known], sorter=place)]
        is_open[torch.from_numpy(known)] = was_open[torch.from_numpy(where)]
        if others is not None:
            is_open[torch.from_numpy(np.isin(gates, others))] = True
        self.trainer.open_only(is_open)

    def _mandatory(self) -> NDArray[np.bool_]:
        return self.problem.mandatory[self.trainer.layout.gates]

    def record(self) -> PointRecord:
        """Remember the support and its losses, and show the point."""
        trainer = self.trainer
        losses, factors = trainer.evaluate_stretched()
        gains = trainer.eval_constant - losses
        scored = [*trainer.mean(losses), *trainer.mean(gains)]
        self.losses.append(losses)
        gates = trainer.layout.gates
        shape = (trainer.n_runs, self.problem.n_gates)
        is_open = np.zeros(shape, dtype=bool)
        is_open[:, gates] = trainer.is_open.t().cpu().numpy()
        worth = np.full(shape, np.nan)
        worth[:, gates] = trainer.scores.values.t().cpu().numpy()
        self.points.append(
            (
                int(is_open[0].sum()),
                np.full(trainer.n_runs, np.inf),
                _numpy(trainer.train_loss),
                *(_numpy(values) for values in scored),
                is_open,
                worth,
            )
        )
        committee = partial(_committee, trainer, factors)
        return PointRecord(_numpy(losses), is_open, committee, self.is_fine)

    def solution(self, reason: StopReason) -> PathSolution:
        """Gather the points."""
        names = [field.name for field in fields(PathSolution)]
        columns = [np.stack(column) for column in zip(*self.points, strict=True)]
        arrays: dict[str, Any] = dict(zip(names, columns, strict=False))
        config = self.trainer.config
        for losses in (arrays["train_loss"], arrays["validation_loss"]):
            refuse_divergence(losses.ravel(), config.learning_rate, config.alpha)
        return PathSolution(
            **arrays,
            excess_se=self._excess_errors(arrays["validation_loss"]),
            n_steps=self.n_steps,
            stop_reason=reason,
        )

    def _excess_errors(self, means: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the error of each point's excess over the best, row by row."""
        best = means.argmin(axis=0)
        runs = range(self.trainer.n_runs)
        least = torch.stack([self.losses[best[run]][run] for run in runs])
        errors = [self.trainer.mean(losses - least)[1] for losses in self.losses]
        return np.stack([_numpy(error) for error in errors])


def _reading(
    problem: Problem, inputs_and_gates: tuple[Any, NDArray[np.intp]]
) -> Problem:
    """Read columns in another way."""
    inputs, gate_of_input = inputs_and_gates
    return replace(problem, inputs=inputs, gate_of_input=gate_of_input)


def _in_use(trainer: Trainer) -> NDArray[np.bool_]:
    """Tell which gates, in the order of the layout, are open in some run."""
    return trainer.is_open.any(1).cpu().numpy()


def _committee(trainer: Trainer, factors: Tensor, run: int) -> Network:
    return trainer.committee(run, factors[run])


def _numpy(values: Tensor) -> NDArray[np.float64]:
    return values.double().cpu().numpy().copy()
