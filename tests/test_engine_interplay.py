"""What columns tell together: closed gates that are asked again, and new networks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from test_engine_pairs import trainer_for
from test_engine_path import SHORT

from sklearn_binmask import BinMaskSelector
from sklearn_binmask._engine.agreement import ALONE
from sklearn_binmask._engine.interplay import ask_again, begin_at_interplay
from sklearn_binmask._engine.path import follow_path
from sklearn_binmask._engine.problem import SolverConfig
from sklearn_binmask._engine.together import Residuals, residuals_of, told_together
from sklearn_binmask._engine.training import Trainer
from sklearn_binmask._path.grid import path_sizes

N_BINS = 8


def eighths(X):
    """Bins of equal size, column by column."""
    ranks = X.argsort(axis=0).argsort(axis=0)
    return (ranks * N_BINS // len(X)).astype(np.uint8)


def steps(bins):
    """Whether a row is over each edge between bins, (n_rows, 7 * n_columns)."""
    over = bins[:, :, None] > np.arange(N_BINS - 1)
    return over.reshape(len(bins), -1) - over.mean(axis=0).ravel()


def band(X, one, other):
    """Tell the rows that lie in a thin ring."""
    return np.abs(np.hypot(X[:, one], X[:, other]) - 0.7) < 0.12


def asking(X, y, *, n_asked=3, seed=0, loss="log_loss", gate_of_column=None):
    """A problem whose columns have steps once 6 gates are left, and bins."""
    problem = trainer_for(X, y, seed=seed, loss=loss).problem
    of_column = np.arange(X.shape[1]) if gate_of_column is None else gate_of_column
    bins = eighths(X)
    fine = np.hstack([X, 0.5 * steps(bins)])
    of_fine = np.concatenate([of_column, np.repeat(of_column, N_BINS - 1)])

    def finer(left, others):
        if len(left) > 6:
            return None
        used = np.isin(of_fine, [*left, *others])
        return fine[:, used], of_fine[used]

    def bins_behind(gates, rows):
        columns = np.flatnonzero(np.isin(of_column, gates))
        return bins[rows[:, None], columns], of_column[columns]

    n_gates = int(of_column.max()) + 1
    return replace(
        problem,
        gate_of_input=of_column,
        n_gates=n_gates,
        mandatory=np.zeros(n_gates, dtype=bool),
        finer=finer,
        bins=bins_behind,
        n_bins=N_BINS,
        n_asked=n_asked,
    )


def ringed(seed, n_rows=1200, n_columns=12):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(n_rows, n_columns))
    return X, band(X, 2, 9)


def begun(problem, seed=0):
    """A trainer, and what its networks, which know nothing, do not know."""
    trainer = Trainer(problem, SolverConfig(seed=seed))
    with torch.inference_mode():
        return trainer, residuals_of(trainer, problem.n_gates)


# --- how much columns tell together -------------------------------------------------


def told(bins, *pulls, n_bins=N_BINS):
    """What outputs, of residuals `pulls`, say of columns."""
    cells = torch.nn.functional.one_hot(torch.from_numpy(bins).long(), n_bins)
    cells = cells.flatten(1).double()
    residuals = Residuals(
        np.arange(len(bins)),
        torch.from_numpy(np.array(pulls))[None].double(),
        torch.ones(len(bins), dtype=torch.float64),
    )
    return told_together(cells, cells, n_bins, residuals, ALONE)


def drawn(rng, n_rows=1600, n_columns=2):
    return rng.integers(0, N_BINS, size=(n_rows, n_columns)), rng.normal(size=n_rows)


def test_what_is_told_is_the_chi_squared_statistic_of_interaction(any_seed):
    bins, pull = drawn(np.random.default_rng(any_seed), 900, 3)
    got = told(bins, pull)
    expected = 0.0
    for a in range(N_BINS):
        for b in range(N_BINS):
            in_a, in_b = bins[:, 0] == a, bins[:, 1] == b
            n = (in_a & in_b).sum()
            alone = pull[in_a].mean() + pull[in_b].mean() - pull.mean()
            expected += (pull[in_a & in_b].sum() - n * alone) ** 2 / n
    assert_allclose(got.statistic[0, 1], expected / np.mean(pull**2), rtol=1e-6)
    assert_allclose(got.freedom, 49)


def test_a_bin_without_rows_is_no_freedom():
    bins, pull = drawn(np.random.default_rng(0))
    bins[:, 0] //= 3
    assert_allclose(told(bins, pull).freedom, [[4, 14], [14, 49]])


def test_a_column_in_one_bin_tells_nothing(any_seed):
    """Such as one of which nine rows in ten have the largest value."""
    bins, pull = drawn(np.random.default_rng(any_seed))
    bins[:, 0] = 0
    assert not told(bins, pull).that_counts(1)[0].isfinite().any()


def test_noise_counts_as_often_as_luck_has_it():
    rng = np.random.default_rng(0)
    n_tables = 300
    all_told = [told(*drawn(rng)) for _ in range(n_tables)]
    statistics = [float(one.statistic[0, 1]) for one in all_told]
    assert abs(np.mean(statistics) - 49) < 4 * (2 * 49 / n_tables) ** 0.5
    for n_pairs, chance in ((1, 0.05), (5, 0.01)):
        counts = [bool(one.that_counts(n_pairs)[0, 1] > 0) for one in all_told]
        assert abs(np.mean(counts) - chance) < 4 * (chance / n_tables) ** 0.5


@pytest.mark.parametrize("n_same", [1, 3])
def test_outputs_that_say_the_same_count_as_one(n_same, any_seed):
    rng = np.random.default_rng(any_seed)
    bins, pull = drawn(rng)
    one, same = told(bins, pull), told(bins, *n_same * [pull])
    assert_allclose(same.statistic, one.statistic)
    assert_allclose(same.freedom, one.freedom)
    two = told(bins, pull, drawn(rng)[1])
    assert_allclose(two.freedom, 2 * one.freedom, rtol=0.02)


def test_what_columns_tell_alone_is_not_told_together():
    bins = np.stack(np.meshgrid(*4 * [np.arange(N_BINS)]), axis=-1).reshape(-1, 4)
    pull = np.sin(bins[:, 0].astype(float)) + (bins[:, 1] > 3)
    assert told(bins, pull - pull.mean()).statistic[0, 1] < 1e-9
    pull += (bins[:, 0] > 3) * (bins[:, 1] > 5)
    assert told(bins, pull - pull.mean()).that_counts(100)[0, 1] > 2


def test_a_row_that_is_far_off_does_not_make_columns_speak():
    n_asked = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X, y = rng.uniform(-1, 1, size=(1200, 30)), rng.normal(size=1200)
        y[5] = 1e4
        problem = asking(X, y / y.std(), loss="squared_error")
        _, residuals = begun(problem)
        n_asked.append(len(ask_again(problem, residuals, np.arange(5), ALONE)))
    assert np.mean(np.array(n_asked) > 0) <= 0.15  # 0.05 in the mean


# --- gates that are asked again -----------------------------------------------------


def test_the_closed_gate_that_tells_most_beside_one_that_is_left_comes_first(any_seed):
    X, y = ringed(any_seed, 2000, 80)
    problem = asking(X, y)
    _, residuals = begun(problem)
    for one, other in ((2, 9), (9, 2)):
        left = np.array([0, 1, one])
        again = ask_again(problem, residuals, left, ALONE)
        assert again[0] == other
    # beside others it tells nothing
    again = ask_again(problem, residuals, np.array([0, 1]), ALONE)
    assert not {2, 9} & set(again)


def test_no_more_columns_are_asked_than_may_be(any_seed):
    rng = np.random.default_rng(any_seed)
    X = rng.uniform(-1, 1, size=(4000, 12))
    y = X[:, 0] * X[:, [4, 7, 8, 9, 10, 11]].sum(axis=1) > 0
    gates = np.array([0, 1, 2, 3, 3, 3, 3, 4, 4, 5, 6, 7])
    for n_asked in (1, 2, 4, 20):
        problem = asking(X, y, n_asked=n_asked, gate_of_column=gates)
        _, residuals = begun(problem)
        again = ask_again(problem, residuals, np.array([0]), ALONE)
        assert 1 <= np.isin(gates, again).sum() <= n_asked
        assert 0 not in again
        assert n_asked >= 4 or 3 not in again
        assert n_asked < 20 or {3, 4, 5, 6, 7} <= set(again)


def test_with_few_rows_no_gate_is_asked():
    assert begun(asking(*ringed(0, 511)))[1] is None
    assert begun(asking(*ringed(0, 512)))[1] is not None


@pytest.mark.parametrize("n_gates", [40, 100])
def test_there_is_time_for_some_rows_only(n_gates, monkeypatch):
    monkeypatch.setattr(
        "sklearn_binmask._engine.together._MOST_WORK", 2 * 3 * 100 * 64 * 600
    )
    X, y = ringed(0, 2000, n_gates)
    trainer = Trainer(asking(X, y), SolverConfig())
    residuals = residuals_of(trainer, 3)
    assert len(residuals.rows) == (600 if n_gates == 100 else 1500)
    assert (np.diff(residuals.rows) > 0).all()


# --- where new networks begin -------------------------------------------------------


def starts(trainer, residuals, known=()):
    """What units that are changed read from now on, by gate and by encoded column.

    Of shapes (n_gates, n_networks, n_units) and (n_inputs, n_networks, n_units).
    """
    weights = trainer.networks.weights[0]
    before = weights.clone()
    for of_network in trainer.starts:
        of_network.update(known)
    trainer.networks.biases[0].fill_(1.0)
    with torch.inference_mode():
        begin_at_interplay(trainer, residuals)
    is_changed = (weights != before).any(0)
    assert torch.equal(is_changed, trainer.networks.biases[0][:, 0] == 0)
    gain = (weights * is_changed).numpy()
    by_gate = np.zeros((trainer.problem.n_gates, *gain.shape[1:]))
    gates = trainer.problem.gate_of_input[trainer.layout.inputs]
    np.add.at(by_gate, gates, np.abs(gain))
    return by_gate, gain


def fine(problem, left):
    inputs, gate_of_input = problem.finer(left, left[:0])
    return replace(problem, inputs=inputs, gate_of_input=gate_of_input)


def test_four_units_of_each_network_read_the_pair_and_nothing_else(any_seed):
    X, y = ringed(any_seed)
    problem = asking(X, y, seed=any_seed)
    _, residuals = begun(problem)
    trainer = Trainer(fine(problem, np.array([0, 2, 5, 9])), SolverConfig())
    by_gate, _ = starts(trainer, residuals)
    assert (by_gate[[2, 9], :, 12:] > 0).all()
    assert (by_gate[[0, 5], :, 12:] == 0).all()
    assert (by_gate[:, :, :12] == 0).all()


def test_units_begin_at_noise_as_often_as_luck_has_it():
    begins = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = rng.uniform(-1, 1, size=(1200, 6))
        problem = asking(X, rng.random(1200) < 0.5, seed=seed)
        _, residuals = begun(problem)
        trainer = Trainer(fine(problem, np.arange(6)), SolverConfig())
        begins.append((starts(trainer, residuals)[0] > 0).any())
    assert np.mean(begins) <= 0.15  # 0.05 in the mean


def test_a_unit_has_the_shape_of_what_the_pair_tells():
    """The target is one function of a bin times another; a unit reads both off."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(4000, 4))
    bins = eighths(X)
    shape, other = rng.normal(size=(2, N_BINS))
    shape, other = shape - shape.mean(), other - other.mean()
    y = shape[bins[:, 1]] * other[bins[:, 3]] + 0.1 * rng.normal(size=4000)
    problem = asking(X, y, loss="squared_error")
    _, residuals = begun(problem)
    problem = fine(problem, np.arange(4))
    trainer = Trainer(problem, SolverConfig())
    _, gain = starts(trainer, residuals)
    x = problem.inputs[:, trainer.layout.inputs]
    gates = problem.gate_of_input[trainer.layout.inputs]
    for network in range(gain.shape[1]):
        for unit in range(12, 16):
            for gate, truth in ((1, shape[bins[:, 1]]), (3, other[bins[:, 3]])):
                its = gates == gate
                said = x[:, its] @ gain[its, network, unit]
                assert abs(np.corrcoef(said, truth)[0, 1]) > 0.98
                assert_allclose(said.std(), 1, rtol=0.05)


