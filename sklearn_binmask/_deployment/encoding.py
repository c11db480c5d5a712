"""The encoding of a table as nodes of a graph, in float64 as `encode` does it."""

from collections.abc import Callable

import numpy as np

from .._encoding import CLIP, TableEncoding
from .._encoding.columns import FINE, NUMERIC_ENCODINGS
from .._encoding.moments import RELATIVE_SPREAD
from .._encoding.schema import LevelState, NumberState
from .columns import Place, is_text, read_numbers, take
from .graph import Graph

__all__ = ["BASES", "write_encoding"]


def write_encoding(graph: Graph, places: list[Place], encoding: TableEncoding) -> str:
    """Write the encoded columns.

    Parameters
    ----------
    graph : Graph
        To be written to.
    places : list of (variable, int)
        Where each column of the user's table is.
    encoding : TableEncoding
        Of the chosen columns.

    Returns
    -------
    name : str
        Of a float64 matrix, (n_rows, n_outputs); a column of zeros if there are none.
    """
    if encoding.n_outputs == 0:
        return graph.zeros(places[0][0].full_name)
    parts: list[str] = []
    source = np.empty(encoding.n_outputs, dtype=np.int64)
    n_written = 0
    state = encoding.numbers
    if len(state.columns):
        parts.append(_write_numbers(graph, places, state))
        outputs = [encoding.input_to_outputs[column] for column in state.columns]
        # the slots are written one after the other, each with all its columns
        column, slot = np.nonzero(state.kept)
        source[np.concatenate(outputs)] = slot * len(state.columns) + column
        n_written += state.kept.size
    for level in encoding.levels:
        if level.table.size == 0:
            continue
        parts.append(_write_levels(graph, places[level.column], level))
        width = level.table.shape[1]
        source[encoding.input_to_outputs[level.column]] = n_written + np.arange(width)
        n_written += width
    return graph.take_columns(graph.concat(parts), source)


# Columns of numbers --------------------------------------------------------------


def _write_numbers(graph: Graph, places: list[Place], state: NumberState) -> str:
    """Write all slots of all columns, (n_rows, n_slots * n_columns)."""
    zero = graph.constant(0.0)
    cells = read_numbers(graph, places, state.columns)
    missing = graph.node("IsNaN", cells)
    cells = graph.node("Where", missing, zero, cells)
    cells = graph.node("Div", cells, graph.constant(state.unit))
    value = _standardize(graph, cells, state, 0)
    value = graph.node("Where", missing, zero, value)
    slots = [value]
    weight = graph.constant(NUMERIC_ENCODINGS[state.encoding].weight)
    for function in BASES[state.encoding](graph, value, state):
        standardized = _standardize(graph, function, state, len(slots))
        weighted = graph.node("Mul", standardized, weight)
        slots.append(graph.node("Where", missing, zero, weighted))
    flag = graph.cast(missing, np.float64)
    slots.append(_standardize(graph, flag, state, len(slots)))
    return graph.concat(slots)


def _standardize(graph: Graph, values: str, state: NumberState, slot: int) -> str:
    """Center, scale and clip one slot of all columns."""
    centered = graph.node("Sub", values, graph.constant(state.center[:, slot]))
    scaled = graph.node("Div", centered, graph.constant(state.scale[:, slot]))
    return graph.clip(scaled, -CLIP, CLIP)


def _no_functions(graph: Graph, value: str, state: NumberState) -> list[str]:
    """Write no basis function."""
    return []


def _folds(graph: Graph, value: str, state: NumberState) -> list[str]:
    """Write the folds of the rank; see `_folds` in the encoding."""
    (edges,) = state.knots
    n_columns, n_edges = edges.shape
    width = np.diff(edges, axis=1)
    wide = width > RELATIVE_SPREAD
    one, two = graph.constant(1.0), graph.constant(2.0)
    ahead = graph.node(
        "Sub", graph.reshape(value, -1, n_columns, 1), graph.constant(edges[:, :-1])
    )
    shares = graph.node("Div", ahead, graph.constant(np.where(wide, width, 1.0)))
    ramp = graph.clip(shares, 0.0, 1.0)
    if not wide.all():
        above = graph.node("Add", graph.node("Sign", ahead), one)
        step = graph.node("Div", above, two)
        ramp = graph.node("Where", graph.constant(wide), ramp, step)
    rank = graph.node("Div", graph.sum(ramp, 2), graph.constant(n_edges - 1.0))

    def fold(name: str) -> str:
        doubled = graph.node("Mul", name, two)
        return graph.node("Abs", graph.node("Sub", doubled, one))

    once = fold(rank)
    return [once, fold(once)]


def _folds_and_steps(graph: Graph, value: str, state: NumberState) -> list[str]:
    """Write the folds, and whether a value is over each of the octiles."""
    (edges,) = state.knots
    steps = [
        graph.cast(graph.node("Greater", value, graph.constant(edge)), np.float64)
        for edge in edges.T[1:-1]
    ]
    return [*_folds(graph, value, state), *steps]


# Row of `NUMERIC_ENCODINGS` -> what writes its functions.
BASES: dict[str | None, Callable[[Graph, str, NumberState], list[str]]] = {
    "auto": _folds,
    "piecewise_linear": _folds,
    FINE: _folds_and_steps,
    None: _no_functions,
}


# Categorical columns -------------------------------------------------------------


def _write_levels(graph: Graph, place: Place, state: LevelState) -> str:
    """Write the encoded columns of a categorical column."""
    (cells,) = take(graph, [place])
    reads_text = is_text(place[0])
    if state.levels and reads_text not in {isinstance(v, str) for v in state.levels}:
        given, fitted, remedy = "numbers", "text", "StringTensorType"
        if reads_text:
            given, fitted, remedy = "text", "numbers", "Int64TensorType or another type"
        raise ValueError(
            f"The input {place[0].raw_name!r} holds {given}, but the levels of its "
            f"column were {fitted} in fit. Declare it as {remedy}."
        )
    find = _find_text if reads_text else _find_numbers
    codes = graph.reshape(find(graph, cells, state), -1)
    return graph.node("Gather", graph.constant(state.table), codes, axis=0)


def _find_text(graph: Graph, cells: str, state: LevelState) -> str:
    """Find the row of each text in the table of levels."""
    other, missing = len(state.levels), len(state.levels) + 1
    code_of = {"": missing}  # unless "" was a level of its own
    code_of |= {
        level: code for code, level in enumerate(state.levels) if isinstance(level, str)
    }
    return graph.node(
        "LabelEncoder",
        cells,
        domain="ai.onnx.ml",
        op_version=2,
        keys_strings=list(code_of),
        values_int64s=list(code_of.values()),
        default_int64=other,
    )


def _find_numbers(graph: Graph, cells: str, state: LevelState) -> str:
    """Find the row of each number in the table of levels."""
    # levels that are text, if there are others, keep their codes and match no number
    numbers = [np.nan if isinstance(v, str) else float(v) for v in state.levels]
    n_levels = len(numbers)
    cells = graph.cast(cells, np.float64)
    missing = graph.cast(graph.node("IsNaN", cells), np.int64)
    # a code is the sum of those of the tests that hold, of which no two do
    code = graph.constant(np.array(n_levels))
    if n_levels:
        is_level = graph.node("Equal", cells, graph.constant(numbers))
        is_level = graph.cast(is_level, np.int64)
        steps = graph.constant(np.arange(n_levels) - n_levels)
        found = graph.sum(graph.node("Mul", is_level, steps), 1)
        code = graph.node("Add", code, found)
    return graph.node("Add", code, graph.reshape(missing, -1))
