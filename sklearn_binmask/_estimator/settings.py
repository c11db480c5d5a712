"""The parameters of a path, gathered and made into numbers."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from .._engine.problem import SolverConfig
from .._engine.schedules import effort
from .._path.resample import SMALL_TABLE
from ..exceptions import ParameterError
from .encoded import EncodedRows, encode_rows
from .gates import Gates, lay_gates
from .rows import Rows

__all__ = ["PathSettings", "check_layers", "config_of"]

# Rows per step: a 32nd of the table within these bounds.
_LEAST_BATCH, _MOST_BATCH, _BATCHES = 128, 512, 32
# Rows of a table beyond which weight decay falls in proportion: what the rows say then
# needs less to be doubted.
_LONG_TABLE = 2000
# Hidden units of a network with few outputs, of all networks together, and the fewest
# networks.
_UNITS, _ALL_UNITS, _LEAST_MEMBERS = 16, 256, 4


@dataclass(frozen=True, kw_only=True)
class PathSettings:
    """Parameters that all users of the path share, under their public names."""

    task: str
    numeric_encoding: str | None
    categorical_features: Any
    feature_groups: Any
    mandatory_features: Any
    hidden_layer_sizes: Any
    n_members: Any
    activation: str
    alpha: float
    batch_size: int | str
    learning_rate_init: float
    mask_learning_rate: float
    class_weight: Any
    device: str
    # of the final network, and of rows kept apart: not everybody has them
    max_iter: int = 1
    validation_fraction: float | None = None

    @classmethod
    def of(cls, estimator: BaseEstimator) -> Self:
        """Read the parameters of an estimator."""
        names = (field.name for field in fields(cls))
        return cls(**{n: getattr(estimator, n) for n in names if hasattr(estimator, n)})

    def suited_to(self, n_outputs: int) -> Self:
        """Turn sizes of "auto" into numbers."""
        layers, n_members = self.hidden_layer_sizes, self.n_members
        if isinstance(layers, str) and layers == "auto":
            layers = (_UNITS * effort(n_outputs),)
        if n_members == "auto":
            n_pairs = _ALL_UNITS // (2 * max([1, *check_layers(layers)]))
            n_members = max(_LEAST_MEMBERS, 2 * n_pairs)
        return replace(self, hidden_layer_sizes=layers, n_members=n_members)

    def lay_out(self, rows: Rows) -> tuple[EncodedRows, Gates]:
        """Encode the rows, and put gates in front of their columns."""
        encoded = encode_rows(
            rows,
            task=self.task,
            class_weight=self.class_weight,
            categorical_features=self.categorical_features,
            numeric_encoding=self.numeric_encoding,
            batch_size=self.batch_size,
        )
        gates = lay_gates(
            encoded.encoding,
            self.feature_groups,
            self.mandatory_features,
            rows.names,
        )
        return encoded, gates


def config_of(settings: PathSettings, encoded: EncodedRows, seed: int) -> SolverConfig:
    """Gather the parameters of the training; "auto" becomes a number here."""
    n_rows = len(encoded.weights)
    batch_size = settings.batch_size
    if n_rows <= SMALL_TABLE:  # a row of weight k must count as k copies of it
        batch_size = n_rows
    elif batch_size == "auto":
        batch_size = min(_MOST_BATCH, max(_LEAST_BATCH, n_rows // _BATCHES))
    return SolverConfig(
        hidden_layer_sizes=check_layers(settings.hidden_layer_sizes),
        activation=settings.activation,
        alpha=float(settings.alpha) * min(1.0, _LONG_TABLE / n_rows),
        batch_size=int(batch_size),
        learning_rate=float(settings.learning_rate_init),
        mask_learning_rate=float(settings.mask_learning_rate),
        max_steps=int(settings.max_iter) * max(1, n_rows // int(batch_size)),
        exact=encoded.exact,
        device=_find_device(settings.device),
        seed=seed,
        agreement=encoded.agreement,
    )


def check_layers(hidden_layer_sizes: Any) -> tuple[int, ...]:
    """Read one size or a sequence of them."""
    sizes = np.atleast_1d(np.asarray(hidden_layer_sizes, dtype=object)).tolist()
    for size in sizes:
        if not isinstance(size, int | np.integer) or size < 1:
            raise ParameterError.of(
                "hidden_layer_sizes",
                hidden_layer_sizes,
                "a positive int, or a sequence of them",
                "(16,)",
            )
    return tuple(int(size) for size in sizes)


def _find_device(device: str) -> str:
    """Turn "auto" into a device; the usual one needs no torch to be known."""
    if device == "cpu":
        return device
    from .._engine.devices import find_device

    return find_device(device)
