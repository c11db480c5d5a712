"""Very wide tables: a part of the committee closes the first gates.

A step costs a few passes over the weights of the first layer, and these are as many as
encoded columns times units times networks: with 90,000 columns they do not fit in any
cache, and most of these columns are about to be closed. So where they are more than
`MOST_WEIGHTS`, only as many pairs of members begin as stay under that number. Once so
many gates are closed that the whole committee does, it begins anew, with all members,
on the gates that are still open.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .problem import Problem, Roles

__all__ = ["MOST_WEIGHTS", "n_at_first", "on_gates", "with_members"]

# Weights of the first layers of all networks: 32 MB of float32, of which a step reads
# and writes about ten.
MOST_WEIGHTS = 2**23


def n_at_first(roles: Roles, n_inputs: int, n_units: int) -> int:
    """Count the members of each run that begin.

    Parameters
    ----------
    roles : Roles
        Of all members.
    n_inputs : int
        Encoded columns behind gates that may be open.
    n_units : int
        Of the first hidden layer of a network.

    Returns
    -------
    n_members : int
        Even, unless it is all of them; at least 2.
    """
    _, n_runs, n_members = roles.trains.shape
    n_pairs = MOST_WEIGHTS // (2 * n_inputs * n_runs * n_units)
    return min(n_members, 2 * max(1, n_pairs))


def with_members(problem: Problem, n_members: int) -> Problem:
    """Ask the same of the first pairs of members of each run."""
    roles = problem.roles
    some = (slice(None), slice(None), _first_pairs(roles, n_members))
    stretches = None if roles.stretches is None else roles.stretches[some]
    fewer = replace(
        roles,
        trains=roles.trains[some],
        judges=roles.judges[some],
        evaluates=roles.evaluates[some],
        stretches=stretches,
    )
    return replace(problem, roles=fewer)


def _first_pairs(roles: Roles, n_members: int) -> NDArray[np.intp]:
    """Choose members so that half of them train on what the others judge."""
    n_all = roles.trains.shape[2]
    if n_members >= n_all:
        return np.arange(n_all)
    trains = roles.trains[:, 0]
    differs = (trains != trains[:, :1]).any(axis=0)
    n_same = int(differs.argmax()) or 1  # members of a split that train on one half
    pair = np.arange(-(-n_members // 2))
    first = 2 * n_same * (pair // n_same) + pair % n_same
    return np.sort(np.concatenate([first, first + n_same]))[:n_members]


def on_gates(problem: Problem, gates: NDArray[np.intp]) -> Problem:
    """Leave out the encoded columns of all gates but some, which keep their numbers."""
    kept = np.isin(problem.gate_of_input, gates)
    return replace(
        problem,
        inputs=problem.inputs[:, np.flatnonzero(kept)],
        gate_of_input=problem.gate_of_input[kept],
    )
