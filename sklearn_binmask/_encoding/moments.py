"""Weighted statistics that hold at any scale of numbers.

Every statistic here obeys two laws: a row of weight k counts as k copies of it, and
the order of the rows does not matter. Quantiles are therefore read off the inverted
distribution function, never interpolated between two rows. The last axis is always
the rows, so that sorting and summing walk through memory in order.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# A spread below this share of the largest magnitude is rounding noise of float64.
RELATIVE_SPREAD = 1e-12
# Sums of float64 weights are compared with this slack, relative to the total.
WEIGHT_SLACK = 1e-9


def power_of_two_unit(values: Floats) -> Floats:
    """Power of two that brings each row of finite `values` into (-2, 2).

    Squares of numbers near 1e300 overflow; dividing by a power of two first is exact,
    so it changes nothing for ordinary numbers.
    """
    peak = np.abs(values).max(axis=-1, initial=0.0)
    _, exponent = np.frexp(peak)
    return np.where(peak > 0, np.ldexp(1.0, exponent - 1), 1.0)


def center_and_scale(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weighted mean and standard deviation along the last axis.

    The deviation is exactly 0 where the values are constant up to rounding, and where
    all weights are 0.
    """
    total = weights.sum(axis=-1)
    total = np.where(total > 0, total, 1.0)
    center = (values * weights).sum(axis=-1) / total
    deviation = values - center[..., None]
    scale = np.sqrt((deviation * deviation * weights).sum(axis=-1) / total)
    magnitude = np.abs(values).max(axis=-1, initial=0.0)
    return center, np.where(scale > RELATIVE_SPREAD * magnitude, scale, 0.0)


def quantiles(values: Floats, weights: Floats, levels: tuple[float, ...]) -> Floats:
    """Weighted inverted-CDF quantiles of each row: ``(n_columns, len(levels))``.

    The quantile at level q is the smallest value at which the cumulated weight reaches
    q of the total.
    """
    order = np.argsort(values, axis=-1)
    ordered = np.take_along_axis(values, order, axis=-1)
    reached = np.cumsum(np.take_along_axis(weights, order, axis=-1), axis=-1)
    total = reached[:, -1:]
    positions = [
        (reached < (level - WEIGHT_SLACK) * total).sum(axis=-1) for level in levels
    ]
    return np.take_along_axis(ordered, np.stack(positions, axis=-1), axis=-1)
