"""Which rows each member of a committee trains on, and which it is held to.

All splits alternate along one order of the rows: by class, and at random inside a
class. So each part has its share of each class, to within one row.

In small tables the random order is drawn from the *content* of a row, not from its
place. Copies of a row then fall on the same side, a row of weight k counts as k copies
of it, and the order of the rows is of no matter. Tables in which most rows have many
copies, such as a few binary columns, are split by place: there, whole cells of the
table would be missing from one side.

Rows that the user says belong together stay together; then the splits alternate along
the groups, each of which counts to the class that most of it has.

NOTE[DIFF] In the recipe one network trains weights and mask side by side, on the same
rows. Here a committee of networks shares the gates, and each of its members judges them
on rows that it has not trained on: what a gate is worth there owes nothing to
overfitting.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._engine.problem import Roles

__all__ = [
    "SMALL_TABLE",
    "RowOrder",
    "committee_roles",
    "fold_roles",
    "hold_out",
    "order_groups",
    "order_rows",
    "single_roles",
    "written_out",
]

# Rows up to which a step uses all of them, and splits go by content.
SMALL_TABLE = 256
# Rows beyond which members share a split, as many times more as there are rows: one
# split of a long table is like the other, and a batch that more networks read is cheap.
_SPLIT_ROWS = 2**12
# Rows on which supports are compared; more would not tell them better apart. Fewer, if
# each is predicted by those that have not trained on it, at every point of the path.
_MOST_EVALUATED, _MOST_CROSS_EVALUATED = 20_000, 8_192
# Copies of a row, on average, beyond which splits go by place all the same.
_MANY_COPIES = 4
# Columns whose cells are hashed at a time.
_HASHED_COLUMNS = 2**12


@dataclass(frozen=True, eq=False)
class RowOrder:
    """What splits need to know of the rows.

    Attributes
    ----------
    keys : ndarray of uint64 of shape (n_rows,)
        The same for rows that must stay together.
    strata : ndarray of shape (n_rows,)
        Class of each row.
    by_group : bool
        Whether rows stay together because the user says so.
    """

    keys: NDArray[np.uint64]
    strata: NDArray[np.intp]
    by_group: bool = False

    def among(self, rows: NDArray) -> "RowOrder":
        """Describe some of the rows; a group that is left alone falls apart."""
        keys, strata = self.keys[rows], self.strata[rows]
        if self.by_group and len(keys) and (keys == keys[0]).all():
            return RowOrder(_mix(np.arange(len(keys), dtype=np.uint64)), strata)
        return RowOrder(keys, strata, self.by_group)

    @property
    def clusters(self) -> NDArray[np.intp] | None:
        """Number the user's groups, if there are any: (n_rows,)."""
        if not self.by_group:
            return None
        return np.unique(self.keys, return_inverse=True)[1].reshape(-1)

    def shuffled_ranks(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Place of each row in a random order that runs class by class."""
        luck = _mix(self.keys ^ rng.integers(2**63, dtype=np.uint64))
        order = np.lexsort((luck, self.strata))
        new = np.ones(len(order), dtype=bool)
        new[1:] = (np.diff(luck[order]) != 0) | (np.diff(self.strata[order]) != 0)
        ranks = np.empty(len(order), dtype=np.intp)
        ranks[order] = np.cumsum(new) - 1
        return ranks

    def effective_rows(self, weights: NDArray, rows: NDArray[np.bool_]) -> float:
        """Count the rows that a weighted mean over `rows` is worth (Kish, 1965)."""
        _, inverse = np.unique(self.keys[rows], return_inverse=True)
        totals = np.bincount(inverse, weights=weights[rows])
        return float(totals.sum() ** 2 / max(np.square(totals).sum(), 1e-300))


def order_rows(inputs: Any, targets: NDArray, strata: NDArray) -> RowOrder:
    """Describe rows for splitting.

    Parameters
    ----------
    inputs : ndarray or SparseInputs of shape (n_rows, n_inputs)
        Encoded columns; only looked at in small tables.
    targets : ndarray of shape (n_rows, n_outputs)
        Encoded targets.
    strata : ndarray of shape (n_rows,)
        Class of each row, or zeros.

    Returns
    -------
    order : RowOrder
        By content in small tables, else by place.
    """
    n_rows = len(strata)
    keys = _mix(np.arange(n_rows, dtype=np.uint64))
    if n_rows <= SMALL_TABLE:
        hashed = _hash_rows(inputs, targets)
        if len(np.unique(hashed)) * _MANY_COPIES >= n_rows:
            keys = hashed
    return RowOrder(keys, np.asarray(strata, dtype=np.intp))


def order_groups(
    groups: NDArray[np.intp], strata: NDArray, weights: NDArray
) -> RowOrder:
    """Let the rows of each group stay together.

    Parameters
    ----------
    groups : ndarray of shape (n_rows,)
        Numbers of the groups, from 0.
    strata : ndarray of shape (n_rows,)
        Class of each row, from 0, or zeros.
    weights : ndarray of shape (n_rows,)
        Of the rows, when it is asked which class most of a group has.

    Returns
    -------
    order : RowOrder
        By group.
    """
    n_strata = strata.max() + 1
    pairs, pair_of = np.unique(groups * n_strata + strata, return_inverse=True)
    totals = np.bincount(pair_of.reshape(-1), weights)
    group, stratum = np.divmod(pairs, n_strata)
    order = np.lexsort((-stratum, totals, group))
    main = np.empty(groups.max() + 1, dtype=np.intp)
    main[group[order]] = stratum[order]  # of several, the last one stays
    return RowOrder(_mix(groups.astype(np.uint64)), main[groups], by_group=True)


def _hash_rows(inputs: Any, targets: NDArray) -> NDArray[np.uint64]:
    """Hash what a row holds, whatever the order of rows, copies and columns.

    A sum does not mind the order of the columns. So that it tells a value in one column
    from the same value in another, each column has a salt: the hash of the set of its
    values, each with the target beside it.
    """
    hashed = np.zeros(len(inputs), dtype=np.uint64)
    for column in _bits(targets).T:
        hashed = _mix(hashed ^ column)
    total = np.zeros(len(inputs), dtype=np.uint64)
    for start in range(0, inputs.shape[1], _HASHED_COLUMNS):
        block = written_out(inputs[:, start : start + _HASHED_COLUMNS])
        cells = _mix(_bits(block) ^ hashed[:, None])
        in_order = np.sort(cells, axis=0)
        new = np.diff(in_order, axis=0, prepend=~in_order[:1]) != 0
        salts = np.where(new, _mix(in_order), np.uint64(0)).sum(axis=0, dtype=np.uint64)
        total += _mix(cells ^ salts).sum(axis=1, dtype=np.uint64)
    return total


def written_out(inputs: Any) -> NDArray:
    """Write sparse inputs out as an array; an array is one already."""
    return inputs.toarray() if hasattr(inputs, "toarray") else inputs


def _bits(values: NDArray) -> NDArray[np.uint64]:
    """View numbers as integers; float32 hides rounding errors, + 0 the sign of zero."""
    small = np.ascontiguousarray(values, dtype=np.float32) + np.float32(0)
    return small.view(np.uint32).astype(np.uint64)


def _mix(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64 bits (the finalizer of SplitMix64, Steele et al. 2014)."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def committee_roles(
    order: RowOrder,
    weights: NDArray,
    rng: np.random.Generator,
    n_members: int,
    validation_fraction: float | None,
) -> Roles:
    """Split the rows in halves, anew for each pair of members.

    One member of a pair trains on one half and judges the gates on the other; its
    partner does the reverse. In long tables several pairs share a split; then those
    that train on the first half come before those that train on the second.

    Parameters
    ----------
    order : RowOrder
        The rows.
    weights : ndarray of shape (n_rows,)
        Of the rows.
    rng : numpy.random.Generator
        Source of the splits.
    n_members : int
        Members of the committee.
    validation_fraction : float or None
        Share of the rows kept apart, on which supports are compared. None to compare
        them on each row by the members that have not trained on it.

    Returns
    -------
    roles : Roles
        Of one run.
    """
    n_rows = len(order.keys)
    n_same = _n_alike(n_members // 2, n_rows)
    apart = hold_out(order, rng, validation_fraction)
    used = ~apart
    inner = order.among(used)
    trains = np.zeros((n_rows, 1, n_members), dtype=bool)
    judges = np.zeros_like(trains)
    for member in range(n_members):
        of_split = member % (2 * n_same)
        if of_split == 0:
            even = inner.shuffled_ranks(rng) % 2 == 0
        half = even if of_split < n_same else ~even
        alone = half.all() or not half.any()
        trains[used, 0, member] = half | alone
        judges[used, 0, member] = ~half | alone
    if apart.any():
        evaluates = np.broadcast_to(apart[:, None, None], trains.shape)
    else:
        some = _to_evaluate(n_rows)
        evaluates = judges & some[:, None, None]
    scored = np.asarray(evaluates.any(axis=(1, 2)))
    effective = np.array([order.effective_rows(weights, scored)])
    return Roles(trains, judges, evaluates, effective, clusters=order.clusters)


def _n_alike(n_pairs: int, n_rows: int) -> int:
    """Count the pairs that share a split: as many for each."""
    most = max(1, n_rows // _SPLIT_ROWS)
    return max(
        (n for n in range(1, n_pairs + 1) if n <= most and n_pairs % n == 0), default=1
    )


def hold_out(
    order: RowOrder, rng: np.random.Generator, fraction: float | None
) -> NDArray[np.bool_]:
    """Choose the rows that are kept apart, a share of each class."""
    if fraction is None:
        return np.zeros(len(order.keys), dtype=bool)
    fraction = min(fraction, _MOST_EVALUATED / len(order.keys))
    place = order.shuffled_ranks(rng)
    return np.floor((place + 1) * fraction) > np.floor(place * fraction)


def single_roles(
    order: RowOrder,
    weights: NDArray,
    rng: np.random.Generator,
    validation_fraction: float | None,
) -> Roles:
    """Let one network train and judge on all rows but those held out.

    Parameters
    ----------
    order : RowOrder
        The rows.
    weights : ndarray of shape (n_rows,)
        Of the rows.
    rng : numpy.random.Generator
        Source of the split.
    validation_fraction : float or None
        Share of the rows held out.

    Returns
    -------
    roles : Roles
        Of one run of one member.
    """
    apart = hold_out(order, rng, validation_fraction)
    if apart.all():
        apart[:] = False
    effective = order.effective_rows(weights, apart) if apart.any() else 1.0
    moves = ~apart[:, None, None]
    return Roles(moves, moves, ~moves, np.array([effective]))


def fold_roles(
    order: RowOrder, weights: NDArray, rng: np.random.Generator, n_members: int
) -> Roles:
    """Hold out one fold for each member; it trains on the others.

    Parameters
    ----------
    order : RowOrder
        The rows.
    weights : ndarray of shape (n_rows,)
        Of the rows.
    rng : numpy.random.Generator
        Source of the folds.
    n_members : int
        Members of the committee, and folds.

    Returns
    -------
    roles : Roles
        Of one run.
    """
    folds = order.shuffled_ranks(rng) % n_members
    apart = (folds[:, None] == np.arange(n_members))[:, None, :]
    trains = ~apart
    trains |= ~trains.any(axis=0, keepdims=True)
    some = _to_evaluate(len(folds))
    effective = np.array([order.effective_rows(weights, some)])
    evaluates = apart & some[:, None, None]
    return Roles(trains, np.zeros_like(trains), evaluates, effective)


def _to_evaluate(n_rows: int) -> NDArray[np.bool_]:
    """Choose rows to compare supports on: all, unless they are very many."""
    return np.arange(n_rows) % max(1.0, n_rows / _MOST_CROSS_EVALUATED) < 1
