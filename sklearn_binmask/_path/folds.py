"""Folds of a cross-validation as runs of one training."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .._engine.problem import Roles
from .resample import RowOrder, committee_roles

__all__ = ["Split", "batches_of_folds", "cross_validation_roles", "members_of_a_fold"]

# Rows to train on and rows to be tested on.
Split = tuple[NDArray[np.intp], NDArray[np.intp]]

# Folds that train as one batch, at most: beyond, a step costs as much more as there are
# folds more...
_MOST_FOLDS = 32
# ... and numbers that a batch may have in its first layer, or in the roles of its rows:
# a few of each are kept at once, in 4 or 8 bytes.
_MOST_NUMBERS = 2**25
# Rows of a fold that say by how much outputs are stretched.
_MOST_STRETCHING = 500


def members_of_a_fold(n_members: int) -> int:
    """Count the members of a fold's committee: a third as many, in pairs."""
    return 2 * max(1, -(-n_members // 6))


def batches_of_folds(
    splits: Sequence[Split], n_members: int, n_rows: int, n_weights: int
) -> list[list[Split]]:
    """Part the folds into batches that memory can hold.

    Parameters
    ----------
    splits : sequence of Split
        The folds.
    n_members : int
        Of each fold's committee.
    n_rows : int
        Of the table.
    n_weights : int
        In the first layer of one network.

    Returns
    -------
    batches : list of list of Split
        A single one, unless there are many folds or the table is large.
    """
    room = _MOST_NUMBERS // (n_members * max(n_rows, n_weights))
    most = max(1, min(_MOST_FOLDS, room))
    n_batches = -(-len(splits) // most)
    cuts = np.linspace(0, len(splits), n_batches + 1).astype(int)
    return [list(splits[a:b]) for a, b in pairwise(cuts)]


def cross_validation_roles(
    order: RowOrder,
    weights: NDArray,
    rng: np.random.Generator,
    n_members: int,
    splits: Sequence[Split],
) -> Roles:
    """Give each fold a run: a committee on its rows, which is tested on the others.

    By how much its outputs are stretched is said by the rows that it trains on, each by
    the members which have not trained on it: a fold may have a single row to be tested
    on.

    Parameters
    ----------
    order : RowOrder
        The rows.
    weights : ndarray of shape (n_rows,)
        Of the rows.
    rng : numpy.random.Generator
        Source of the halves.
    n_members : int
        Members of each committee.
    splits : sequence of Split
        The folds.

    Returns
    -------
    roles : Roles
        Of as many runs.
    """
    n_rows = len(order.keys)
    trains, judges, evaluates, stretches = (
        np.zeros((n_rows, len(splits), n_members), dtype=bool) for _ in range(4)
    )
    effective = np.ones(len(splits))
    for run, (train, test) in enumerate(splits):
        inner = order.among(train)
        roles = committee_roles(inner, weights[train], rng, n_members, None)
        trains[train, run] = roles.trains[:, 0]
        judges[train, run] = roles.judges[:, 0]
        evaluates[test, run] = True
        some = train[:: -(-len(train) // _MOST_STRETCHING)]
        stretches[some, run] = judges[some, run]
        is_tested = np.zeros(n_rows, dtype=bool)
        is_tested[test] = True
        effective[run] = order.effective_rows(weights, is_tested)
    return Roles(trains, judges, evaluates, effective, stretches, order.clusters)
