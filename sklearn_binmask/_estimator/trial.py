"""A trial of larger supports than the path would have."""

from dataclasses import replace

import numpy as np

from .._engine.problem import PathSolution, StopReason
from .._engine.wide import on_gates
from .._path.trial import choose_trained, points_to_try, roles_of_trial
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

    Attributes
    ----------
    n_steps : int
        Training steps taken so far.
    """

    def __init__(self, ask: Ask, solution: PathSolution) -> None:
        self.ask = ask
        self.solution = solution
        self.n_steps = 0

    def __call__(self, point: int) -> int:
        """Go up the path from a point as long as a larger support is clearly better."""
        if self.solution.stop_reason is StopReason.CALLBACK:
            return point
        points = self._points_from(point)
        while len(points) > 1:
            chosen = self._choose(points)
            if chosen != points[-1]:
                return chosen
            points = self._points_from(chosen)
        return points[0]

    def _points_from(self, point: int) -> list[int]:
        return self.ask.config.agreement.first(points_to_try(self.solution, point))

    def _choose(self, points: list[int]) -> int:
        """Train on the supports of some points, and choose among them."""
        from .._engine.side_by_side import compare_supports

        ask, supports = self.ask, self.solution.open_gates[points, 0]
        n_members = max(1, ask.n_members // 2)
        roles = roles_of_trial(ask.problem.roles, len(points), n_members)
        problem = replace(ask.problem, roles=roles)
        problem = on_gates(problem, np.flatnonzero(supports.any(axis=0)))
        comparison = compare_supports(problem, ask.refit_config, supports)
        self.n_steps += comparison.n_steps
        return points[ask.config.agreement.first(choose_trained(comparison))]
