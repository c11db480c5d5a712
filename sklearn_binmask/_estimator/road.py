"""The road of every fit: check, encode, solve, publish.

Each stage takes and returns frozen records, and only the last line of a fit writes on
the estimator, so a fit that fails leaves it as it was. torch is imported when a fit
reaches the engine, and never before: predicting does not need it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._encoding import N_BINS, Target
from .._engine.problem import (
    LEAST_TO_ASK,
    Network,
    PathSolution,
    PointRecord,
    Problem,
    SolverConfig,
)
from .._path.grid import path_sizes
from .._path.resample import committee_roles, fold_roles
from .._sklearn import Attributes
from .base import seed_of
from .encoded import EncodedRows
from .fitted import FittedNetwork
from .gates import Gates, wanted_columns
from .grouped import refuse_few_groups
from .rows import Rows, is_frame
from .settings import PathSettings, config_of

__all__ = ["Ask", "refit_on", "trace"]

# The final network keeps its best state on held-out rows, and its columns are chosen:
# it needs far less weight decay than one that must not fit a table of noise.
_REFIT_DECAY = 0.02
# Rows beyond which its steps are larger, in proportion, up to a factor.
_REFIT_ROWS, _REFIT_MOST = 1500, 3.0
# Columns of the user up to which they are read by steps too, and how many of these are
# such as had closed, and are asked again.
FINE_COLUMNS, ASKED_AGAIN = 32, 8


@dataclass(frozen=True, eq=False)
class Ask:
    """A question to the engine, complete but for the steps to take.

    Attributes
    ----------
    encoded : EncodedRows
        The rows as arrays, gross errors of the target brought in.
    target : Target
        As it is, for the final network.
    gates : Gates
        In front of the columns.
    wanted : int or None
        Exact number of columns.
    sizes : list of int
        Numbers of open gates that the path will visit.
    problem : Problem
        What the engine is asked.
    config : SolverConfig
        How it is to train.
    rng : numpy.random.Generator
        For the splits to come.
    n_members : int
        Networks of a committee.
    seen : dict
        What is known of the user's table: fitted attributes.
    """

    encoded: EncodedRows
    target: Target
    gates: Gates
    wanted: int | None
    sizes: list[int]
    problem: Problem
    config: SolverConfig
    rng: np.random.Generator
    n_members: int
    seen: dict[str, Any]

    @property
    def max_points(self) -> int:
        """Number of points of the whole path."""
        return len(self.sizes) + 1

    @property
    def trial_config(self) -> SolverConfig:
        """How to train on columns that are to be compared."""
        return replace(self.config, alpha=self.config.alpha * _REFIT_DECAY)

    @property
    def refit_config(self) -> SolverConfig:
        """How to train on columns that have been chosen.

        Where rows are many, steps are larger: a mean of weights makes up for their
        noise. What they shrink the weights by, the rate times `alpha`, is to stay.
        """
        config, n_rows = self.trial_config, len(self.encoded.weights)
        factor = min(_REFIT_MOST, max(1.0, n_rows / _REFIT_ROWS))
        return replace(
            config,
            learning_rate=config.learning_rate * factor,
            alpha=config.alpha / factor,
        )

    def follow(
        self,
        on_point: Callable[[Attributes], bool] | None = None,
        look: Callable[[PointRecord], None] | None = None,
    ) -> PathSolution:
        """Let the engine follow the path.

        Parameters
        ----------
        on_point : callable, default=None
            Called after each point with a function that makes what a fit would have
            left behind there; the path ends where it returns True.
        look : callable, default=None
            Shown each point before that.

        Returns
        -------
        solution : PathSolution
            All points.
        """
        from .._engine.path import follow_path

        def tell(point: PointRecord) -> bool:
            return on_point is not None and on_point(lambda: self._attributes_at(point))

        return follow_path(
            self.problem, self.config, self.sizes, on_point=tell, look=look
        )

    def by_way_of(self, n_open: int) -> "Ask":
        """Ask for a number of open gates, which is put on the path."""
        n_gates, n_mandatory = len(self.gates.sizes), int(self.gates.mandatory.sum())
        ask = replace(self, sizes=path_sizes(n_gates, n_mandatory, n_open))
        return ask.with_finer_inputs(n_open)

    def with_finer_inputs(self, n_open: int) -> "Ask":
        """Let the last columns be read by steps too, as it is known how many stay open.

        Points of a path are not compared so: where a step is near to where the target
        changes, and not there, what luck makes of the rows between is too sure. And
        where many stay open, the last ones need not be told apart so well.
        """
        if n_open >= FINE_COLUMNS:
            return self
        n_rows = len(self.encoded.target.values)
        asks_pairs = n_rows >= LEAST_TO_ASK and not self.config.exact
        most = max(FINE_COLUMNS - ASKED_AGAIN * asks_pairs, n_open)
        problem = replace(
            self.problem,
            finer=partial(self.encoded.read_finer, self.gates, most),
            bins=partial(self.encoded.read_bins, self.gates),
            n_bins=N_BINS,
            n_asked=ASKED_AGAIN,
        )
        return replace(self, problem=problem)

    def _attributes_at(self, point: PointRecord) -> dict[str, Any]:
        """Name the attributes of a fit that ends at a point of the path."""
        support = self.gates.columns(point.open_gates[0])
        target = self.encoded.target
        attributes = {
            **self.seen,
            "support_": support,
            "n_features_": int(support.sum()),
            "task_": target.task,
            "estimator_": self.encoded.at_point(point, 0, support),
        }
        if target.classes is not None:
            attributes["classes_"] = target.classes
        return attributes


def trace(
    rows: Rows,
    settings: PathSettings,
    *,
    n_features_to_select: Any = "auto",
    hold_out: bool = True,
    random_state: Any = None,
) -> Ask:
    """Encode the rows and word the question.

    Parameters
    ----------
    rows : Rows
        Checked.
    settings : PathSettings
        The user's parameters.
    n_features_to_select : "auto", int or float
        A number must be on the path.
    hold_out : bool
        Whether a share of the rows is held out to compare the points.
    random_state : int, RandomState instance or None
        Of all random draws.

    Returns
    -------
    ask : Ask
        To be followed.
    """
    encoded, gates = settings.lay_out(rows)
    target, encoded = encoded.target, encoded.with_target_winsorized()
    settings = settings.suited_to(target.values.shape[1])
    wanted = wanted_columns(n_features_to_select, gates)
    fraction = settings.validation_fraction if hold_out else None
    refuse_few_groups(encoded.order, fraction)
    seed = rows.agreement.first(seed_of(random_state))
    rng = np.random.default_rng(seed)
    roles = committee_roles(
        encoded.order, encoded.weights, rng, settings.n_members, fraction
    )
    sizes = path_sizes(
        len(gates.sizes), int(gates.mandatory.sum()), gates.wanted_gates(wanted)
    )
    ask = Ask(
        encoded,
        target,
        gates,
        wanted,
        sizes,
        encoded.problem(gates, roles),
        config_of(settings, encoded, seed),
        rng,
        settings.n_members,
        {**rows.seen, "_fitted_on_frame": is_frame(rows.X)},
    )
    return ask if wanted is None else ask.with_finer_inputs(wanted)


def refit_on(
    ask: Ask,
    support: NDArray[np.bool_],
    on_interrupt: Callable[[FittedNetwork], None] | None = None,
) -> FittedNetwork:
    """Train a committee anew on some columns, each member on its own share of rows.

    If that is interrupted, the best committee so far is handed to `on_interrupt`.
    """
    from .._engine.fixed import train_fixed

    def join(network: Network) -> FittedNetwork:
        return FittedNetwork.of(
            encoded.encoding.restrict(support), network, encoded.target
        )

    encoded = replace(ask.encoded, target=ask.target)
    roles = fold_roles(encoded.order, encoded.weights, ask.rng, ask.n_members)
    problem = encoded.problem_without_gates(support, roles)

    def keep(network: Network) -> None:
        if on_interrupt is not None:
            on_interrupt(join(network))

    return join(train_fixed(problem, ask.refit_config, on_interrupt=keep))
