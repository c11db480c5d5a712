"""What is learned from a table or a target: frozen records of numpy arrays.

The records hold no data frame and no tensor, so they pickle, copy and compare in any
process, whatever frame library made them.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Level = str | int | float | bool
Task = Literal["classification", "regression"]
TargetKind = Literal["binary", "multiclass", "multilabel", "regression"]


@dataclass(frozen=True, eq=False)
class NumberState:
    """Encoding of the columns read as numbers, one row a column.

    Each column has the same slots: its value, the basis functions of its value, and
    its missing flag. A slot that does not vary in training is not `kept`.

    Attributes
    ----------
    columns : ndarray of shape (n_columns,)
        Input columns, increasing.
    encoding : str or None
        Row of `NUMERIC_ENCODINGS` that computes the basis.
    unit : ndarray of shape (n_columns,)
        Power of two by which a column is divided before anything else.
    knots : tuple of ndarray, each of shape (n_columns, ...)
        What the basis has learned.
    center, scale : ndarray of shape (n_columns, n_slots)
        Mean and deviation of each slot; the scale of a constant slot is 1.
    kept : ndarray of bool of shape (n_columns, n_slots)
        Slots that become encoded columns.
    """

    columns: NDArray[np.intp]
    encoding: str | None
    unit: NDArray[np.float64]
    knots: tuple[NDArray[np.float64], ...]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    kept: NDArray[np.bool_]

    def take(self, rows: NDArray | slice) -> "NumberState":
        """Return the state of some of the columns."""
        return NumberState(
            self.columns[rows],
            self.encoding,
            self.unit[rows],
            tuple(knot[rows] for knot in self.knots),
            self.center[rows],
            self.scale[rows],
            self.kept[rows],
        )


@dataclass(frozen=True, eq=False)
class LevelState:
    """Encoding of one categorical column: each level is a row of `table`.

    Attributes
    ----------
    column : int
        Input column.
    levels : tuple of str, int, float or bool
        Levels with an encoded column of their own.
    table : ndarray of shape (len(levels) + 2, n_outputs)
        What a level becomes; the last but one row is for any other level, the last
        for a missing value.
    """

    column: int
    levels: tuple[Level, ...]
    table: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Target:
    """A target as the arrays the engine trains on.

    Attributes
    ----------
    task : {"classification", "regression"}
        What is learned.
    kind : {"binary", "multiclass", "multilabel", "regression"}
        Which loss fits.
    values : ndarray of shape (n_rows, n_outputs)
        0/1 in one column (binary), one-hot (multiclass), 0/1 per label (multilabel) or
        standardized numbers (regression).
    classes : ndarray or None
        Classes, or label indices for multilabel; None for regression.
    center, scale : ndarray of shape (n_outputs,) or None
        ``values * scale + center`` is the user's target; None for classification.
    n_dims : int
        Number of axes of the user's target.
    row_weights : ndarray of shape (n_rows,)
        Sample weight times class weight.
    """

    task: Task
    kind: TargetKind
    values: NDArray[np.float64]
    classes: NDArray | None
    center: NDArray[np.float64] | None
    scale: NDArray[np.float64] | None
    n_dims: int
    row_weights: NDArray[np.float64]
