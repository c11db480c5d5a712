"""The user's rows as the arrays that the engine trains on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from .._encoding import (
    DrawnInputs,
    TableEncoding,
    Target,
    encode_target,
    learn_table,
)
from .._engine.problem import Problem, Roles
from .._path.resample import SMALL_TABLE, RowOrder, order_rows
from .gates import Gates
from .rows import LARGE_ARRAY, Rows

__all__ = ["LOSS_OF_KIND", "EncodedRows", "encode_rows"]

LOSS_OF_KIND = {
    "binary": "log_loss",
    "multiclass": "softmax",
    "multilabel": "log_loss",
    "regression": "squared_error",
}
# Cells of a small table up to which the engine works in float64.
_EXACT_CELLS = 2**17
# Cells of a sparse table up to which it is written out: dense products are quicker.
_DENSE_CELLS = 2**20
# Rows of a large array from which encodings are learned: a quantile is known to within
# a third of a per cent of the rows then.
_MOST_LEARNED = 2**15
# Rows up to which all of a large array are encoded at once: few steps take them all.
_FEW_ROWS = 2**13


@dataclass(frozen=True, eq=False)
class EncodedRows:
    """The rows as arrays.

    Attributes
    ----------
    encoding : TableEncoding
        How the table was encoded.
    target : Target
        The encoded target.
    inputs : ndarray or SparseInputs of shape (n_rows, n_outputs)
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
    inputs: Any
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
            LOSS_OF_KIND[self.target.kind],
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
    n_rows = len(target.values)
    options = {
        "categorical_features": categorical_features,
        "numeric_encoding": numeric_encoding,
        "feature_names": rows.names,
    }
    exact = False
    if isinstance(rows.X, np.ndarray) and rows.X.size > LARGE_ARRAY:
        encoding, inputs = _encode_large(rows, options)
    else:
        X = rows.table()
        if issparse(X) and X.shape[0] * X.shape[1] <= _DENSE_CELLS:
            X = X.toarray()
        encoding = learn_table(X, sample_weight=rows.sample_weight, **options)
        exact = n_rows <= SMALL_TABLE and n_rows * encoding.n_outputs <= _EXACT_CELLS
        inputs = encoding.encode(X, np.float64 if exact else np.float32)
    weights = target.row_weights / target.row_weights.mean()
    strata = np.zeros(n_rows, dtype=np.intp)
    if target.kind in ("binary", "multiclass"):
        values = np.column_stack([0.5 * np.ones(n_rows), target.values])
        strata = values.argmax(axis=1)
    order = order_rows(inputs, target.values, strata)
    return EncodedRows(encoding, target, inputs, weights, order, exact)


def _encode_large(rows: Rows, options: dict[str, Any]) -> tuple[TableEncoding, Any]:
    """Learn from some of the rows, and encode none before it is drawn.

    Where each step takes all rows, or some columns are levels, all rows are encoded.
    """
    n_rows, weights = rows.n_rows, rows.sample_weight
    rng = np.random.default_rng(0)
    learned = rng.choice(n_rows, min(n_rows, _MOST_LEARNED), replace=False)
    learned.sort()
    encoding = learn_table(
        rows.X,
        rows=learned if rows.places is None else rows.places[learned],
        sample_weight=None if weights is None else weights[learned],
        **options,
    )
    if encoding.levels or n_rows <= _FEW_ROWS:
        return encoding, encoding.encode(rows.table())
    outputs = np.arange(encoding.n_outputs)
    return encoding, DrawnInputs(rows.X, encoding, outputs, rows.places)
