"""An encoded table most of whose cells are those of a zero.

A column is encoded in the same way whatever holds it, centred values and folds
included, so an encoded zero is not zero. But it is the same number down the whole
column: it is kept once, and apart from it the encoded table is as sparse as the table::

    encoded table  =  cells  +  rest, added to each row

                      .  .  3.1      -0.2 -0.4 -0.1
                      2.5 .  .
                      .  .  3.1

A product with weights is then a sparse product, and one with a single row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

__all__ = ["SparseInputs", "below", "beside", "standardized"]


@dataclass(frozen=True, eq=False)
class SparseInputs:
    """Encoded columns of a sparse table; as much of an array as its users need.

    Attributes
    ----------
    cells : csr_array of shape (n_rows, n_outputs)
        By how much a cell differs from that of a zero.
    rest : ndarray of shape (n_outputs,)
        What a zero becomes.
    """

    cells: Any
    rest: NDArray

    held_as = "sparse"
    ndim = 2
    # numpy leaves products with it to it
    __array_ufunc__ = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and encoded columns."""
        return self.cells.shape

    @property
    def dtype(self) -> np.dtype:
        """Of every cell."""
        return self.rest.dtype

    def __len__(self) -> int:
        """Count the rows."""
        return self.shape[0]

    def __getitem__(self, index: Any) -> "SparseInputs":
        """Take rows, or with ``[rows, columns]`` columns too."""
        rows, columns = index if isinstance(index, tuple) else (index, slice(None))
        cells, rest = self.cells, self.rest
        if not _is_all(rows):
            cells = cells[rows]
        if not _is_all(columns):
            cells, rest = cells[:, columns], rest[columns]
        return SparseInputs(cells, rest)

    def astype(self, dtype: DTypeLike, copy: bool = True) -> "SparseInputs":
        """Hold the same numbers in another type."""
        parts = (part.astype(dtype, copy=copy) for part in (self.cells, self.rest))
        return SparseInputs(*parts)

    def toarray(self) -> NDArray:
        """Write out every cell."""
        return self.cells.toarray() + self.rest

    def map(self, function: Callable[[NDArray], NDArray]) -> "SparseInputs":
        """Apply a function to every number."""
        rest = function(self.rest)
        columns = self.cells.indices
        values = function(self.cells.data + self.rest[columns]) - rest[columns]
        changed = sparse.csr_array(
            (values, columns, self.cells.indptr), shape=self.shape
        )
        return SparseInputs(changed, rest)

    def rescaled(self, center: NDArray, scale: NDArray) -> "SparseInputs":
        """Subtract a number from each column, and divide it by another, in float64."""
        values = self.cells.data / scale[self.cells.indices]
        cells = sparse.csr_array(
            (values, self.cells.indices, self.cells.indptr), shape=self.shape
        )
        return SparseInputs(cells, (self.rest - center) / scale)

    def __pow__(self, exponent: int) -> "SparseInputs":
        """Raise every number to a power."""
        return self.map(lambda values: values**exponent)

    def __rmatmul__(self, left: NDArray) -> NDArray:
        """Multiply a row, or rows, with the table."""
        return left @ self.cells + np.multiply.outer(left.sum(axis=-1), self.rest)

    def __matmul__(self, weights: Any) -> NDArray:
        """Multiply with weights (n_outputs, n), or of each network (C, n_outputs, n).

        Weights of one network may be a sparse matrix too.
        """
        if weights.ndim == 3:
            n_networks, n_inputs, n = weights.shape
            flat = weights.transpose(1, 0, 2).reshape(n_inputs, n_networks * n)
            return (self @ flat).reshape(-1, n_networks, n).transpose(1, 0, 2)
        product = self.cells @ weights
        if sparse.issparse(product):
            product = product.toarray()
        return np.asarray(product + self.rest @ weights)


def _is_all(index: Any) -> bool:
    return isinstance(index, slice) and index == slice(None)


def below(first: Any, second: Any) -> Any:
    """Put rows below an encoded table, in the form of the latter."""
    if not isinstance(first, SparseInputs):
        parts = (x.toarray() if hasattr(x, "toarray") else x for x in (first, second))
        return np.vstack([*parts])
    if not isinstance(second, SparseInputs):
        second = SparseInputs(sparse.csr_array(second - first.rest), first.rest)
    cells = sparse.vstack([first.cells, second.cells], format="csr")
    return SparseInputs(cells, first.rest)


def beside(tables: list[Any]) -> Any:
    """Put the columns of encoded tables of one form side by side."""
    if isinstance(tables[0], SparseInputs):
        cells = sparse.hstack([table.cells for table in tables], format="csr")
        return SparseInputs(cells, np.concatenate([table.rest for table in tables]))
    return np.hstack([x.toarray() if hasattr(x, "toarray") else x for x in tables])


def standardized(table: Any, weights: NDArray[np.float64]) -> Any:
    """Bring the columns of an encoded table to mean 0 and deviation 1, in float64."""
    table = table.astype(np.float64)
    if isinstance(table, SparseInputs):
        shares = weights / weights.sum()
        mean = shares @ table
        spread = np.sqrt(np.maximum(shares @ table**2 - mean**2, 0.0))
        return table.rescaled(mean, np.where(spread > 0, spread, 1.0))
    values = table - np.average(table, axis=0, weights=weights)
    spread = np.sqrt(np.average(values**2, axis=0, weights=weights))
    return values / np.where(spread > 0, spread, 1.0)