def test_rows_that_judge_do_not_shape_what_a_network_begins_at():
    problem = asking(*ringed(0))
    _, residuals = begun(problem)
    unseen = torch.from_numpy(~problem.roles.trains[:, 0, 0])
    pulls = residuals.pulls.clone()
    pulls[..., unseen] = pulls[..., unseen].flip(-1)
    gains = []
    for known in (residuals, residuals._replace(pulls=pulls)):
        trainer = Trainer(fine(problem, np.array([2, 9])), SolverConfig())
        by_gate, gain = starts(trainer, known)
        assert (by_gate[[2, 9], :, 12:] > 0).all()
        gains.append(np.abs(gain[:, :2, 12:]))  # whatever the signs of both vectors
    own, others = (np.abs(gains[0] - gains[1])[:, place].max() for place in (0, 1))
    assert own < 1e-5 < 0.05 < others


def test_units_that_start_elsewhere_are_left_alone():
    problem = asking(*ringed(0))
    _, residuals = begun(problem)
    last, first = range(12, 16), range(0, 8)
    for known, units in (
        ({frozenset({0, 5}): last}, slice(8, 12)),
        ({frozenset({0, 5, 2}): range(8, 16)}, slice(4, 8)),
        ({frozenset({0, 5}): first, frozenset({0, 2, 9}): range(8, 14)}, slice(0)),
    ):
        trainer = Trainer(fine(problem, np.array([0, 2, 5, 9])), SolverConfig())
        by_gate, _ = starts(trainer, residuals, known)
        assert (by_gate[[2, 9], :, units] > 0).all()
        assert (by_gate > 0).sum() == 2 * by_gate[0, :, units].size


