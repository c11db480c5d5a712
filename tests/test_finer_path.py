"""A path that reads the columns that are left more finely."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from onnx_runs import assert_same
from test_engine_path import EXACT, SHORT, make_problem

from sklearn_binmask import BinMaskSelector
from sklearn_binmask._engine.path import follow_path
from sklearn_binmask._engine.predict import committee_outputs
from sklearn_binmask._estimator.encoded import EncodedRows
from sklearn_binmask._estimator.road import Ask
from sklearn_binmask._path.grid import path_sizes


def finer_problem(seed, most):
    """Each of up to so many gates has its input once more, squared."""
    problem, asked = make_problem(seed), []

    def finer(gates, others):
        assert len(others) == 0
        asked.append(gates)
        if len(gates) > most:
            return None
        x = problem.inputs[:, gates]
        return np.hstack([x, x**2]), np.concatenate([gates, gates])

    return replace(problem, finer=finer), asked


@pytest.mark.parametrize("most", [0, 1, 4, 9])
def test_gates_that_are_left_are_read_more_finely_once(most, any_seed):
    problem, asked = finer_problem(any_seed, most)
    points = []
    solution = follow_path(
        problem, EXACT, path_sizes(9, 0), schedule=SHORT, look=points.append
    )
    # before the first closing nothing is left of anything
    is_fine = [point.is_fine for point in points]
    assert is_fine == [n <= min(most, 8) for n in solution.n_open]
    assert [len(gates) for gates in asked] == list(range(8, min(most, 8) - 1, -1))
    for gates, support in zip(asked, solution.open_gates[1:, 0], strict=False):
        assert_array_equal(gates, np.flatnonzero(support))
    # what has been closed before stays closed, under its number
    assert (np.diff(solution.open_gates[:, 0].astype(int), axis=0) <= 0).all()


def test_before_that_the_path_is_the_same(any_seed):
    sizes = path_sizes(9, 0)
    finer, plain = (
        follow_path(finer_problem(any_seed, most)[0], EXACT, sizes, schedule=SHORT)
        for most in (4, -1)
    )
    before = plain.n_open > 4
    assert_array_equal(finer.worth[before], plain.worth[before])
    assert (finer.worth[~before] != plain.worth[~before]).any()


def test_the_committee_of_a_point_reads_the_finer_inputs(any_seed):
    problem, _ = finer_problem(any_seed, 4)
    losses, said = [], []

    def look(point):
        gates = np.flatnonzero(point.open_gates[0])
        if point.is_fine and len(gates):
            inputs, _ = problem.finer(gates, gates[:0])
            outputs = committee_outputs(point.committee(0), inputs)[:, 0]
            said.append(np.logaddexp(0, outputs) - problem.targets[:, 0] * outputs)
            losses.append(point.row_losses[0])

    everybody = replace(
        problem.roles,
        evaluates=np.ones_like(problem.roles.evaluates),
    )
    follow_path(
        replace(problem, roles=everybody),
        EXACT,
        path_sizes(9, 0),
        schedule=SHORT,
        look=look,
    )
    assert len(said) == 4
    assert_allclose(said, losses, rtol=1e-9)


def test_what_a_callback_may_have_of_a_point_predicts_and_is_converted(any_seed):
    rng = np.random.default_rng(any_seed)
    X = rng.normal(size=(150, 9))
    X[::7, 1] = np.nan
    y = np.abs(X[:, 0]) > 0.7
    points = []

    def follow(ask, on_point=None, look=None):
        def keep(point):
            support = ask.gates.columns(point.open_gates[0])
            points.append((support, ask.encoded.at_point(point, 0, support)))

        return plain_follow(ask, on_point, keep)

    selector = BinMaskSelector(n_features_to_select=4, n_members=2, random_state=0)
    plain_follow = Ask.follow
    with (
        mock.patch("sklearn_binmask._estimator.road.FINE_COLUMNS", 8),
        mock.patch.object(Ask, "follow", follow),
    ):
        fitted = selector.fit(X, y)
    for fitted.support_, fitted.estimator_ in points[:-1]:
        assert fitted.score(X, y) > 0.8
        assert_same(fitted, X)
    n_inputs = [network.encoding.n_outputs for _, network in points]
    assert n_inputs[1] > n_inputs[0]


@pytest.mark.parametrize(("wanted", "is_asked"), [(31, True), (32, False)])
def test_a_large_number_of_columns_is_chosen_without(wanted, is_asked):
    X = np.random.default_rng(0).normal(size=(150, 33))
    selector = BinMaskSelector(
        n_features_to_select=wanted, n_members=2, refit=False, random_state=0
    )
    read_finer = EncodedRows.read_finer
    with mock.patch.object(EncodedRows, "read_finer", autospec=True) as asked:
        asked.side_effect = read_finer
        assert selector.fit(X, X[:, 1]).n_features_ == wanted
    assert asked.called == is_asked


@pytest.mark.parametrize("given", [{}, {"l0_penalty": 0.01}])
def test_points_that_are_compared_are_all_read_alike(given):
    X = np.random.default_rng(0).normal(size=(150, 5))
    with mock.patch.object(EncodedRows, "read_finer", side_effect=AssertionError):
        BinMaskSelector(refit=False, random_state=0, **given).fit(X, X[:, 1])
        with pytest.raises(AssertionError):  # else this would pass without any steps
            BinMaskSelector(n_features_to_select=1).fit(X, X[:, 1])


def test_a_band_far_from_the_centre_is_found_among_many_columns(any_seed):
    """It has no slope, and the folds hardly see it."""
    rng = np.random.default_rng(any_seed)
    X = rng.uniform(size=(1000, 60))
    y = (np.abs(X[:, 7] - 0.7) < 0.05) | (np.abs(X[:, 40] - 0.3) < 0.05)
    selector = BinMaskSelector(n_features_to_select=2, refit=False, random_state=0)
    assert_array_equal(selector.fit(X, y).get_support(indices=True), [7, 40])
