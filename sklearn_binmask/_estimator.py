"""The road of every fit: check, encode, solve, publish.

Each stage takes and returns frozen records; only the last line of a fit writes on the
estimator, so a fit that fails leaves it as it was. torch is imported when a fit
reaches the engine, and never before: predicting does not need it.
"""

import copy
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_consistent_length, validate_data

from ._encoding import TableEncoding, Target, encode_target, learn_table
from ._engine.problem import PathSolution, Problem, Roles, SolverConfig
from ._fitted import FittedNetwork
from ._gates import Gates
from ._path.resample import SMALL_TABLE, RowOrder, fold_roles, order_rows
from ._sklearn import _check_sample_weight, _safe_indexing
from ._version import __version__
from .exceptions import ParameterError, VersionMismatchWarning

__all__ = [
    "Rows",
    "StampedEstimator",
    "check_rows",
    "check_table",
    "config_of",
    "encode_rows",
    "is_frame",
    "publish",
    "refit_on",
    "seed_of",
    "select_columns",
    "solve_path",
]

_LOSS_OF_KIND = {
    "binary": "log_loss",
    "multiclass": "softmax",
    "multilabel": "log_loss",
    "regression": "squared_error",
}
# Cells of a small table up to which the engine works in float64.
_EXACT_CELLS = 2**17
_BATCH_SIZE = 128
# The final network keeps its best state on held-out rows, and its columns are chosen:
# it needs far less weight decay than one that must not fit a table of noise.
_REFIT_DECAY = 0.01


class StampedEstimator(BaseEstimator):
    """An estimator whose pickles know the version that wrote them."""

    def __getstate__(self) -> dict[str, Any]:
        """Add the version to what is pickled."""
        return {**super().__getstate__(), "_sklearn_binmask_version": __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Warn if another version wrote the pickle."""
        state = dict(state)
        written_by = state.pop("_sklearn_binmask_version", "unknown")
        if written_by != __version__:
            warnings.warn(
                f"{type(self).__name__} was saved by version {written_by} of "
                f"sklearn_binmask and is loaded by version {__version__}. What it "
                "predicts may differ; fit it again, or install the version that "
                "saved it.",
                VersionMismatchWarning,
                stacklevel=2,
            )
        super().__setstate__(state)


# Check ----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Rows:
    """The user's rows, checked, those of zero weight left out.

    Attributes
    ----------
    X : ndarray or data frame of shape (n_rows, n_columns)
        The table.
    y : array-like of shape (n_rows,) or (n_rows, n_targets)
        The target.
    sample_weight : ndarray of shape (n_rows,) or None
        Positive weights.
    seen : dict
        ``n_features_in_`` and, where columns have names, ``feature_names_in_``.
    """

    X: Any
    y: Any
    sample_weight: NDArray[np.float64] | None
    seen: dict[str, Any]

    @property
    def names(self) -> Sequence[str] | None:
        """Names of the columns."""
        return self.seen.get("feature_names_in_")


def is_frame(X: Any) -> bool:
    """Tell data frames, which keep their columns' kinds, from arrays."""
    return hasattr(X, "columns") and hasattr(X, "dtypes") and hasattr(X, "shape")


def check_table(estimator: BaseEstimator, X: Any, *, reset: bool) -> Any:
    """Check shape and names of a table; arrays also hold numbers or NaN only.

    Parameters
    ----------
    estimator : estimator
        Whose ``n_features_in_`` and ``feature_names_in_`` are set or compared.
    X : array-like or data frame
        As given by the user.
    reset : bool
        Whether to set them, in ``fit``.

    Returns
    -------
    X : ndarray or data frame
        A frame as it was; anything else as an array.
    """
    if not is_frame(X):
        return validate_data(
            estimator,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
            ensure_min_samples=2 if reset else 1,
        )
    n_rows, n_columns = X.shape
    least = 2 if reset else 1
    if n_columns == 0 or n_rows < least:
        what = "feature(s)" if n_columns == 0 else "sample(s)"
        raise ValueError(
            f"X is a data frame with {n_columns if n_columns == 0 else n_rows} {what} "
            f"(shape={X.shape}) while a minimum of {1 if n_columns == 0 else least} is "
            f"required by {type(estimator).__name__}. Pass a table with more of them."
        )
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    return X


def check_rows(estimator: BaseEstimator, X: Any, y: Any, sample_weight: Any) -> Rows:
    """Check what ``fit`` was given, without touching the estimator."""
    draft = copy.copy(estimator)
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None. Pass the classes or numbers to be predicted."
        )
    X = check_table(draft, X, reset=True)
    check_consistent_length(X, y)
    seen = {
        name: getattr(draft, name)
        for name in ("n_features_in_", "feature_names_in_")
        if hasattr(draft, name)
    }
    if sample_weight is None:
        return Rows(X, y, None, seen)
    weights = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    used = weights > 0
    if not used.any():
        raise ValueError(
            "sample_weight is zero for every row. Give at least two rows a positive "
            "weight, or pass sample_weight=None."
        )
    if not used.all():
        X, y = (_safe_indexing(table, np.flatnonzero(used)) for table in (X, y))
    return Rows(X, y, weights[used], seen)


def select_columns(frame: Any, support: NDArray[np.bool_]) -> Any:
    """Select columns of a data frame of any library, dtypes and index kept."""
    selected = nw.from_native(frame, eager_only=True)
    return nw.to_native(selected[:, np.flatnonzero(support).tolist()])


