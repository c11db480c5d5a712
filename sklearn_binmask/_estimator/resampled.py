"""The road of many selections on resamples: encode, copy, split, follow, gather."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from .._encoding import beside, standardized
from .._engine.ordering import canonical_order
from .._engine.problem import PathSolution, Problem, SolverConfig
from .._path.copies import permute_given_others
from .._path.grid import path_sizes
from .._path.resample import RowOrder
from .._path.resamples import RESAMPLINGS, resample_roles
from .._path.stability import StabilityPath, gather
from .base import seed_of
from .encoded import EncodedRows
from .gates import Gates
from .rows import Rows
from .settings import PathSettings, config_of

__all__ = ["ResampledAsk", "word_resampled"]

# Networks that train as one batch: more do not make a step cheaper for each of them...
_MOST_NETWORKS = 24
# ... and weights that their first layers may have.
_MOST_WEIGHTS = 2**23
# Copies of columns that know nothing of the target: a share of the columns, in bounds.
_COPIED, _LEAST_COPIES, _MOST_COPIES = 0.2, 10, 40


@dataclass(frozen=True, eq=False)
class ResampledAsk:
    """A question to the engine about many resamples of the rows.

    Attributes
    ----------
    encoded : EncodedRows
        The rows as arrays.
    gates : Gates
        In front of the columns.
    problem : Problem
        With the copies behind the columns; roles are those of no run yet.
    config : SolverConfig
        How every run is to train.
    order : RowOrder
        What must stay together.
    counts : ndarray of shape (n_rows, n_resamples)
        How often each resample has each row.
    in_pairs : bool
        Whether resamples 0 and 1, 2 and 3, ... are complementary halves.
    rng : numpy.random.Generator
        For the splits to come.
    n_members : int
        Networks of a run.
    """

    encoded: EncodedRows
    gates: Gates
    problem: Problem
    config: SolverConfig
    order: RowOrder
    counts: NDArray[np.uint8]
    in_pairs: bool
    rng: np.random.Generator
    n_members: int

    @property
    def batches(self) -> list[NDArray[np.intp]]:
        """Resamples that train together; pairs stay together."""
        n_resamples = self.counts.shape[1]
        pairs = np.array_split(np.arange(n_resamples), np.arange(2, n_resamples, 2))
        n_weights = self.problem.inputs.shape[1] * self.config.hidden_layer_sizes[0]
        n_networks = max(1, min(_MOST_NETWORKS, _MOST_WEIGHTS // n_weights))
        n_batches = -(-n_resamples * self.n_members // n_networks)
        starts = np.linspace(0, len(pairs), min(n_batches, len(pairs)) + 1).astype(int)
        return [np.concatenate(pairs[first:last]) for first, last in pairwise(starts)]

    def follow(
        self, n_jobs: int | None = None, on_batch: Callable[[], bool] | None = None
    ) -> tuple[StabilityPath, int]:
        """Let the engine follow all paths.

        Parameters
        ----------
        n_jobs : int or None
            Batches at a time.
        on_batch : callable, default=None
            Called after each batch; where it returns True no further one is asked for.

        Returns
        -------
        path : StabilityPath
            Of the batches followed.
        n_steps : int
            Training steps taken.
        """
        jobs = _parallel(n_jobs)
        solutions: list[PathSolution] = []
        for solution in jobs(delayed(_follow)(*task) for task in self._tasks()):
            solutions.append(solution)
            if on_batch is not None and on_batch():
                break
        path = gather(solutions, len(self.gates.sizes))
        return path, sum(solution.n_steps for solution in solutions)

    def _tasks(self) -> Iterator[tuple[Problem, SolverConfig, list[int]]]:
        mandatory = self.problem.mandatory
        sizes = path_sizes(self.problem.n_gates, int(mandatory.sum()))
        for batch in self.batches:
            roles = resample_roles(
                self.order,
                self.encoded.weights,
                self.rng,
                self.counts[:, batch],
                self.n_members,
            )
            config = replace(self.config, seed=self.config.seed + int(batch[0]))
            yield replace(self.problem, roles=roles), config, sizes


def _parallel(n_jobs: int | None) -> Parallel:
    """Ask for results one by one, where the backend of joblib can give them so."""
    try:
        return Parallel(n_jobs=n_jobs, return_as="generator")
    except ValueError:  # multiprocessing, ray
        return Parallel(n_jobs=n_jobs)


def _follow(problem: Problem, config: SolverConfig, sizes: list[int]) -> PathSolution:
    from .._engine.path import follow_path

    return follow_path(problem, config, sizes)


def word_resampled(
    rows: Rows,
    settings: PathSettings,
    *,
    n_resamples: int,
    resampling: str,
    random_state: Any = None,
) -> ResampledAsk:
    """Encode the rows, draw resamples and copies, and word the question.

    Parameters
    ----------
    rows : Rows
        Checked.
    settings : PathSettings
        The user's parameters.
    n_resamples : int
        Number of resamples.
    resampling : str
        Row of `RESAMPLINGS`.
    random_state : int, RandomState instance or None
        Of all random draws.

    Returns
    -------
    ask : ResampledAsk
        To be followed.
    """
    encoded, gates = settings.lay_out(rows)
    encoded = encoded.with_target_winsorized()
    settings = settings.suited_to(encoded.target.values.shape[1])
    order = encoded.order
    seed = seed_of(random_state)
    rng = np.random.default_rng(seed)
    counts = RESAMPLINGS[resampling](order, rng, n_resamples)
    roles = resample_roles(order, encoded.weights, rng, counts[:, :0], 1)
    return ResampledAsk(
        encoded,
        gates,
        _with_copies(encoded.problem(gates, roles), rng, encoded.contents),
        config_of(settings, encoded, seed),
        order,
        counts,
        resampling == "halves",
        rng,
        settings.n_members,
    )


def _with_copies(
    problem: Problem, rng: np.random.Generator, order: RowOrder
) -> Problem:
    """Add copies of some columns, each behind a gate of its own.

    Rows with the same content take the same values, so that copies of rows change
    nothing; and columns are drawn in an order that does not depend on their places.
    """
    gate_of_input = problem.gate_of_input
    _, first, row_of = np.unique(order.keys, return_index=True, return_inverse=True)
    weights = np.bincount(row_of, problem.row_weights).astype(np.float64)
    _, one_of_gate = np.unique(gate_of_input, return_index=True)
    values = standardized(problem.inputs[:, one_of_gate][first], weights)
    ranks = canonical_order(problem)
    n_copies = int(min(_MOST_COPIES, max(_LEAST_COPIES, _COPIED * problem.n_gates)))
    n_copies = min(n_copies, problem.n_gates)
    chosen = np.argsort(ranks)[
        np.sort(rng.choice(problem.n_gates, n_copies, replace=False))
    ]
    inputs, gates = [problem.inputs], [gate_of_input]
    for copy, gate in enumerate(chosen, start=problem.n_gates):
        permutation = permute_given_others(values, weights, int(gate), rng)
        rows = first[permutation[row_of]]
        behind = problem.inputs[:, gate_of_input == gate]
        inputs.append(behind[rows])
        gates.append(np.full(behind.shape[1], copy))
    mandatory = np.concatenate([problem.mandatory, np.zeros(n_copies, dtype=bool)])
    return replace(
        problem,
        inputs=beside(inputs),
        gate_of_input=np.concatenate(gates),
        n_gates=problem.n_gates + n_copies,
        mandatory=mandatory,
    )
