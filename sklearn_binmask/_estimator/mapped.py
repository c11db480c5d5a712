"""Arrays that are files: read block by block, and let go of.

What has been read of a memory-mapped file counts as memory of the process until it is
needed elsewhere. So each block is handed back once it has been read; the file, and what
other arrays hold of it, stay as they are.
"""

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite

__all__ = ["is_mapped", "read_rows", "refuse_infinite"]

# Bytes of a block.
_BLOCK = 2**24


def is_mapped(X: Any) -> bool:
    """Tell whether an array is a file."""
    return _mapping(X) is not None


def read_rows(X: NDArray, rows: NDArray[np.intp]) -> NDArray:
    """Read some rows, in increasing order, into memory."""
    taken = np.empty((len(rows), *X.shape[1:]), dtype=X.dtype)
    for start, stop in _blocks(X):
        first, last = np.searchsorted(rows, [start, stop])
        taken[first:last] = X[rows[first:last]]
    return taken


def refuse_infinite(X: NDArray, name: str) -> None:
    """Raise scikit-learn's error if an array holds an infinite number.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
        Numbers; NaN is welcome.
    name : str
        Of the estimator.
    """
    for start, stop in _blocks(X):
        # large numbers of both signs may add up to no number: it then looks at each
        with np.errstate(over="ignore", invalid="ignore"):
            assert_all_finite(
                X[start:stop], allow_nan=True, estimator_name=name, input_name="X"
            )


def _blocks(X: NDArray) -> Iterator[tuple[int, int]]:
    """Yield the bounds of blocks of rows; a block is let go of when the next comes."""
    mapping = _mapping(X)
    n_rows = max(1, _BLOCK // max(1, X[:1].nbytes))
    for start in range(0, len(X), n_rows):
        yield start, min(start + n_rows, len(X))
        if mapping is not None:
            mapping.madvise(mmap.MADV_DONTNEED)


def _mapping(X: Any) -> mmap.mmap | None:
    """Find the file behind an array that can be handed back.

    Changes to an array opened with ``mode="c"`` are in memory alone: that one stays.
    """
    while isinstance(X, np.ndarray):
        if isinstance(X, np.memmap) and X.mode == "c":
            return None
        X = X.base
    can = isinstance(X, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED")
    return X if can else None
