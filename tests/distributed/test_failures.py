"""A process that fails takes the others with it, at once, and leaves nothing behind."""

import numpy as np
import pytest
from ranks import Ranks, begin_slowly, fit_groups, fit_own, fit_until_signal
from scipy import sparse
from sklearn.base import clone

from sklearn_binmask import BinMaskSelector
from sklearn_binmask.exceptions import DistributedError

SELECTOR = BinMaskSelector(
    hidden_layer_sizes=(3,), n_members=2, random_state=0, distributed="auto"
)


def shares(n_ranks=2, n_rows=400):
    """Rows for each process."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 4))
    y = (X[:, 1] > 0).astype(int)
    return [(X[rank::n_ranks], y[rank::n_ranks]) for rank in range(n_ranks)]


def infinite(table):
    """A cell that is no number."""
    table[0][3, 2] = np.inf


def one_row_too_many(table):
    """A row without a target."""
    table[0].resize((len(table[0]) + 1, 4), refcheck=False)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [(infinite, "contains infinity"), (one_row_too_many, "inconsistent numbers")],
)
def test_bad_rows_are_refused_everywhere(ranks: Ranks, spoil, says):
    """The error names the process that was given them."""
    tables = [tuple(part.copy() for part in table) for table in shares(3)]
    spoil(tables[1])
    answers = ranks.run(fit_own, 3, [clone(SELECTOR) for _ in tables], tables)
    for error, left in answers:
        with pytest.raises(ValueError, match=rf"(?s)Rank 1 of 3.*{says}"):
            raise error
        assert not any(name.endswith("_") for name in left)


def test_groups_are_named_alike(ranks: Ranks):
    """Text on one process and numbers on another could be names of the same group."""
    X, y = shares(1)[0]
    labels = np.arange(400) // 8
    halves = (labels[:200], labels[200:].astype(str))
    for error in ranks.run(fit_groups, 2, SELECTOR, (X, y), halves):
        with pytest.raises(DistributedError, match="in groups: 'text' there, 'numbers"):
            raise error


def test_nobody_goes_on_before_all_have_connected(ranks: Ranks):
    """Whoever fails and hangs up earlier breaks the connecting of the others."""
    assert ranks.run(begin_slowly, 3, 3) == [3, 3, 3]


def test_sparse_tables_are_refused_everywhere(ranks: Ranks):
    tables = [(sparse.csr_array(X), y) for X, y in shares()]
    for error, left in ranks.run(fit_own, 2, [clone(SELECTOR)] * 2, tables):
        with pytest.raises(TypeError, match="X is sparse, but the processes of a shar"):
            raise error
        assert not any(name.endswith("_") for name in left)


def test_the_processes_must_be_alike(ranks: Ranks):
    """The error says what differs, and where."""
    tables = shares()
    other = clone(SELECTOR).set_params(alpha=0.1)
    wide = [tables[0], (np.hstack([tables[1][0]] * 2), tables[1][1])]
    for estimators, given, says in [
        ([SELECTOR, other], tables, "rank 1 differs from rank 0 in alpha: '0.1' there"),
        ([SELECTOR, SELECTOR], wide, "in number of columns: 8 there, 4 here"),
    ]:
        for error, left in ranks.run(fit_own, 2, estimators, given):
            with pytest.raises(DistributedError, match=says):
                raise error
            assert not any(name.endswith("_") for name in left)


@pytest.mark.parametrize(
    ("kind", "moment", "timeout"),
    [
        ("SIGKILL", "encoding", 3600),
        ("SIGKILL", "training", 3600),
        ("SIGKILL", "refit", 3600),
        ("SIGSTOP", "training", 4),
    ],
)
def test_no_process_waits_for_one_that_is_gone(ranks: Ranks, kind, moment, timeout):
    """One that dies is missed at once, one that hangs after the timeout.

    Whoever waited for the hour would not answer in the minutes that `run` has.
    """
    X, y = shares(1)[0]
    ranks.start(3)
    answers = ranks.run(
        fit_until_signal,
        3,
        SELECTOR,
        (X, y),
        [0, 100, 250, 400],
        kind,
        moment,
        timeout=timeout,
        grace=5.0,
    )
    for rank, (error, left) in enumerate(answers[:2]):
        with pytest.raises(DistributedError, match=f"Rank {rank} of 3 has lost"):
            raise error
        assert not any(name.endswith("_") for name in left)
    assert answers[2] is None
