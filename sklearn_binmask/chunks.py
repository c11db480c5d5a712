"""A sample of rows from a table that comes in chunks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from ._estimator import is_frame, refuse_outside
from ._sklearn import _num_samples, _safe_indexing
from .exceptions import ParameterError

__all__ = ["sample_rows"]

# Kept rows are thinned out when they are more than those wanted by this factor.
_SPARE = 1.25


def sample_rows(
    chunks: Any,
    *,
    target: str | list[str] | None = None,
    n_rows: Any = 100_000,
    random_state: int | None = None,
) -> tuple[Any, ...]:
    """Draw rows at random from a table that comes in chunks, in one pass.

    For tables that do not fit in memory: a selection needs enough rows to tell columns
    apart, not all of them. Every row has the same chance to be drawn, wherever it
    comes, and which rows are drawn does not depend on how they are cut into chunks. No
    more is held in memory than a chunk and a quarter more than the rows wanted.

    Parameters
    ----------
    chunks : iterable, path, or dataset of pyarrow
        Either an iterable of ``(X, y)`` or ``(X, y, sample_weight)``, where `X` is an
        array, a sparse array or a data frame, the same kind in each chunk. Or, with
        `target`, the path of a Parquet file or of a folder of them, or what gives
        record batches of Arrow: a `pyarrow.dataset.Dataset`, a `pyarrow.Table` or a
        `pyarrow.parquet.ParquetFile`.
    target : str or list of str, default=None
        Column, or columns, of an Arrow table to be predicted; the others become the
        data frame `X`. None where chunks come with their `y`.
    n_rows : int, default=100000
        Rows to draw; all of them, if there are no more. A larger number takes more
        memory and finds weaker effects; beyond the default, `BinMaskSelector` takes a
        share of the rows of a larger table itself.
    random_state : int, default=None
        Seed of the draw; None for a new one each time.

    Returns
    -------
    X : ndarray, sparse array or data frame of shape (n_drawn, n_features)
        The rows drawn, in the order in which they came.
    y : ndarray, series or data frame of shape (n_drawn,) or (n_drawn, n_targets)
        Their targets.
    sample_weight : ndarray of shape (n_drawn,)
        Their weights, only where chunks have them.

    Raises
    ------
    ParameterError
        If `chunks` or a parameter is not as above.
    ValueError
        If there is no row at all.

    See Also
    --------
    BinMaskMLPClassifier.partial_fit : Training on one chunk after the other.

    Notes
    -----
    Each row draws a number, and those with the smallest numbers are kept (a reservoir
    with random keys: Vitter, 1985, "Random Sampling with a Reservoir", ACM
    Transactions on Mathematical Software 11:37-57).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_binmask import BinMaskSelector, sample_rows
    >>> def chunks():
    ...     for seed in range(20):
    ...         X = np.random.default_rng(seed).normal(size=(500, 10))
    ...         yield X, X[:, 3] > 0
    >>> X, y = sample_rows(chunks(), n_rows=1000, random_state=0)
    >>> X.shape
    (1000, 10)
    >>> BinMaskSelector(random_state=0).fit(X, y).get_support(indices=True)
    array([3])
    """
    if isinstance(n_rows, bool) or not isinstance(n_rows, Integral) or n_rows < 1:
        raise ParameterError.of("n_rows", n_rows, "a positive int", "100000")
    reservoir = _Reservoir(int(n_rows), np.random.default_rng(random_state))
    for chunk in _read(chunks, target):
        reservoir.show(chunk)
    return reservoir.drawn()


@dataclass(frozen=True, eq=False)
class _Piece:
    """Rows that are kept, and their numbers of the draw."""

    luck: NDArray[np.float64]
    parts: tuple[Any, ...]

    def take(self, rows: NDArray[np.intp]) -> "_Piece":
        parts = tuple(_safe_indexing(part, rows) for part in self.parts)
        return replace(self, luck=self.luck[rows], parts=parts)


class _Reservoir:
    """The rows with the smallest numbers so far, and a few more."""

    def __init__(self, n_wanted: int, rng: np.random.Generator) -> None:
        self._n_wanted, self._rng = n_wanted, rng
        self._limit = np.inf
        self._pieces: list[_Piece] = []

    def show(self, parts: tuple[Any, ...]) -> None:
        """Let the rows of a chunk draw."""
        piece = _Piece(self._rng.random(_num_samples(parts[0])), parts)
        self._pieces.append(piece.take(np.flatnonzero(piece.luck < self._limit)))
        if sum(len(p.luck) for p in self._pieces) > _SPARE * self._n_wanted:
            self._thin_out()

    def _thin_out(self) -> None:
        """Keep no more rows than are wanted."""
        if sum(len(piece.luck) for piece in self._pieces) <= self._n_wanted:
            return
        luck = np.concatenate([piece.luck for piece in self._pieces])
        self._limit = np.partition(luck, self._n_wanted)[self._n_wanted]
        self._pieces = [
            piece.take(np.flatnonzero(piece.luck < self._limit))
            for piece in self._pieces
        ]

    def drawn(self) -> tuple[Any, ...]:
        """Join what is kept."""
        self._thin_out()
        pieces = [piece for piece in self._pieces if len(piece.luck)]
        if not pieces:
            raise ValueError(
                "There is no row in chunks. Pass at least one chunk with rows; an "
                "iterator that has been read to its end gives none."
            )
        columns = zip(*(piece.parts for piece in pieces), strict=True)
        return tuple(_join(list(parts)) for parts in columns)


def _join(parts: list[Any]) -> Any:
    """Put rows below each other, in the form they have."""
    first = parts[0]
    if sparse.issparse(first):
        return sparse.vstack(parts, format="csr")
    if hasattr(first, "iloc"):
        return pd.concat(parts)
    if nw.dependencies.is_into_dataframe(first):
        return nw.to_native(nw.concat([nw.from_native(part) for part in parts]))
    if nw.dependencies.is_into_series(first):
        return nw.to_native(_column(parts))
    return np.concatenate([np.asarray(part) for part in parts])


def _column(parts: list[Any]) -> Any:
    """Put series of a frame library other than pandas below each other."""
    series = [nw.from_native(part, series_only=True) for part in parts]
    frame = nw.concat([one.to_frame() for one in series])
    return frame.get_column(series[0].name)


def _read(chunks: Any, target: str | list[str] | None) -> Iterator[tuple[Any, ...]]:
    """Read chunks as tuples of table, target and perhaps weights."""
    if target is not None:
        for batch in _arrow_batches(chunks):
            frame = batch.to_pandas()
            yield frame.drop(columns=target), frame[target]
        return
    if not isinstance(chunks, Iterable) or is_frame(chunks) or hasattr(chunks, "shape"):
        raise ParameterError.of(
            "chunks",
            type(chunks).__name__,
            "an iterable of (X, y) or (X, y, sample_weight), or with target a Parquet "
            "file or a dataset of pyarrow",
            "[(X, y)] for a table that is in memory",
        )
    for chunk in chunks:
        if not isinstance(chunk, tuple | list) or len(chunk) not in (2, 3):
            raise ParameterError.of(
                "a chunk",
                type(chunk).__name__,
                "a tuple (X, y) or (X, y, sample_weight)",
                "target, for the name of a column of Arrow tables",
            )
        sizes = {_num_samples(part) for part in chunk}
        if len(sizes) > 1:
            raise ValueError(
                f"A chunk has parts of {sorted(sizes)} rows. Pass one target, and one "
                "weight, for each row of X."
            )
        X, *others = chunk
        if sparse.issparse(X):
            refuse_outside(X)
            X = X.tocsr()
        yield (X, *others)


def _arrow_batches(source: Any) -> Iterator[Any]:
    """Read record batches from whatever of pyarrow has them, or from a path."""
    if isinstance(source, str | Path):
        try:
            from pyarrow import dataset
        except ImportError as error:
            raise ImportError(
                "Parquet files are read with pyarrow, which is not installed. Try: pip "
                "install pyarrow; or pass an iterable of (X, y)."
            ) from error
        source = dataset.dataset(source)
    for method in ("to_batches", "iter_batches"):
        if hasattr(source, method):
            return iter(getattr(source, method)())
    raise ParameterError.of(
        "chunks",
        type(source).__name__,
        "a path, or a Dataset, Table or ParquetFile of pyarrow, as target is given",
        "target=None for an iterable of (X, y)",
    )
