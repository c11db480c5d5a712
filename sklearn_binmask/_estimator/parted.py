"""A table that is somewhere else and comes in parts, as often as it is read.

A fit reads it twice: for the few rows from which encodings are learned, and once they
are known, part by part, for the rows that it uses. What it holds of a part is never
more than these rows in code; the part is let go of before the next one comes.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_array

from .._encoding import CodedRows, TableEncoding
from ..exceptions import DistributedError
from .mapped import refuse_infinite
from .rows import is_frame

__all__ = ["Deliveries", "PartedTable", "join_series", "join_tables"]

Part = tuple[int, Any]


class PartedTable:
    """Rows of a table in parts; as much of a table as a fit needs.

    Parameters
    ----------
    empty : ndarray or data frame of shape (0, n_columns)
        The table without its rows.
    n_rows : dict of int to int
        Rows of each part, by its number.
    parts : callable
        Gives an iterator over pairs of the number of a part and its rows, an array or
        data frame; in whatever order, each part once.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    columns, dtypes : object
        Of a data frame.
    """

    def __init__(
        self, empty: Any, n_rows: dict[int, int], parts: Callable[[], Iterator[Part]]
    ) -> None:
        self.empty, self.parts = empty, parts
        if is_frame(empty):
            self.columns, self.dtypes = empty.columns, empty.dtypes
        self._bounds, start = {}, 0
        for number, size in sorted(n_rows.items()):
            self._bounds[number] = start, start + size
            start += size
        self.shape = start, empty.shape[1]

    def __len__(self) -> int:
        """Count the rows."""
        return self.shape[0]

    def read(self, rows: NDArray[np.intp]) -> Any:
        """Read some rows, in increasing order, into memory."""
        pieces = {}
        for place, part, mine in self._among(rows):
            if len(mine):
                pieces[place.start] = part.iloc[mine] if is_frame(part) else part[mine]
            del part  # before the next one comes
        if not pieces:
            return self.empty
        return join_tables([pieces[start] for start in sorted(pieces)])

    def read_coded(
        self, encoding: TableEncoding, rows: NDArray[np.intp] | None
    ) -> CodedRows:
        """Read some rows, in increasing order, or all, into memory in code."""
        rows = np.arange(len(self)) if rows is None else rows
        coded = CodedRows(len(rows), encoding)
        for place, part, mine in self._among(rows):
            coded.put(place, part, mine)
            del part
        return coded

    def _among(
        self, rows: NDArray[np.intp]
    ) -> Iterator[tuple[slice, Any, NDArray[np.intp]]]:
        """Read all parts: which of some rows are there, and their place among them."""
        for number, part in self.parts():
            start, stop = self._bounds.get(number, (0, 0))
            if len(part) != stop - start:
                raise ValueError(
                    f"Partition {number} of X had {stop - start} rows when they were "
                    f"counted, and has {len(part)} now. Persist X before, or make its "
                    "partitions the same each time that they are computed."
                )
            if len(part):
                first, last = np.searchsorted(rows, [start, stop])
                mine = rows[first:last] - start
                yield slice(int(first), int(last)), self._checked(part), mine
            del part

    def _checked(self, part: Any) -> Any:
        """Check the cells of an array; those of a frame are when they are read."""
        if is_frame(part):
            return part
        dtypes = [np.float64, np.float32]
        part = check_array(part, dtype=dtypes, ensure_all_finite=False)
        refuse_infinite(part, "The estimator")
        return part


class Deliveries:
    """Parts that others bring, in threads of their own, when the fit asks for them.

    Parameters
    ----------
    timeout : float
        Seconds without a sign of those who bring the parts, after which they are given
        up.
    """

    def __init__(self, timeout: float) -> None:
        self._changed = threading.Condition()
        self._timeout, self._heard = timeout, time.monotonic()
        self._asks = self._closed = False
        self._part: Part | None = None

    # --- who fits ---------------------------------------------------------------------

    def __call__(self) -> Iterator[Part]:
        """Ask for all parts, and take one after the other."""
        with self._changed:
            self._asks, self._heard = True, time.monotonic()
        while (part := self._next()) is not None:
            yield part
            del part  # before the next one comes
            with self._changed:
                self._part = None
                self._changed.notify_all()

    def _next(self) -> Part | None:
        """Wait for a part, or for the end."""
        with self._changed:
            while self._part is None and self._asks:
                left = self._heard + self._timeout - time.monotonic()
                if self._closed:
                    raise DistributedError("The fit has been given up. Fit again.")
                if left <= 0:
                    raise DistributedError(
                        f"No rows have come for {self._timeout:g} s, nor a word of "
                        "who brings them. Fit again; if the rows take long to make, "
                        "persist them before, or give a larger timeout."
                    )
                self._changed.wait(left)
            return self._part

    def close(self) -> None:
        """Take no more parts."""
        with self._changed:
            self._closed, self._part = True, None
            self._changed.notify_all()

    # --- who brings -------------------------------------------------------------------

    def are_wanted(self) -> bool:
        """Tell whether all parts are waited for; and let oneself be heard of."""
        with self._changed:
            self._heard = time.monotonic()
            return self._asks and not self._closed

    def bring(self, number: int, part: Any) -> None:
        """Hand over a part, and wait until it has been used."""
        with self._changed:
            self._heard = time.monotonic()
            self._changed.wait_for(lambda: self._part is None or self._closed)
            if self._closed:
                return
            mine = self._part = number, part
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._part is not mine or self._closed)

    def end(self) -> None:
        """Say that this were all parts."""
        with self._changed:
            self._asks, self._heard = False, time.monotonic()
            self._changed.notify_all()


def join_tables(pieces: list[Any]) -> Any:
    """Put tables one below the other, column by column."""
    if not is_frame(pieces[0]):
        return np.concatenate(pieces)
    columns = {
        column: join_series([piece.iloc[:, column] for piece in pieces])
        for column in range(pieces[0].shape[1])
    }
    joined = pd.DataFrame(columns, copy=False)
    joined.columns = pieces[0].columns
    return joined


def join_series(pieces: list[Any]) -> Any:
    """Join pieces of one column; levels that only some of them know are kept."""
    if not isinstance(pieces[0], pd.Series | pd.DataFrame):
        return np.concatenate([np.asarray(piece) for piece in pieces])
    dtypes = [getattr(piece, "dtype", None) for piece in pieces]
    if all(isinstance(dtype, pd.CategoricalDtype) for dtype in dtypes):
        levels = pd.api.types.union_categoricals(pieces, ignore_order=True)
        return pd.Series(levels, name=pieces[0].name)
    return pd.concat(pieces, ignore_index=True)
