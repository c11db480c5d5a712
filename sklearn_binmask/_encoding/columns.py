"""From one column to its encoded columns, all of which share one gate.

A column of numbers becomes its standardized value, a few basis functions that let a
small network see effects without a slope (a ring, a band), and a flag for missing::

    x      ->  value   V      W     missing
    3.2        0.4   -0.3    0.2     -0.3
    NaN        0.0    0.0    0.0      3.0

A categorical column becomes one column per level, scaled so that all of them together
weigh as much as one standardized number. Whatever does not vary is left out, so a
constant column has no encoded column at all.

NOTE[DIFF] No part of the paper's recipe: the folds of a column's rank stand beside its
value, behind the same gate, because networks as small as ours do not see a ring or a
band otherwise.

To add a kind of column or a basis, add a row to a table at the foot of this file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import repeat
from numbers import Real
from typing import Any, Literal

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import DTypeLike, NDArray

from .moments import (
    RELATIVE_SPREAD,
    center_and_scale,
    power_of_two_unit,
    quantiles,
)
from .reading import TEXT_DTYPES, TIME_DTYPES
from .schema import Level, LevelState, NumberState

Floats = NDArray[np.float64]
Knots = tuple[Floats, ...]

# A standardized output never leaves [-CLIP, CLIP]: one wild cell must not own a gate.
CLIP = 5.0
# Width of a step of none: from the least number above 0 on it is over.
_STEP = 1e-30
# Row of `NUMERIC_ENCODINGS` that reads a column by steps too.
FINE = "fine"
# A categorical column becomes at most this many encoded columns.
MAX_LEVELS = 32
# Shares are compared after rounding, so that ties do not hang on the order of rows.
SHARE_DECIMALS = 12
BUILT_IN = {str, int, float, bool}


# Columns of numbers --------------------------------------------------------------


def learn_numbers(
    columns: NDArray[np.intp],
    values: Floats,
    weights: Floats,
    encoding: str | None,
    keep_constant: bool = False,
) -> NumberState:
    """Learn a block of columns of numbers; `values` is ``(n_columns, n_rows)``."""
    basis = NUMERIC_ENCODINGS[encoding]
    missing = np.isnan(values)
    present = np.where(missing, 0.0, weights)
    low, high = np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1)
    two_valued = ((values == low[:, None]) | (values == high[:, None]) | missing).all(1)

    unit = power_of_two_unit(np.where(missing, 0.0, values))
    scaled = np.where(missing, 0.0, values) / unit[:, None]
    center, scale = center_and_scale(scaled, present)
    value = _standardize(scaled, center, scale) * ~missing

    knots = basis.learn(value, present)
    functions = basis.compute(value, knots)
    basis_center, basis_scale = center_and_scale(functions, present[:, None, :])
    basis_scale[two_valued] = 0.0  # the value says it all
    flag_center, flag_scale = center_and_scale(
        missing.astype(np.float64), np.broadcast_to(weights, values.shape)
    )
    centers = np.column_stack([center, basis_center, flag_center])
    scales = np.column_stack([scale, basis_scale, flag_scale])
    kept = scales > 0
    if keep_constant:
        # by what it will vary is not known: taken to be its own size, or 1
        constant, least = ~kept[:, 0], np.maximum(unit, 1.0)
        centers[constant, 0] *= (unit / least)[constant]
        unit = np.where(constant, least, unit)
        kept[constant, 0] = True
    scales = np.where(scales > 0, scales, 1.0)
    return NumberState(columns, encoding, unit, knots, centers, scales, kept)


def encode_numbers(
    values: Floats, state: NumberState, dtype: DTypeLike = np.float64
) -> NDArray:
    """Encode a block of columns: ``(n_outputs, n_rows)``, column after column.

    In another `dtype`, all that comes after standardizing is done in it.
    """
    return unfold_numbers(
        standardize_numbers(values, state).astype(dtype, copy=False), state
    )


def standardize_numbers(values: Floats, state: NumberState) -> Floats:
    """Standardize a block of columns, the first step of encoding it; NaN stays."""
    with np.errstate(over="ignore"):  # a huge new value overflows, then is clipped
        scaled = values / state.unit[:, None]
        return _standardize(scaled, state.center[:, 0], state.scale[:, 0])


def unfold_numbers(values: NDArray, state: NumberState) -> NDArray:
    """Encode a block of columns that has been standardized, in its own dtype."""
    basis, dtype = NUMERIC_ENCODINGS[state.encoding], values.dtype
    missing = np.isnan(values)
    value = np.where(missing, dtype.type(0), values)
    slots = np.empty((*state.kept.shape, values.shape[1]), dtype=dtype)
    slots[:, 0] = value
    if state.kept[:, 1:].any():
        slots[:, 1:-1] = basis.compute(value, state.knots)
        slots[:, -1] = missing
        center, scale = (
            part[:, 1:].astype(dtype, copy=False)
            for part in (state.center, state.scale)
        )
        slots[:, 1:] = _standardize(slots[:, 1:], center, scale)
        slots[:, 1:-1] *= basis.weight
        slots[:, 1:-1] *= ~missing[:, None]
    return slots[state.kept]


def encode_values(values: NDArray, state: NumberState) -> Floats:
    """Encode an array (n_rows, n_inputs) of which each output is a standardized value.

    The same numbers as `encode_numbers` gives, without going column by column.
    """
    if len(state.columns) < values.shape[1]:
        values = values[:, state.columns]
    with np.errstate(over="ignore", invalid="ignore"):
        encoded = values / state.unit
        encoded -= state.center[:, 0]
        encoded /= state.scale[:, 0]
    np.clip(encoded, -CLIP, CLIP, out=encoded)
    if np.isnan(encoded.sum()):
        encoded[np.isnan(values)] = 0.0
    return encoded


def _standardize(values: Floats, center: Floats, scale: Floats) -> Floats:
    """Center, scale (nothing to do where the scale is 0) and clip."""
    divisor = np.where(scale > 0, scale, 1.0)[..., None]
    return np.clip((values - center[..., None]) / divisor, -CLIP, CLIP)


# The basis of a number -----------------------------------------------------------


@dataclass(frozen=True)
class NumericEncoding:
    """Basis functions of a standardized value, behind the gate of its column.

    `learn` takes values and weights of shape ``(n_columns, n_rows)``, a missing cell
    being a 0 of weight 0, and returns arrays of first axis ``n_columns``. `compute`
    takes values and those arrays, and returns finite numbers of shape
    ``(n_columns, n_functions, n_rows)``, which are standardized afterwards and
    multiplied by `weight`.
    """

    n_functions: int
    weight: float
    learn: Callable[[Floats, Floats], Knots]
    compute: Callable[[Floats, Knots], Floats]


def _no_knots(values: Floats, weights: Floats) -> Knots:
    """Learn nothing."""
    return ()


def _no_functions(values: Floats, knots: Knots) -> Floats:
    """Return no basis function."""
    return np.empty((len(values), 0, values.shape[1]))


def _octiles(values: Floats, weights: Floats) -> Knots:
    """Find the least and the largest value and the octiles between them."""
    inner = quantiles(values, weights, tuple(i / 8 for i in range(1, 8)))
    return (np.column_stack([values.min(axis=1), inner, values.max(axis=1)]),)


def _folds(values: Floats, knots: Knots) -> Floats:
    r"""Fold the column at its median, and once more at its quartiles.

    With the rank r of a value, piecewise linear between the octiles, these are::

        V = |2 r - 1|       \  /        effects that are even around the middle
                             \/

        W = |2 V - 1|       \/\/       rings, bands and waves

    The value itself has a slope; these two have none, so a network too small to
    build them from the value sees such effects at once. Both are triangle waves of the
    rank, nearly uncorrelated with it and with each other.
    """
    (edges,) = knots
    n_steps = edges.shape[1] - 1
    rank, ramp = np.zeros_like(values), np.empty_like(values)
    for low, width in zip(edges.T[:-1], np.diff(edges, axis=1).T, strict=True):
        # where two octiles are one value, that value stands in the middle of the step
        wide = width > RELATIVE_SPREAD
        run = np.where(wide, width, _STEP)
        np.subtract(values, low[:, None].astype(values.dtype), out=ramp)
        ramp /= run[:, None].astype(values.dtype)
        ramp += np.where(wide, 0.0, 0.5)[:, None].astype(values.dtype)
        rank += np.clip(ramp, 0.0, 1.0, out=ramp)
    v = np.abs(2 / n_steps * rank - 1)
    return np.stack([v, np.abs(2 * v - 1)], axis=1)


def _folds_and_steps(values: Floats, knots: Knots) -> Floats:
    """Tell of each octile, besides the folds, whether a value is over it."""
    (edges,) = knots
    steps = values[:, None] > edges[:, 1:-1, None].astype(values.dtype)
    return np.concatenate([_folds(values, knots), steps], axis=1)


# Categorical columns -------------------------------------------------------------


def learn_levels(
    column: int,
    values: list[Any],
    present: NDArray[np.bool_],
    weights: Floats,
    keep_constant: bool = False,
) -> LevelState:
    """Learn the levels of a column; missing is the last of them, if there is any."""
    plain = _plain_levels(values)
    levels = _sort_levels(set(plain))
    code_of = {level: code for code, level in enumerate(levels)}
    codes = np.full(len(present), len(levels))
    codes[present] = np.fromiter(map(code_of.__getitem__, plain), np.intp, len(plain))
    has_missing = not present.all()
    n_levels = len(levels) + has_missing
    shares = np.bincount(codes, weights, minlength=n_levels) / weights.sum()

    has_infrequent = n_levels > MAX_LEVELS
    own = np.arange(n_levels)
    if has_infrequent:
        order = np.argsort(-np.round(shares, SHARE_DECIMALS), kind="stable")
        own = np.sort(order[: MAX_LEVELS - 1])
    output_of = np.full(n_levels, len(own))
    output_of[own] = np.arange(len(own))
    outputs = _level_outputs(np.bincount(output_of, shares).astype(np.float64))
    if keep_constant and not outputs.size:
        outputs = np.eye(len(outputs))  # unlike any level to come

    nothing = np.zeros(outputs.shape[1])
    own_levels = own[own < len(levels)]
    rows = [
        *outputs[output_of[own_levels]],
        outputs[-1] if has_infrequent else nothing,
        outputs[output_of[-1]] if has_missing else nothing,
    ]
    return LevelState(column, tuple(levels[c] for c in own_levels), np.array(rows))


def find_levels(
    values: list[Any], present: NDArray[np.bool_], state: LevelState
) -> NDArray[np.intp]:
    """Find the row of `state.table` that each row of the column becomes."""
    code_of = {level: code for code, level in enumerate(state.levels)}
    other, missing = len(state.levels), len(state.levels) + 1
    known = map(code_of.get, _plain_levels(values), repeat(other))
    codes = np.full(len(present), missing)
    codes[present] = np.fromiter(known, np.intp, len(values))
    return codes


def weigh_levels(values: list[Any], weights: Floats) -> tuple[list[Level], list[float]]:
    """Sum the weights of the rows of each level."""
    plain = _plain_levels(values)
    code_of = {level: code for code, level in enumerate(dict.fromkeys(plain))}
    codes = np.fromiter(map(code_of.__getitem__, plain), np.intp, len(plain))
    return list(code_of), np.bincount(codes, weights, len(code_of)).tolist()


def _level_outputs(shares: Floats) -> Floats:
    """One-hot rows, centered, of total variance 1 however many levels there are."""
    variance = (shares * (1 - shares)).sum()
    if variance <= RELATIVE_SPREAD**2:
        return np.empty((len(shares), 0))
    return np.clip((np.eye(len(shares)) - shares) / np.sqrt(variance), -CLIP, CLIP)


def _plain_levels(values: list[Any]) -> list[Level]:
    """Return the values as levels of built-in types."""
    if set(map(type, values)) <= BUILT_IN:
        return values
    plain = {raw: _plain_level(raw) for raw in dict.fromkeys(values)}
    return [plain[raw] for raw in values]


def _plain_level(raw: Any) -> Level:
    """Return a value as a built-in scalar; intervals, dates and the like as text."""
    level = raw.item() if isinstance(raw, np.generic) else raw
    return level if type(level) in BUILT_IN else str(level)


def _sort_levels(levels: set[Any]) -> list[Level]:
    """Sort levels, numbers before text if there are both."""
    try:
        return sorted(levels)
    except TypeError:
        return sorted(levels, key=lambda level: (isinstance(level, str), level))


# Tables --------------------------------------------------------------------------


@dataclass(frozen=True)
class ColumnKind:
    """How a kind of column is recognised in a frame, and what it is read as.

    `recognises` looks at the dtype. Where the dtype says nothing (Python objects), a
    column is of this kind when each of its values is an instance of `python_types`.
    """

    recognises: Callable[[nw.dtypes.DType], bool]
    python_types: tuple[type, ...]
    read_as: Literal["numbers", "levels"]


_PIECEWISE_LINEAR = NumericEncoding(2, 0.25, _octiles, _folds)

NUMERIC_ENCODINGS: dict[str | None, NumericEncoding] = {
    "auto": _PIECEWISE_LINEAR,
    "piecewise_linear": _PIECEWISE_LINEAR,
    # not for users: what few columns are read by, see `finer`; each of nine functions
    # weighs half as much as each of two
    FINE: NumericEncoding(9, 0.125, _octiles, _folds_and_steps),
    None: NumericEncoding(0, 1.0, _no_knots, _no_functions),
}

# In Python a bool is a number: the first row that recognises a column has it.
COLUMN_KINDS: dict[str, ColumnKind] = {
    "boolean": ColumnKind(
        lambda dtype: dtype == nw.Boolean, (bool, np.bool_), "numbers"
    ),
    "numeric": ColumnKind(
        lambda dtype: dtype.is_numeric() or dtype in TIME_DTYPES,
        (Real, Decimal),
        "numbers",
    ),
    "categorical": ColumnKind(lambda dtype: dtype in TEXT_DTYPES, (str,), "levels"),
}
