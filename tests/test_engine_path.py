"""Laws of the path: of its points, of closed gates, of runs, and of what it leaves."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from sklearn_binmask._engine.path import _Walk, follow_path
from sklearn_binmask._engine.problem import Problem, Roles, SolverConfig, StopReason
from sklearn_binmask._engine.schedules import Schedule
from sklearn_binmask._engine.training import Trainer
from sklearn_binmask._path.grid import path_sizes
from sklearn_binmask._path.resample import committee_roles, order_rows

every_seed = pytest.mark.parametrize("seed", [0, 1, 2])
SHORT = Schedule(warm_up_max=30, learned=0.0, listen=10, stage_min=4, stage_max=6)
EXACT = SolverConfig((6,), batch_size=1000, exact=True)


def make_problem(seed, n_columns=9, n_rows=120, n_runs=1, gate_of_input=None):
    """Columns 0, 1 and 2 matter, the others are noise; each run has its own halves."""
    rng = np.random.default_rng(seed)
    gates = np.arange(n_columns) if gate_of_input is None else gate_of_input
    x = rng.normal(size=(n_rows, len(gates)))
    y = np.sign(x[:, :1] + x[:, 1:2] * x[:, 2:3]) / 2 + 0.5
    order = order_rows(x, y, y[:, 0].astype(int))
    weights = np.ones(n_rows)
    runs = [committee_roles(order, weights, rng, 2, None) for _ in range(n_runs)]
    roles = Roles(
        *(
            np.concatenate([getattr(run, name) for run in runs], axis=1)
            for name in ("trains", "judges", "evaluates")
        ),
        np.concatenate([run.effective_rows for run in runs]),
    )
    n_gates = int(gates.max()) + 1
    mandatory = np.zeros(n_gates, dtype=bool)
    return Problem(x, y, weights, gates, n_gates, mandatory, "log_loss", roles)


def one_run(problem, run):
    """The same rows and gates with the roles of one run alone."""
    parts = (problem.roles.trains, problem.roles.judges, problem.roles.evaluates)
    one = [part[:, run : run + 1] for part in parts]
    roles = Roles(*one, problem.roles.effective_rows[run : run + 1])
    return replace(problem, roles=roles)


def assert_same_points(solution, other, rtol=0.0, atol=0.0):
    for name in ("n_open", "open_gates"):
        np.testing.assert_array_equal(getattr(solution, name), getattr(other, name))
    for name in ("penalty", "train_loss", "validation_loss", "validation_se", "worth"):
        got, expected = getattr(solution, name), getattr(other, name)
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=atol, err_msg=name)


def first_weights(trainer):
    """Weights of the first layer, (n_inputs, n_runs, n_members, n_units)."""
    weights = trainer.networks.weights[0]
    return weights.view(len(weights), trainer.n_runs, trainer.n_members, -1).clone()


# --- points -------------------------------------------------------------------------


@every_seed
@pytest.mark.parametrize("wanted", [None, 10, 4, 2])
@pytest.mark.parametrize("n_runs", [1, 2])
def test_the_sizes_asked_are_visited_and_the_price_rises_to_infinity(
    seed, wanted, n_runs
):
    problem = make_problem(seed, n_columns=14, n_runs=n_runs)
    sizes = path_sizes(14, 0, wanted)
    solution = follow_path(problem, EXACT, sizes, schedule=SHORT)
    assert solution.n_open.tolist() == [14, *sizes]
    np.testing.assert_array_equal(
        solution.open_gates.sum(2), np.tile(solution.n_open[:, None], n_runs)
    )
    assert solution.penalty.shape == (1 + len(sizes), n_runs)
    for before, after in pairwise(solution.penalty):
        assert (before <= after).all()
    assert np.isfinite(solution.penalty[:-1]).all()
    assert np.isposinf(solution.penalty[-1]).all()
    assert solution.stop_reason is StopReason.PATH_COMPLETE


@every_seed
def test_mandatory_gates_are_open_at_every_point(seed):
    problem = make_problem(seed)
    mandatory = np.zeros(9, dtype=bool)
    mandatory[[5, 8]] = True  # noise, that would close first
    problem = replace(problem, mandatory=mandatory)
    solution = follow_path(problem, EXACT, path_sizes(9, 2), schedule=SHORT)
    assert solution.n_open.tolist() == [9, 8, 7, 6, 5, 4, 3, 2]
    assert solution.open_gates[:, 0, mandatory].all()
    free = follow_path(make_problem(seed), EXACT, [2], schedule=SHORT)
    assert not free.open_gates[-1, 0, mandatory].all()


@every_seed
def test_gates_of_many_columns_and_of_none(seed):
    gates = np.array([4, 0, 2, 4, 4, 2, 6])  # 1, 3 and 5 have no column
    problem = make_problem(seed, gate_of_input=gates)
    solution = follow_path(problem, EXACT, [3, 2, 1, 0], schedule=SHORT)
    assert solution.n_open.tolist() == [4, 3, 2, 1, 0]
    assert not solution.open_gates[..., [1, 3, 5]].any()
    assert np.isnan(solution.worth[..., [1, 3, 5]]).all()
    assert solution.open_gates[0, 0, [0, 2, 4, 6]].all()


@every_seed
def test_with_no_gate_open_the_loss_is_that_of_a_constant(seed):
    problem = make_problem(seed, n_rows=300)
    solution = follow_path(problem, SolverConfig((6,), seed=seed), path_sizes(9, 0))
    share = problem.targets.mean()
    constant = -share * np.log(share) - (1 - share) * np.log(1 - share)
    assert abs(solution.validation_loss[-1, 0] - constant) < 0.02
    assert solution.validation_loss.min() < 0.8 * constant


@every_seed
def test_the_standard_error_is_that_of_a_mean_over_rows(seed):
    # the first point of a path that has not trained is the constant prediction
    problem = make_problem(seed)
    still = replace(EXACT, learning_rate=0.0)
    solution = follow_path(problem, still, [0], schedule=SHORT)
    y, share = problem.targets[:, 0], problem.targets.mean()
    losses = -np.log(np.where(y == 1, share, 1 - share))
    np.testing.assert_allclose(solution.validation_loss[-1], losses.mean())
    expected = losses.std() / np.sqrt(len(y))
    np.testing.assert_allclose(solution.validation_se[-1], expected)


# --- closed gates -------------------------------------------------------------------


@every_seed
@pytest.mark.parametrize("spare", [np.inf, 1.0])
@pytest.mark.parametrize("exact", [True, False])
def test_closed_gates_keep_their_weights_bit_for_bit(seed, spare, exact):
    config = SolverConfig((6,), batch_size=32, exact=exact, seed=seed)
    trainer = Trainer(make_problem(seed, n_runs=2), config)
    for _ in range(20):  # moments of the optimizer build up
        trainer.step(0.01, judge=True)
    is_open = torch.ones_like(trainer.is_open)
    is_open[:6, 0] = False
    is_open[3:, 1] = False  # so three gates are closed in both runs
    trainer.open_only(is_open, spare)
    before = first_weights(trainer)
    for _ in range(20):
        trainer.step(0.01, judge=True)
    moved = (first_weights(trainer) != before).flatten(2).any(2)
    assert torch.equal(moved, trainer.is_open)
    assert len(moved) == (9 if spare == np.inf else 6)


def test_a_gate_that_closes_again_keeps_its_weight():
    trainer = Trainer(make_problem(0), EXACT)
    everything = torch.ones_like(trainer.is_open)
    half = everything.clone()
    half[:5] = False
    for is_open in (half, everything, half):
        trainer.open_only(is_open, np.inf)
        before = first_weights(trainer)
        for _ in range(10):
            trainer.step(0.01, judge=True)
        moved = (first_weights(trainer) != before).flatten(2).any(2)
        assert torch.equal(moved, is_open)


@every_seed
def test_gates_closed_by_mistake_reopen(seed):
    problem = make_problem(seed, n_columns=12, n_rows=400)
    matters = problem.inputs[:, :3]
    problem = replace(
        problem, targets=(matters.sum(1, keepdims=True) > 0).astype(float)
    )
    walk = _Walk(problem, replace(EXACT, seed=seed), replace(SHORT, spare=np.inf))
    walk.warm_up()
    trainer = walk.trainer
    trainer.open_only(torch.from_numpy(trainer.layout.gates >= 3)[:, None], np.inf)
    for _ in range(10):
        walk.train_stage()
    walk.close_down_to(3)
    assert set(trainer.layout.gates[trainer.is_open[:, 0]]) == {0, 1, 2}


def test_a_dropped_gate_stays_closed():
    problem = make_problem(0, n_columns=12)
    dropping = replace(SHORT, spare=1.0)
    solution = follow_path(problem, EXACT, path_sizes(12, 0), schedule=dropping)
    dropped = np.isnan(solution.worth)
    assert dropped.any()
    assert not solution.open_gates[dropped].any()
    assert (dropped[1:] >= dropped[:-1]).all()


@every_seed
def test_dropping_closed_gates_changes_no_prediction(seed):
    problem = make_problem(seed, gate_of_input=np.array([0, 3, 1, 1, 2, 3, 3, 4]))
    kept, dropped = (Trainer(problem, EXACT) for _ in range(2))
    for trainer, spare in ((kept, np.inf), (dropped, 1.0)):
        for _ in range(5):
            trainer.step(0.01, judge=True)
        gates = torch.from_numpy(np.isin(trainer.layout.gates, [1, 3]))[:, None]
        trainer.open_only(gates, spare)
        for _ in range(5):
            trainer.step(0.01, judge=True)
    assert dropped.x.shape[1] == 5
    torch.testing.assert_close(dropped.evaluate(), kept.evaluate(), rtol=0, atol=1e-12)
    still_there = np.isin(kept.layout.gates, dropped.layout.gates)
    scores = kept.scores.values[torch.from_numpy(still_there)]
    torch.testing.assert_close(dropped.scores.values, scores, rtol=0, atol=1e-12)


# --- runs and seeds -----------------------------------------------------------------


@every_seed
def test_two_runs_together_are_each_run_alone(seed):
    # nothing is dropped: alone, a run drops gates that another one still has open
    problem, schedule = make_problem(seed, n_runs=2), replace(SHORT, spare=np.inf)
    sizes = path_sizes(9, 0, 3)
    both = follow_path(problem, replace(EXACT, seed=seed), sizes, schedule=schedule)
    for run in range(2):
        config = replace(EXACT, seed=seed + run)
        alone = follow_path(one_run(problem, run), config, sizes, schedule=schedule)
        columns = {
            name: getattr(both, name)[:, run : run + 1]
            for name in vars(both)
            if name not in ("n_open", "n_steps", "stop_reason")
        }
        assert_same_points(alone, replace(both, **columns), atol=1e-8)
    assert not np.array_equal(both.open_gates[:, 0], both.open_gates[:, 1])


@pytest.mark.parametrize("exact", [True, False])
def test_the_same_seed_gives_the_same_path_bit_for_bit(exact):
    problem, sizes = make_problem(0), path_sizes(9, 0, 3)
    config = SolverConfig((6,), batch_size=32, exact=exact, seed=5)
    solution = follow_path(problem, config, sizes, schedule=SHORT)
    again = follow_path(problem, config, sizes, schedule=SHORT)
    assert_same_points(solution, again)
    other = follow_path(problem, replace(config, seed=6), sizes, schedule=SHORT)
    assert (other.train_loss != solution.train_loss).all()


@every_seed
@pytest.mark.parametrize("exact", [True, False])
def test_columns_in_another_order_give_the_same_path(seed, exact):
    # new column i is old column places[i]; a gate keeps its columns
    gates = np.array([0, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 7])
    problem, sizes = make_problem(seed, gate_of_input=gates), path_sizes(8, 0, 3)
    rng = np.random.default_rng(seed)
    new_names = rng.permutation(8)  # gate g is now called new_names[g]
    places = np.argsort(new_names[gates], kind="stable")
    permuted = replace(
        problem,
        inputs=problem.inputs[:, places],
        gate_of_input=new_names[gates][places],
    )
    config = SolverConfig((6,), batch_size=32, exact=exact, seed=seed)
    solution = follow_path(problem, config, sizes, schedule=SHORT)
    other = follow_path(permuted, config, sizes, schedule=SHORT)
    back = replace(
        other,
        open_gates=other.open_gates[..., new_names],
        worth=other.worth[..., new_names],
    )
    assert_same_points(back, solution)


@every_seed
def test_rows_in_another_order_give_the_same_path_to_rounding(seed):
    problem, sizes = make_problem(seed), path_sizes(9, 0, 3)
    rows = np.random.default_rng(seed).permutation(120)
    roles = problem.roles
    shuffled = replace(
        problem,
        inputs=problem.inputs[rows],
        targets=problem.targets[rows],
        roles=Roles(
            roles.trains[rows],
            roles.judges[rows],
            roles.evaluates[rows],
            roles.effective_rows,
        ),
    )
    solution = follow_path(problem, EXACT, sizes, schedule=SHORT)
    other = follow_path(shuffled, EXACT, sizes, schedule=SHORT)
    assert_same_points(other, solution, atol=1e-8)


@every_seed
def test_a_weight_is_a_number_of_copies(seed):
    problem = make_problem(seed, n_rows=60)
    copies = np.random.default_rng(seed).integers(1, 4, 60)
    rows, roles = np.repeat(np.arange(60), copies), problem.roles
    weighted = replace(problem, row_weights=copies / copies.mean())
    copied = replace(
        problem,
        inputs=problem.inputs[rows],
        targets=problem.targets[rows],
        row_weights=np.ones(len(rows)),
        roles=Roles(
            roles.trains[rows],
            roles.judges[rows],
            roles.evaluates[rows],
            roles.effective_rows,
        ),
    )
    sizes = path_sizes(9, 0)
    solution = follow_path(weighted, EXACT, sizes, schedule=SHORT)
    other = follow_path(copied, EXACT, sizes, schedule=SHORT)
    assert_same_points(other, solution, atol=1e-8)


# --- stopping, and what is left behind ----------------------------------------------


def test_on_point_stops_the_path():
    problem, sizes = make_problem(0), path_sizes(9, 0)
    whole = follow_path(problem, EXACT, sizes, schedule=SHORT)
    calls = []

    def third(committee):
        calls.append(None)
        return len(calls) == 3

    part = follow_path(problem, EXACT, sizes, schedule=SHORT, on_point=third)
    assert part.stop_reason is StopReason.CALLBACK
    assert len(calls) == len(part.n_open) == 3
    assert np.isposinf(part.penalty[-1]).all()
    np.testing.assert_array_equal(part.open_gates, whole.open_gates[:3])
    np.testing.assert_array_equal(part.validation_loss, whole.validation_loss[:3])
    assert part.n_steps < whole.n_steps


def global_state():
    """Everything that a training could leave otherwise than it was."""
    return {
        "threads": torch.get_num_threads(),
        "grad": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "dtype": torch.get_default_dtype(),
        "torch": torch.get_rng_state().tolist(),
        "numpy": np.random.get_state()[1].tolist(),
    }


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_global_state_is_left_as_it_was(two_threads, exact, fails):
    problem = make_problem(0, n_rows=300)
    config = SolverConfig((6,), batch_size=64, exact=exact)
    threads_inside = []

    def look(committee):
        threads_inside.append(torch.get_num_threads())
        if fails:
            raise KeyboardInterrupt
        return False

    before = global_state()
    try:
        solution = follow_path(problem, config, [5, 2], schedule=SHORT, on_point=look)
        solution.worth[0] = 0.0  # plain, writable arrays
    except KeyboardInterrupt:
        assert fails
    assert global_state() == before
    assert before["threads"] == 2
    assert set(threads_inside) == {1}


def test_the_problem_is_left_as_it_was():
    problem = make_problem(0)
    for array in (problem.inputs, problem.targets, problem.row_weights):
        array.flags.writeable = False
    before = problem.inputs.copy(), problem.targets.copy()
    follow_path(problem, EXACT, [5, 2], schedule=SHORT)
    np.testing.assert_array_equal(problem.inputs, before[0])
    np.testing.assert_array_equal(problem.targets, before[1])
