"""A trial of smaller and larger supports than the path would have."""

from dataclasses import replace
from typing import Any

import numpy as np

from .._engine.problem import Comparison, PathSolution, StopReason
from .._engine.wide import on_gates
from .._path.trial import (
    choose_trained,
    is_as_good,
    is_proven,
    point_below,
    points_to_try,
    roles_of_trial,
    worth_of_stages,
)
from .road import Ask

__all__ = ["Trial"]


class Trial:
    """Compares supports by networks that are trained as the final one is.

    Parameters
    ----------
    ask : Ask
        What the path was asked; some rows are held out.
    solution : PathSolution
        Its answer.
    least : int
        Fewest columns allowed.

    Attributes
    ----------
    n_steps : int
        Training steps taken so far.
    """

    def __init__(self, ask: Ask, solution: PathSolution, least: int) -> None:
        self.ask = ask
        self.solution = solution
        self.least = least
        self.n_steps = 0

    def __call__(self, point: int) -> int:
        """Reconsider a point: go down where that is as good, up where it is better."""
        if self.solution.stop_reason is StopReason.CALLBACK:
            return point
        return self._up(self._down(point))

    def _down(self, point: int) -> int:
        """Leave out what is worth nothing, unless networks without it are worse."""
        below = self._agreed(self._point_below(point))
        if below == point:
            return point
        as_good = self._agreed(is_as_good(self._train([below, point])))
        return below if as_good else point

    def _point_below(self, point: int) -> int:
        solution = self.solution
        if not is_proven(solution):
            return point
        sizes = self.ask.gates.columns(solution.open_gates[:, 0]).sum(axis=1)
        allowed = sizes >= min(self.least, sizes[point])
        worth, gain = worth_of_stages(solution)[:, 0], float(solution.gain.max())
        return point_below(worth, gain, point, allowed)

    def _up(self, point: int) -> int:
        """Go up the path from a point as long as a larger support is clearly better."""
        points = self._agreed(points_to_try(self.solution, point))
        while len(points) > 1:
            chosen = points[self._agreed(choose_trained(self._train(points)))]
            if chosen != points[-1]:
                return chosen
            points = self._agreed(points_to_try(self.solution, chosen))
        return points[0]

    def _agreed(self, answer: Any) -> Any:
        """Take the answer of the first of the processes that share the fit."""
        return self.ask.config.agreement.first(answer)

    def _train(self, points: list[int]) -> Comparison:
        """Train on the supports of some points, the smallest first."""
        from .._engine.side_by_side import compare_supports

        ask, supports = self.ask, self.solution.open_gates[points]
        n_members = max(1, ask.n_members // 2)
        roles = roles_of_trial(ask.problem.roles, len(points), n_members)
        problem = replace(ask.problem, roles=roles)
        problem = on_gates(problem, np.flatnonzero(supports.any(axis=(0, 1))))
        comparison = compare_supports(problem, ask.trial_config, supports)
        self.n_steps += comparison.n_steps
        return comparison
