"""Which threshold keeps which promise, on tables of shares made by hand."""

import numpy as np
import pytest

from sklearn_binmask._path.bounds import chance_by_threshold
from sklearn_binmask._path.stability import (
    Promise,
    StabilityPath,
    judge,
    keep_promise,
)

N_RUNS = 50
SHARES = np.array([1.0, 0.96, 0.8, 0.62, 0.3, 0.04, 0.02, 0.0])


def path_of(shares=SHARES, copied=(0.02, 0.0, 0.0, 0.0, 0.0), losses=(0.3, 0.1, 0.2)):
    """The same shares at each of three points."""
    three = np.ones((3, 1))
    return StabilityPath(
        np.array([8, 4, 0]),
        np.array([0.1, 0.2, np.inf]),
        np.array(losses),
        np.zeros(3),
        three * shares,
        three * np.array(copied),
        np.zeros(len(shares)),
        N_RUNS,
    )


def keep(path=None, free=None, in_pairs=True, **promise):
    path = path_of() if path is None else path
    free = np.ones(path.probabilities.shape[1], dtype=bool) if free is None else free
    verdict = keep_promise(path, 1, free, Promise(**promise), in_pairs=in_pairs)
    assert verdict.point == 1
    return verdict.threshold, verdict.n_false


def judged(shares, losses=(0.3, 0.1, 0.2, 0.4), **promise):
    """Judge a path of four points, each with its own shares."""
    copied = np.zeros((4, 10))
    copied[0] = 0.5
    path = StabilityPath(
        np.array([8, 4, 2, 0]),
        np.array([0.1, 0.2, 0.3, np.inf]),
        np.array(losses),
        np.zeros(4),
        np.array(shares),
        copied,
        np.zeros(len(shares[0])),
        N_RUNS,
    )
    free = np.ones(len(shares[0]), dtype=bool)
    return judge(path, free, Promise(**promise), in_pairs=True)


ALL, SOME, ONE, NONE = ([1.0] * n + [0.0] * (8 - n) for n in (8, 4, 1, 0))


def test_the_point_lets_most_be_selected_from_that_of_least_loss_on():
    assert judged([ALL, SOME, ONE, NONE], fdr=0.1).point == 1
    assert judged([ALL, ONE, SOME, NONE], fdr=0.1).point == 2
    assert judged([ALL, SOME, SOME, NONE], fdr=0.1).point == 2  # fewer are open
    assert judged([ALL, NONE, NONE, NONE], fdr=0.1).point == 1
    assert judged([ALL, NONE, NONE, NONE], fdr=0.1).threshold == np.inf


def test_with_a_given_threshold_the_point_is_that_of_least_loss():
    assert judged([ALL, ONE, SOME, NONE], threshold=0.8).point == 1


@pytest.mark.parametrize("fdr", [0.001, 0.02, 0.1, 0.5])
def test_the_least_threshold_over_a_half_that_keeps_the_promise(fdr):
    """By a search through all thresholds, with the bound computed here."""
    chance = (0.02 * N_RUNS + 1) / (5 * N_RUNS + 1)
    bounds = len(SHARES) * chance_by_threshold(chance, N_RUNS, in_pairs=True)
    kept = [
        t / N_RUNS
        for t in range(N_RUNS // 2 + 1, N_RUNS + 1)
        if bounds[t] <= fdr * (t / N_RUNS - 1e-9 <= SHARES).sum()
    ]
    assert keep(fdr=fdr)[0] == (kept[0] if kept else np.inf)


def test_a_stricter_promise_never_selects_more():
    thresholds = [keep(max_false=most)[0] for most in (1.0, 0.1, 0.01, 1e-4, 1e-7)]
    assert (np.diff(thresholds) >= 0).all() and thresholds[0] < thresholds[-2]


def test_a_given_threshold_is_kept_and_its_bound_told():
    threshold, n_false = keep(threshold=0.75)
    assert threshold == 0.75
    assert n_false == keep(threshold=0.755)[1] > keep(threshold=0.9)[1]


def test_nothing_is_selected_where_no_threshold_will_do():
    noise = path_of(np.full(8, 0.4), np.full(5, 0.4))
    assert keep(noise, fdr=0.1) == (np.inf, 0.0)
    assert keep(path_of(np.zeros(8)), fdr=0.5) == (np.inf, 0.0)


def test_copies_that_are_selected_raise_the_threshold():
    """More than the theory has it, if some copies are selected far more often."""
    seldom = keep(path_of(copied=np.full(20, 0.05)), max_false=0.3)[0]
    torn = keep(path_of(copied=[0.9, 0.1, *[0.0] * 18]), max_false=0.3)[0]
    assert seldom < 0.9 < torn


def test_mandatory_gates_are_no_selections():
    """Eight sure ones would pay for a false one of ten; mandatory, they do not."""
    path = path_of(np.array([*[1.0] * 8, 0.52, 0.0]), np.full(10, 0.16))
    free = np.arange(10) >= 8
    assert keep(path, fdr=0.1)[0] < keep(path, free, fdr=0.1)[0]


def test_less_is_known_without_pairs():
    copied = np.full(10, 0.1)
    paired, single = (
        keep(path_of(copied=copied), in_pairs=in_pairs, threshold=0.8)[1]
        for in_pairs in (True, False)
    )
    assert paired < single
