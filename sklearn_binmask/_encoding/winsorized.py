"""Gross errors of a target brought in, so that they do not drown what columns tell.

The square of an error of thirty deviations weighs as much as nine hundred rows. Which
columns matter is therefore asked of a winsorized target (Tukey, 1962; Huber and
Ronchetti, 2009): numbers far outside of what most rows hold are moved to the limit of
that.

NOTE[DIFF] The paper takes targets as they are, and so does this with limits that no
number reaches (``--constant _encoding.winsorized._DEVIATIONS=1e9``, an option of
``docs/benchmarks/recovery.py``).
"""

from dataclasses import replace

import numpy as np

from .moments import center_and_scale, quantiles
from .schema import Target

__all__ = ["winsorized"]

# The outer tenth of the rows on either side says how far numbers reach there, as far as
# this many deviations of a normal distribution with the same decile.
_DEVIATIONS = 5.0
_TAIL, _DECILE_OF_NORMAL = 0.1, 1.2815515655446004


def winsorized(target: Target) -> Target:
    """Bring in numbers that lie far outside of what most rows hold.

    Each side of the median has a limit of its own, so that a skewed target keeps its
    tail: five deviations of the normal distribution whose decile is as far from the
    median as the decile of that side. A side on which the two are the same has none.

    Parameters
    ----------
    target : Target
        As encoded.

    Returns
    -------
    target : Target
        The same object, if it has classes or no such number; else standardized anew.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_binmask._encoding import encode_target, winsorized
    >>> target = encode_target(np.append(np.linspace(0, 1, 99), 1000.0))
    >>> brought_in = winsorized(target)
    >>> y = (brought_in.values * brought_in.scale + brought_in.center)[:, 0]
    >>> bool(np.allclose(y[:-1], np.linspace(0, 1, 99))), round(float(y[-1]), 1)
    (True, 2.1)
    """
    if target.center is None or target.scale is None:
        return target
    values = np.ascontiguousarray(target.values.T)
    weights = np.broadcast_to(target.row_weights, values.shape)
    low, high = _limits(values, weights)
    brought_in = np.clip(values, low[:, None], high[:, None])
    moved = (brought_in != values).any(axis=1)
    if not moved.any():
        return target
    center, spread = center_and_scale(brought_in, weights)
    center = np.where(moved, center, 0.0)
    spread = np.where(moved & (spread > 0), spread, 1.0)
    standardized = (brought_in - center[:, None]) / spread[:, None]
    return replace(
        target,
        values=np.ascontiguousarray(standardized.T),
        center=target.center + target.scale * center,
        scale=target.scale * spread,
    )


def _limits(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the least and the largest number that stays, per row of `values`.

    Quantiles are read from either side, so that a target and its negative have limits
    that mirror each other.
    """
    middle, decile = quantiles(values, weights, (0.5, _TAIL)).T
    mirrored_middle, mirrored_decile = quantiles(-values, weights, (0.5, _TAIL)).T
    center = (middle - mirrored_middle) / 2
    reach = _DEVIATIONS / _DECILE_OF_NORMAL
    below, above = center - decile, -mirrored_decile - center
    return (
        np.where(below > 0, center - reach * below, -np.inf),
        np.where(above > 0, center + reach * above, np.inf),
    )