def test_a_pair_at_which_units_start_already_waits_for_others():
    """The stronger of two products is known; units begin at the other one first."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 5))
    y = 2 * X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3]
    problem = asking(X, y, loss="squared_error")
    _, residuals = begun(problem)
    for known, first in (({}, {0, 1}), ({frozenset({0, 1}): range(4)}, {2, 3})):
        trainer = Trainer(fine(problem, np.arange(5)), SolverConfig())
        by_gate, _ = starts(trainer, residuals, known)
        for network in range(trainer.networks.n_networks):
            read = by_gate[:, network, 12:].any(axis=1)
            assert set(np.flatnonzero(read)) == first
            read = by_gate[:, network, 8:12].any(axis=1)
            assert set(np.flatnonzero(read)) == {0, 1, 2, 3} - first


def test_narrow_networks_begin_as_they_are():
    X, y = ringed(0)
    problem = asking(X, y)
    _, residuals = begun(problem)
    trainer = Trainer(fine(problem, np.array([2, 9])), SolverConfig((7,)))
    by_gate, _ = starts(trainer, residuals)
    assert (by_gate == 0).all()


# --- on the path --------------------------------------------------------------------


def without_ninth(problem):
    """The same, where the ninth column tells nothing before it is read by steps."""
    inputs = problem.inputs.copy()
    inputs[:, 9] = np.random.default_rng(1).normal(size=len(inputs))
    return replace(problem, inputs=inputs)


@pytest.mark.parametrize("interplay", [True, False])
def test_sizes_are_those_asked_for_and_prices_rise(interplay, any_seed):
    problem = asking(*ringed(any_seed), seed=any_seed)
    sizes = path_sizes(12, 0, 2)
    solution = follow_path(
        problem, SolverConfig(interplay=interplay), sizes, schedule=SHORT
    )
    assert_array_equal(solution.n_open, [12, *sizes])
    assert_array_equal(solution.open_gates.sum(axis=2)[:, 0], solution.n_open)
    prices = solution.penalty[:, 0]
    assert (prices[:-1] <= prices[1:]).all()


def test_gates_are_asked_once_and_where_the_path_is_read_more_finely(any_seed):
    problem = without_ninth(asking(*ringed(any_seed), seed=any_seed))
    asked = []

    def finer(left, others):
        asked.append((len(left), others.tolist()))
        return problem.finer(left, others)

    follow_path(
        replace(problem, finer=finer), SolverConfig(), path_sizes(12, 0), schedule=SHORT
    )
    assert asked[:-1] == [(n, []) for n in range(11, 5, -1)]
    n_left, others = asked[-1]
    assert n_left == 6 and len(set(others)) == len(others) <= 3


@pytest.mark.parametrize("case", ["not wanted", "none may be asked", "few rows"])
def test_else_no_gate_opens_that_has_closed(case, any_seed):
    X, y = ringed(any_seed, 500 if case == "few rows" else 1200)
    problem = asking(X, y, n_asked=0 if case == "none may be asked" else 3)
    config = SolverConfig(interplay=case != "not wanted")
    solutions = [
        follow_path(each, config, path_sizes(12, 0), schedule=SHORT)
        for each in (problem, replace(problem, bins=None, n_asked=0))
    ]
    assert_array_equal(solutions[0].open_gates, solutions[1].open_gates)
    assert_array_equal(solutions[0].worth, solutions[1].worth)


def test_a_column_that_closed_early_is_among_the_last(any_seed):
    X, y = ringed(any_seed)
    problem = without_ninth(asking(X, y, seed=any_seed))
    found = {}
    for interplay in (True, False):
        solution = follow_path(
            problem, SolverConfig(interplay=interplay, seed=any_seed), path_sizes(12, 0)
        )
        last = solution.open_gates[solution.n_open == 2, 0][0]
        found[interplay] = np.flatnonzero(last).tolist()
        was_open = solution.open_gates[:, 0, 9]
        if interplay:
            assert (np.diff(was_open.astype(int)) > 0).any() or was_open[-3]
    assert found[True] == [2, 9]


@pytest.mark.parametrize("seed", range(7))
def test_both_columns_of_a_thin_ring_are_found_among_many(seed):
    """Beside others that tell more, one of them closes early for most seeds."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(900, 400))
    ring = np.abs(np.hypot(X[:, 3], X[:, 70]) - 0.7) < 0.096
    noisy = X[:, 50] + X[:, 150] + rng.normal(0, 0.4, 900)
    y = ring | (X[:, 20] * X[:, 100] > 0.24) | (noisy > 0.8)
    selector = BinMaskSelector(n_features_to_select=6, refit=False, random_state=seed)
    found = selector.fit(X, y).get_support(indices=True)
    assert found.tolist() == [3, 20, 50, 70, 100, 150]
