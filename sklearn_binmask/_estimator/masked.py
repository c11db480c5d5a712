"""The road of a masked network: check, encode, split, train, make attributes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._encoding import below, encode_like
from .._engine.problem import MaskedNetwork, Network, Problem, Roles, Size, SolverConfig
from .._engine.schedules import Schedule, SparseSchedule
from .._path.resample import single_roles
from ..exceptions import ParameterError
from .base import seed_of
from .encoded import LOSS_OF_KIND, EncodedRows
from .fitted import FittedNetwork
from .gates import Gates, wanted_columns
from .grouped import refuse_few_groups
from .rows import Rows
from .settings import PathSettings, check_layers, config_of

__all__ = ["MaskedAsk", "MaskedSettings", "size_of", "train_more", "word_masked"]

# Steps between two looks at the held-out loss, and between two closings: a pass over
# the rows, within these bounds.
_LEAST_LOOK = 16
_STAGE_BOUNDS = 20, 400
# Looks over which weights are averaged.
_AVERAGE = 4.0


@dataclass(frozen=True, kw_only=True)
class MaskedSettings(PathSettings):
    """Parameters of a masked network, under their public names."""

    granularity: Any
    l0_penalty: str | float
    sparsity: float | None
    n_features_to_select: int | float | None
    learning_rate: str
    tol: float
    n_iter_no_change: int
    early_stopping: bool

    def kinds(self) -> tuple[str, ...]:
        """Name the granularities, those of columns first."""
        given = self.granularity
        names = (given,) if isinstance(given, str) else tuple(given)
        known = ("features", "units", "weights")
        if not names or len(set(names)) < len(names) or not set(names) <= set(known):
            raise ParameterError.of(
                "granularity",
                given,
                f"one of {known}, or a tuple of different ones",
                "'weights'",
            )
        return tuple(name for name in known if name in names)

    def check_size(self) -> None:
        """Refuse sizes that contradict each other, or that no gate can keep."""
        kinds = self.kinds()
        if "units" in kinds and not check_layers(self.hidden_layer_sizes):
            raise ParameterError(
                f"granularity={self.granularity!r} needs hidden units, but "
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} has none. Leave "
                "'units' out, or add a hidden layer."
            )
        given = {
            "l0_penalty": None if self.l0_penalty == "auto" else self.l0_penalty,
            "sparsity": self.sparsity,
            "n_features_to_select": self.n_features_to_select,
        }
        given = {name: value for name, value in given.items() if value is not None}
        if len(given) > 1:
            words = " and ".join(f"{name}={value!r}" for name, value in given.items())
            raise ParameterError(
                f"{words} each say how many gates stay open. Give one of them; the "
                "defaults of the others are l0_penalty='auto', sparsity=None and "
                "n_features_to_select=None."
            )
        wanted = self.n_features_to_select
        if wanted is not None and "features" not in kinds:
            raise ParameterError(
                f"n_features_to_select={wanted!r} needs gates on columns, but "
                f"granularity={self.granularity!r}. Add 'features' to it."
            )


@dataclass(frozen=True, eq=False)
class MaskedAsk:
    """A question to the engine about one network.

    Attributes
    ----------
    encoded : EncodedRows
        The rows that train, and those held out, as arrays.
    gates : Gates
        In front of the columns.
    problem : Problem
        What the engine is asked.
    config : SolverConfig
        How it is to train.
    size : Size
        How many gates stay open.
    schedule : SparseSchedule
        When to look and to close.
    """

    encoded: EncodedRows
    gates: Gates
    problem: Problem
    config: SolverConfig
    size: Size
    schedule: SparseSchedule

    def train(
        self,
        start: Network | None = None,
        on_look: Callable[[Callable], bool] | None = None,
        on_interrupt: Callable[[MaskedNetwork], None] | None = None,
    ) -> MaskedNetwork:
        """Let the engine train."""
        from .._engine.sparse import train_masked

        return train_masked(
            self.problem,
            self.config,
            self.size,
            self.schedule,
            start=start,
            on_look=on_look,
            on_interrupt=on_interrupt,
        )

    def fitted(self, network: Network) -> FittedNetwork:
        """Join the network with the way in and the way out."""
        encoded = self.encoded
        return FittedNetwork.of(encoded.encoding, network, encoded.target)


def word_masked(
    rows: Rows,
    settings: MaskedSettings,
    *,
    validation: tuple[Any, Any] | None = None,
    random_state: Any = None,
) -> MaskedAsk:
    """Encode the rows and word the question.

    Parameters
    ----------
    rows : Rows
        Checked.
    settings : MaskedSettings
        The user's parameters.
    validation : tuple of table and target, default=None
        Rows to hold out, instead of some of `rows`.
    random_state : int, RandomState instance or None
        Of all random draws.

    Returns
    -------
    ask : MaskedAsk
        To be trained.
    """
    kinds = settings.kinds()
    settings.check_size()
    encoded, gates = settings.lay_out(rows)
    size = size_of(settings, gates)
    seed = rows.agreement.first(seed_of(random_state))
    holds_out = settings.early_stopping or size.is_auto
    fraction = settings.validation_fraction if holds_out and not validation else None
    refuse_few_groups(encoded.order, fraction)
    rng = np.random.default_rng(seed)
    roles = single_roles(encoded.order, encoded.weights, rng, fraction)
    config = replace(config_of(settings, encoded, seed), granularity=kinds)
    problem = encoded.problem(gates, roles)
    if validation is not None:
        problem = _with_validation(problem, encoded, *validation)
    n_train = encoded.agreement.total(int(problem.roles.trains.sum()))
    n_steps = max(1, n_train // config.batch_size)
    return MaskedAsk(
        encoded,
        gates,
        problem,
        # unlike on a path of committees, the decay is not lowered in long tables:
        # a single network overfits those too
        replace(config, alpha=settings.alpha, max_steps=settings.max_iter * n_steps),
        size,
        _schedule(settings, n_steps, last_on_all=validation is None),
    )


def size_of(settings: MaskedSettings, gates: Gates) -> Size:
    """Read which of three parameters says how many gates stay open."""
    wanted = settings.n_features_to_select
    price = None if settings.l0_penalty == "auto" else settings.l0_penalty
    if settings.sparsity is not None:
        _check_share(settings, gates)
    if wanted is None:
        return Size(settings.sparsity, None, None if price is None else float(price))
    n_columns = wanted_columns(wanted, gates)
    n_gates = gates.wanted_gates(n_columns)
    if n_gates is None:
        raise ParameterError(
            f"n_features_to_select={wanted!r} cannot be kept to exactly with "
            "feature_groups. Use l0_penalty or sparsity, or leave out feature_groups."
        )
    return Size(n_features=n_gates)


def _check_share(settings: MaskedSettings, gates: Gates) -> None:
    """Refuse a share of gates that would close columns that must stay."""
    kinds = settings.kinds()
    n_mandatory = int(gates.mandatory.sum())
    if "features" not in kinds or "weights" in kinds or settings.sparsity is None:
        return
    n_units = sum(check_layers(settings.hidden_layer_sizes)) * ("units" in kinds)
    n_gates = len(gates.sizes) + n_units
    n_open = n_gates - round(settings.sparsity * n_gates)
    if n_open < n_mandatory:
        raise ParameterError(
            f"sparsity={settings.sparsity} leaves {n_open} of {n_gates} gates open, "
            f"but mandatory_features keeps {n_mandatory}. Ask for a sparsity of at "
            f"most {1 - n_mandatory / n_gates:.3g}, or make fewer columns mandatory."
        )


def _with_validation(problem: Problem, encoded: EncodedRows, X: Any, y: Any) -> Problem:
    """Add rows that are evaluated and nothing else."""
    inputs = encoded.encoding.encode(X, problem.inputs.dtype)
    targets = encode_like(y, encoded.target)
    n_train, n_more = len(problem.inputs), len(inputs)
    apart = np.repeat([False, True], [n_train, n_more])
    moves = ~apart[:, None, None]
    return replace(
        problem,
        inputs=below(problem.inputs, inputs),
        targets=np.vstack([problem.targets, targets]),
        row_weights=np.concatenate([problem.row_weights, np.ones(n_more)]),
        roles=Roles(
            moves, moves, ~moves, np.array([float(encoded.agreement.total(n_more))])
        ),
    )


def _schedule(
    settings: MaskedSettings, n_steps: int, *, last_on_all: bool
) -> SparseSchedule:
    """Turn passes over the rows into steps."""
    least, most = _STAGE_BOUNDS
    looks = Schedule(
        check_every=max(_LEAST_LOOK, n_steps),
        patience=settings.n_iter_no_change,
        tol=settings.tol,
        anneals=1 if settings.learning_rate == "adaptive" else 0,
        anneal=0.1,
        average=_AVERAGE,
    )
    return SparseSchedule(
        looks=looks,
        stage_steps=min(most, max(least, n_steps)),
        last_on_all=last_on_all,
    )


def train_more(
    fitted: FittedNetwork,
    masks: tuple[NDArray[np.bool_], ...],
    rows: tuple[NDArray, NDArray, NDArray],
    settings: MaskedSettings,
    seed: int,
) -> Network:
    """Train a network on with its masks as they are, for one pass over some rows."""
    from .._engine.portions import train_on

    inputs, targets, weights = rows
    n_rows = len(inputs)
    everything = np.ones((n_rows, 1, 1), dtype=bool)
    problem = Problem(
        inputs,
        targets,
        weights / weights.mean(),
        np.arange(inputs.shape[1]),
        inputs.shape[1],
        np.zeros(inputs.shape[1], dtype=bool),
        LOSS_OF_KIND[fitted.kind],
        Roles(everything, everything, ~everything, np.ones(1)),
    )
    batch_size = 200 if settings.batch_size == "auto" else int(settings.batch_size)
    config = SolverConfig(
        hidden_layer_sizes=tuple(w.shape[-1] for w in fitted.network.coefs[:-1]),
        activation=fitted.network.activation,
        granularity=("weights",),
        alpha=settings.alpha,
        batch_size=min(n_rows, batch_size),
        learning_rate=settings.learning_rate_init,
        device=settings.device,
        seed=seed,
    )
    return train_on(problem, config, fitted.network, masks)