def seed_of(random_state: Any) -> int:
    """Draw the one seed of a fit, without touching the global generator."""
    if random_state is None:
        return int(np.random.default_rng().integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    return int(random_state)


# Encode ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class EncodedRows:
    """The rows as arrays.

    Attributes
    ----------
    encoding : TableEncoding
        How the table was encoded.
    target : Target
        The encoded target.
    inputs : ndarray of shape (n_rows, n_outputs)
        The encoded table.
    weights : ndarray of shape (n_rows,)
        Of mean 1.
    order : RowOrder
        For splitting.
    exact : bool
        Whether the engine works in float64 and without random draws in its steps.
    """

    encoding: TableEncoding
    target: Target
    inputs: NDArray
    weights: NDArray[np.float64]
    order: RowOrder
    exact: bool

    def problem(self, gates: Gates, roles: Roles) -> Problem:
        """Ask the engine about all columns."""
        return Problem(
            self.inputs,
            self.target.values,
            self.weights,
            gates.of_output,
            len(gates.sizes),
            gates.mandatory,
            _LOSS_OF_KIND[self.target.kind],
            roles,
        )


def encode_rows(
    rows: Rows,
    *,
    task: str,
    class_weight: Any,
    categorical_features: Any,
    numeric_encoding: str | None,
) -> EncodedRows:
    """Learn the encodings of table and target, and apply them."""
    target = encode_target(
        rows.y, task=task, class_weight=class_weight, sample_weight=rows.sample_weight
    )
    encoding = learn_table(
        rows.X,
        sample_weight=rows.sample_weight,
        categorical_features=categorical_features,
        numeric_encoding=numeric_encoding,
        feature_names=rows.names,
    )
    n_rows = len(target.values)
    exact = n_rows <= SMALL_TABLE and n_rows * encoding.n_outputs <= _EXACT_CELLS
    inputs = encoding.encode(rows.X, np.float64 if exact else np.float32)
    weights = target.row_weights / target.row_weights.mean()
    strata = np.zeros(n_rows, dtype=np.intp)
    if target.kind in ("binary", "multiclass"):
        values = np.column_stack([0.5 * np.ones(n_rows), target.values])
        strata = values.argmax(axis=1)
    order = order_rows(inputs, target.values, strata)
    return EncodedRows(encoding, target, inputs, weights, order, exact)


# Solve ----------------------------------------------------------------------------


def config_of(
    encoded: EncodedRows,
    seed: int,
    *,
    hidden_layer_sizes: Any,
    activation: str,
    alpha: float,
    batch_size: Any,
    learning_rate_init: float,
    mask_learning_rate: float,
    max_iter: int,
    device: str,
) -> SolverConfig:
    """Gather the parameters of the training; "auto" becomes a number here."""
    n_rows = len(encoded.inputs)
    if batch_size == "auto":
        batch_size = n_rows if n_rows <= SMALL_TABLE else _BATCH_SIZE
    units = np.atleast_1d(np.asarray(hidden_layer_sizes, dtype=object)).tolist()
    for size in units:
        if not isinstance(size, int | np.integer) or size < 1:
            raise ParameterError.of(
                "hidden_layer_sizes",
                hidden_layer_sizes,
                "a positive int, or a sequence of them",
                "(16,)",
            )
    return SolverConfig(
        hidden_layer_sizes=tuple(int(size) for size in units),
        activation=activation,
        alpha=float(alpha),
        batch_size=int(batch_size),
        learning_rate=float(learning_rate_init),
        mask_learning_rate=float(mask_learning_rate),
        max_steps=int(max_iter) * max(1, n_rows // int(batch_size)),
        exact=encoded.exact,
        device=_check_device(device),
        seed=seed,
    )


def _check_device(device: str) -> str:
    """Turn "auto" into a device, and refuse one that is not there."""
    if device == "cpu":
        return device
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ParameterError.of(
            "device",
            device,
            f"'cpu', 'auto' or a torch device that is present ({error})",
            "'auto'",
        ) from error
    return device


def solve_path(
    problem: Problem,
    config: SolverConfig,
    sizes: Sequence[int],
    on_point: Callable[[], bool] | None = None,
) -> PathSolution:
    """Let the engine follow the path."""
    from ._engine.path import follow_path

    return follow_path(problem, config, sizes, on_point=on_point)


def refit_on(
    encoded: EncodedRows,
    support: NDArray[np.bool_],
    config: SolverConfig,
    rng: np.random.Generator,
    n_members: int,
) -> FittedNetwork:
    """Train a committee anew on some columns, each member on its own share of rows."""
    from ._engine.fixed import train_fixed

    used = support[encoded.encoding.input_of_output]
    n_used = int(used.sum())
    problem = Problem(
        encoded.inputs[:, used],
        encoded.target.values,
        encoded.weights,
        np.arange(n_used),
        n_used,
        np.ones(n_used, dtype=bool),
        _LOSS_OF_KIND[encoded.target.kind],
        fold_roles(encoded.order, encoded.weights, rng, n_members),
    )
    network = train_fixed(problem, replace(config, alpha=config.alpha * _REFIT_DECAY))
    return FittedNetwork.of(encoded.encoding.restrict(support), network, encoded.target)


# Publish --------------------------------------------------------------------------


def publish(estimator: BaseEstimator, attributes: dict[str, Any]) -> None:
    """Replace all fitted attributes at once."""
    state = vars(estimator)
    stale = [name for name in state if name.endswith("_") and name[0] != "_"]
    for name in stale:
        if name not in attributes:
            del state[name]
    state.update(attributes)
