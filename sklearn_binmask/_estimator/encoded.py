"""The user's rows as the arrays that the engine trains on."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from .._encoding import (
    TableEncoding,
    Target,
    binned,
    drawn_from,
    drawn_from_code,
    encode_target,
    finer_encoding,
    finer_inputs,
    learn_shared_table,
    learn_table,
    winsorized,
)
from .._engine.agreement import ALONE, Agreement
from .._engine.problem import PointRecord, Problem, Roles
from .._path.resample import SMALL_TABLE, RowOrder, order_rows
from .fitted import FittedNetwork
from .gates import Gates
from .grouped import order_by_groups
from .rows import Rows, is_frame, is_parted

__all__ = [
    "LOSS_OF_KIND",
    "EncodedRows",
    "chosen_encoding",
    "encode_rows",
]

LOSS_OF_KIND = {
    "binary": "log_loss",
    "multiclass": "softmax",
    "multilabel": "log_loss",
    "regression": "squared_error",
}
# Cells of a small table up to which the engine works in float64, and of one whose rows
# the user wants all in each step.
_EXACT_CELLS, _MOST_EXACT_CELLS = 2**17, 2**22
# Cells of a sparse table up to which it is written out: dense products are quicker.
_DENSE_CELLS = 2**20
# Rows of a large array from which encodings are learned: a quantile is known to within
# a third of a per cent of the rows then.
_MOST_LEARNED = 2**15
# Rows up to which all of a large array are encoded at once: few steps take them all.
_FEW_ROWS = 2**13
# Columns a row beyond which "auto" brings no folds.
_COLUMNS_A_ROW = 32


@dataclass(frozen=True, eq=False)
class EncodedRows:
    """The rows as arrays.

    Attributes
    ----------
    encoding : TableEncoding
        How the table was encoded.
    target : Target
        The encoded target.
    inputs : ndarray or SparseInputs of shape (n_own_rows, n_outputs)
        The encoded table, or the rows of it that this process has.
    weights : ndarray of shape (n_rows,)
        Of mean 1.
    contents : RowOrder
        What rows hold, each for itself.
    order : RowOrder
        For splitting: the same, unless the user says which rows belong together.
    exact : bool
        Whether the engine works in float64 and without random draws in its steps.
    own : slice
        Which rows this process has.
    agreement : Agreement
        Among the processes.
    """

    encoding: TableEncoding
    target: Target
    inputs: Any
    weights: NDArray[np.float64]
    contents: RowOrder
    order: RowOrder
    exact: bool
    own: slice = field(default_factory=lambda: slice(None))
    agreement: Agreement = ALONE

    def with_target_winsorized(self) -> "EncodedRows":
        """Bring in gross errors of the target, to ask which columns matter."""
        return replace(self, target=winsorized(self.target))

    def problem(self, gates: Gates, roles: Roles) -> Problem:
        """Ask the engine about all columns."""
        return Problem(
            self.inputs,
            self.target.values[self.own],
            self.weights[self.own],
            gates.of_output,
            len(gates.sizes),
            gates.mandatory,
            LOSS_OF_KIND[self.target.kind],
            roles.of(self.own),
        )

    def read_finer(
        self,
        gates: Gates,
        most: int,
        left: NDArray[np.intp],
        others: NDArray[np.intp],
    ) -> tuple[Any, NDArray[np.intp]] | None:
        """Read columns behind gates by steps too, if no more than `most` are left."""
        if gates.sizes[left].sum() > most:
            return None
        support = np.isin(gates.of_column, [*left, *others])
        finer = finer_inputs(self.inputs, self.encoding, support)
        if finer is None:
            return None
        inputs, encoding = finer
        return inputs, gates.of_column[encoding.input_of_output]

    def read_bins(
        self, gates: Gates, some: NDArray[np.intp], rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
        """Tell in which bins of the columns behind some gates rows are."""
        support = np.isin(gates.of_column, some) & self.encoding.informative
        bins = binned(self.inputs, self.encoding, rows, support)
        return bins, gates.of_column[support]

    def at_point(
        self, point: PointRecord, run: int, support: NDArray[np.bool_]
    ) -> FittedNetwork:
        """Join the committee of a run of a path with the encoding of its columns."""
        encoding = self.encoding.restrict(support)
        if point.is_fine:
            encoding = finer_encoding(encoding)
        return FittedNetwork.of(encoding, point.committee(run), self.target)

    def problem_without_gates(
        self, support: NDArray[np.bool_], roles: Roles
    ) -> Problem:
        """Ask the engine about some columns of the user, all of which stay."""
        used = support[self.encoding.input_of_output]
        n_used = int(used.sum())
        return Problem(
            self.inputs[:, used],
            self.target.values[self.own],
            self.weights[self.own],
            np.arange(n_used),
            n_used,
            np.ones(n_used, dtype=bool),
            LOSS_OF_KIND[self.target.kind],
            roles.of(self.own),
        )


def chosen_encoding(
    numeric_encoding: str | None, n_rows: int, n_columns: int
) -> str | None:
    """Resolve "auto": no folds where so few rows could hardly tell whose are any good.

    Parameters
    ----------
    numeric_encoding : {"auto", "piecewise_linear"} or None
        What the user asked for.
    n_rows, n_columns : int
        Size of the table, of all processes.

    Returns
    -------
    numeric_encoding : {"auto", "piecewise_linear"} or None
        What the table is encoded with.
    """
    hopeless = n_columns > _COLUMNS_A_ROW * n_rows
    return None if numeric_encoding == "auto" and hopeless else numeric_encoding


def encode_rows(
    rows: Rows,
    *,
    task: str,
    class_weight: Any,
    categorical_features: Any,
    numeric_encoding: str | None,
    batch_size: int | str = "auto",
) -> EncodedRows:
    """Learn the encodings of table and target, and apply them."""
    target = encode_target(
        rows.y, task=task, class_weight=class_weight, sample_weight=rows.sample_weight
    )
    n_rows = len(target.values)
    options = {
        "categorical_features": categorical_features,
        "numeric_encoding": chosen_encoding(
            numeric_encoding, n_rows, rows.seen["n_features_in_"]
        ),
        "feature_names": rows.names,
    }
    exact = False
    if rows.is_large or (is_parted(rows.X) and not _is_full(batch_size, n_rows)):
        few = SMALL_TABLE if is_parted(rows.X) else _FEW_ROWS
        # a step of nearly all rows, some being held out, takes all there are
        all_at_once = n_rows <= few or _is_full(batch_size, n_rows / 2)
        encoding, inputs = _encode_large(rows, options, all_at_once)
    else:
        X = rows.table()
        if issparse(X) and X.shape[0] * X.shape[1] <= _DENSE_CELLS:
            X = X.toarray()
        encoding = _learn_encoding(
            rows.agreement, rows.own, X, sample_weight=rows.sample_weight, **options
        )
        exact = _is_exact(n_rows, n_rows * encoding.n_outputs, batch_size)
        inputs = encoding.encode(X, np.float64 if exact else np.float32)
    weights = target.row_weights / target.row_weights.mean()
    strata = np.zeros(n_rows, dtype=np.intp)
    if target.kind in ("binary", "multiclass"):
        values = np.column_stack([0.5 * np.ones(n_rows), target.values])
        strata = values.argmax(axis=1)
    all_inputs = inputs
    if n_rows <= SMALL_TABLE:  # it is split by what its rows hold
        all_inputs = rows.agreement.gather_rows(inputs)
    order = contents = order_rows(all_inputs, target.values, strata)
    if rows.groups is not None:
        order = order_by_groups(rows.groups, strata, weights)
    return EncodedRows(
        encoding,
        target,
        inputs,
        weights,
        contents,
        order,
        exact,
        rows.own,
        rows.agreement,
    )


def _learn_encoding(
    agreement: Agreement, own: slice, X: Any, **options: Any
) -> TableEncoding:
    """Learn from rows of all processes, of which this one has its own."""
    if agreement.size == 1:
        return learn_table(X, **options)
    return learn_shared_table(X, agreement, own, **options)


def _is_exact(n_rows: int, n_cells: int, batch_size: int | str) -> bool:
    """Tell whether there is time for float64, in which all rows go into each step."""
    if _is_full(batch_size, n_rows):
        return n_cells <= _MOST_EXACT_CELLS
    return n_rows <= SMALL_TABLE and n_cells <= _EXACT_CELLS


def _is_full(batch_size: int | str, n_rows: float) -> bool:
    """Tell whether the user wants so many rows, or more, in each step."""
    return not isinstance(batch_size, str) and batch_size >= n_rows


def _encode_large(
    rows: Rows, options: dict[str, Any], all_at_once: bool
) -> tuple[TableEncoding, Any]:
    """Learn from some of the rows, and encode none before it is drawn.

    Where few steps take all rows, or columns of an array are levels, all are encoded; a
    table that comes in parts is held in code until then.
    """
    n_rows, weights = rows.n_rows, rows.sample_weight
    rng = np.random.default_rng(0)
    learned = rng.choice(n_rows, min(n_rows, _MOST_LEARNED), replace=False)
    learned.sort()
    mine, own = rows.own_among(learned)
    mine = mine if rows.places is None else rows.places[mine]
    options["sample_weight"] = None if weights is None else weights[learned]

    def learn(X: Any, rows_of_it: NDArray[np.intp] | None) -> TableEncoding:
        return _learn_encoding(rows.agreement, own, X, rows=rows_of_it, **options)

    if is_parted(rows.X):
        # what has been read is let go of before more is
        encoding = learn(rows.X.read(mine), None)
        inputs = drawn_from_code(rows.X.read_coded(encoding, rows.places))
        return encoding, inputs.toarray() if all_at_once else inputs
    encoding = learn(rows.X, mine)
    if all_at_once or (encoding.levels and not is_frame(rows.X)):
        return encoding, encoding.encode(rows.table())
    return encoding, drawn_from(rows.X, encoding, rows.places)
