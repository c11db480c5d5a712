"""Rows that come to a process in parts: few are held there, many only counted.

Targets and weights are held in any case, and so is a small table. Of a larger one only
the number of rows of each part is written down: it is read again while it is fitted.
"""

from typing import Any

import numpy as np

from .parted import Deliveries, PartedTable, join_series, join_tables

__all__ = ["Shard"]

# Cells of a table that are held: 8 MB of float64.
_MOST_HELD = 2**20


class Shard:
    """The rows of one process, given in parts, in whatever order.

    Parameters
    ----------
    timeout : float, default=300.0
        Of the `deliveries`.

    Attributes
    ----------
    is_parted : bool
        Whether there are too many rows to be held.
    deliveries : Deliveries
        Where the fit then waits for the parts.
    """

    def __init__(self, timeout: float = 300.0) -> None:
        self.is_parted = False
        self.deliveries = Deliveries(timeout)
        self._n_rows: dict[int, int] = {}
        self._targets: dict[int, tuple[Any, Any, Any]] = {}
        self._parts: dict[int, Any] = {}
        self._empty: Any = None

    def add(
        self, index: int, X: Any, y: Any, sample_weight: Any, groups: Any = None
    ) -> int:
        """Take the part of some number, with columns of X named in place of values.

        Parameters
        ----------
        index : int
            Place of the part among all.
        X : ndarray or data frame of shape (n_rows, n_columns)
            Columns.
        y, sample_weight, groups : str, or array-like of shape (n_rows,), or None
            Where it is a name, that column is taken out of `X`.

        Returns
        -------
        n_used : int
            Rows of this part, but those of weight 0.
        """
        n_rows = X.shape[0]
        of_rows = {"y": y, "sample_weight": sample_weight, "groups": groups}
        named = {name for name in of_rows.values() if isinstance(name, str)}
        # copies: a column would keep the memory of the whole part
        of_rows = {
            name: X[given].reset_index(drop=True).copy()
            if isinstance(given, str)
            else given
            for name, given in of_rows.items()
        }
        for name, given in of_rows.items():
            if given is not None and len(given) != n_rows:
                raise ValueError(
                    f"Partition {index} of X has {n_rows} rows, but that of {name} "
                    f"has {len(given)}. Partition both alike, or pass the name of a "
                    "column of X."
                )
        if n_rows == 0:
            return 0
        y, sample_weight, groups = of_rows.values()
        self._targets[index] = y, sample_weight, groups
        self._n_rows[index] = n_rows
        if self._empty is None:
            empty = X[:0].copy()
            self._empty = empty.drop(columns=list(named)) if named else empty
        self.is_parted |= sum(self._n_rows.values()) * X.shape[1] > _MOST_HELD
        if self.is_parted:
            self._parts.clear()
        else:
            self._parts[index] = X.drop(columns=list(named)) if named else X.copy()
        return n_rows if sample_weight is None else int(np.count_nonzero(sample_weight))

    def join(self, *, parted: bool = False) -> tuple[Any, Any, Any, Any]:
        """Put the parts one after the other; the shard is empty afterwards.

        Parameters
        ----------
        parted : bool, default=False
            Whether X is not to be held, but read from the `deliveries`.

        Returns
        -------
        X : ndarray, data frame or PartedTable
            Rows of this process.
        y, sample_weight, groups : object
            What belongs to them.
        """
        targets = [self._targets.pop(index) for index in sorted(self._targets)]
        y, sample_weight, groups = (
            None if pieces[0] is None else join_series(list(pieces))
            for pieces in zip(*targets, strict=True)
        )
        return self._join_table(parted), y, sample_weight, groups

    def _join_table(self, parted: bool) -> Any:
        if parted:
            return PartedTable(self._empty, self._n_rows, self.deliveries)
        return join_tables([self._parts.pop(index) for index in sorted(self._parts)])
