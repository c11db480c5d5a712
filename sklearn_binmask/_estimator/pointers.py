"""Sparse tables whose parts do not fit together: refused, before anybody reads them.

scipy and scikit-learn multiply, convert and index without a look at where the numbers
of a sparse table point. A table made by hand, or read from a damaged file, then reads
memory that is not its own, and the process ends.
"""

from typing import Any

import numpy as np

__all__ = ["refuse_outside"]


def refuse_outside(X: Any) -> None:
    """Refuse a sparse table that names cells outside of itself.

    Parameters
    ----------
    X : sparse array or matrix
        Of any format; it is read, and not written on.

    Raises
    ------
    ValueError
        If its parts do not fit together.
    """
    if X.format == "lil":
        fits = all(_within(row, X.shape[1]) for row in X.rows)
    elif X.format == "coo":
        parts = zip((X.row, X.col), X.shape, strict=True)
        fits = all(len(i) == len(X.data) and _within(i, n) for i, n in parts)
    elif X.format in ("csr", "csc", "bsr"):
        fits = _is_sound(X)
    else:  # scipy looks at these itself
        return
    if not fits:
        raise ValueError(
            f"X is a sparse table of format {X.format!r} whose parts do not fit "
            "together: some of its numbers are said to be outside of it. Make it anew, "
            "for instance with scipy.sparse.csr_array((values, (rows, columns)))."
        )


def _is_sound(X: Any) -> bool:
    """Tell whether the lines of a compressed table are where they can be."""
    sizes = np.array(X.shape) // (X.blocksize if X.format == "bsr" else 1)
    n_lines, n_across = sizes[::-1] if X.format == "csc" else sizes
    ends, n_held = X.indptr, min(len(X.indices), len(X.data))
    if len(ends) != n_lines + 1 or ends[0] != 0 or ends[-1] > n_held:
        return False
    if (ends[1:] < ends[:-1]).any():
        return False
    return _within(X.indices[: ends[-1]], n_across)


def _within(places: Any, n: int) -> bool:
    """Tell whether all places are among the first so many."""
    return not len(places) or bool(np.min(places) >= 0 and np.max(places) < n)
