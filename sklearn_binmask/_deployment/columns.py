"""The user's columns among the inputs of a graph: one matrix, or one input a column."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ._skl2onnx import StringTensorType
from .graph import Graph

__all__ = ["Place", "is_text", "places_of_columns", "read_numbers", "take"]

# Where a column is: the input, and the column of that input.
Place = tuple[Any, int]


def is_text(variable: Any) -> bool:
    """Whether an input holds text."""
    return isinstance(variable.type, StringTensorType)


def places_of_columns(
    variables: Iterable[Any], estimator: BaseEstimator
) -> list[Place]:
    """Find each column that the estimator was fitted on among the inputs.

    Parameters
    ----------
    variables : iterable of skl2onnx.common._topology.Variable
        Inputs; together they have as many columns as the table of `fit`, in its order.
    estimator : estimator
        A fitted one.

    Returns
    -------
    places : list of (variable, int)
        The input of each column, and the column's place in it.

    Raises
    ------
    ValueError
        If there are too many columns, too few, or in another order.
    """
    variables = list(variables)
    wanted = estimator.n_features_in_
    places: list[Place] = []
    for variable in variables:
        width = _width(variable)
        if width is None and len(variables) == 1:
            width = wanted
        places += [(variable, column) for column in range(width or 0)]
    if len(places) != wanted:
        given = ", ".join(f"{v.raw_name!r} {v.type.shape}" for v in variables)
        raise ValueError(
            f"initial_types has the inputs {given}, but {type(estimator).__name__} was "
            f"fitted on {wanted} columns. Give one input of shape [None, {wanted}], or "
            "one of shape [None, 1] per column."
        )
    _refuse_other_order([variable.raw_name for variable in variables], estimator)
    return places


def _width(variable: Any) -> int | None:
    """Return the number of columns of an input, None if it is not said."""
    shape = variable.type.shape
    width = shape[1] if shape is not None and len(shape) == 2 else None
    return int(width) if isinstance(width, int | np.integer) else None


def _refuse_other_order(given: list[str], estimator: BaseEstimator) -> None:
    """Raise if inputs are named as the columns of `fit`, but come in another order."""
    known = getattr(estimator, "feature_names_in_", None)
    if known is None or len(given) < 2:
        return
    expected = known.tolist()
    if given != expected and sorted(given) == sorted(expected):
        raise ValueError(
            f"initial_types has the columns in the order {given}, but "
            f"{type(estimator).__name__} was fitted on them in the order {expected}. "
            "Give them in that order."
        )


def read_numbers(graph: Graph, places: list[Place], columns: Iterable[int]) -> str:
    """Read columns as float64, (n_rows, n_columns)."""
    chosen = [places[column] for column in columns]
    for variable, _ in chosen:
        if is_text(variable):
            raise ValueError(
                f"The input {variable.raw_name!r} is text (StringTensorType), but its "
                "column was read as numbers in fit. Declare it as DoubleTensorType."
            )
    return graph.concat([graph.cast(part, np.float64) for part in take(graph, chosen)])


def take(graph: Graph, chosen: list[Place]) -> list[str]:
    """Take columns from where they are, neighbours of one input together."""
    parts = []
    for _, group in groupby(chosen, key=lambda place: place[0].full_name):
        run = list(group)
        variable, columns = run[0][0], [column for _, column in run]
        whole = columns == list(range(_width(variable) or -1))
        name = variable.full_name
        parts.append(name if whole else graph.take_columns(name, columns))
    return parts
