"""Gradients and the worth of gates against differences of the loss itself.

The loss is computed here a second time, plainly: one network after the other, in numpy,
from the problem's own arrays.
"""

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch

from sklearn_binmask._engine.granularity import GRANULARITIES
from sklearn_binmask._engine.losses import LOSSES
from sklearn_binmask._engine.networks import ACTIVATIONS, Committee
from sklearn_binmask._engine.predict import ACTIVATIONS as FUNCTIONS
from sklearn_binmask._engine.problem import Problem, Roles, SolverConfig
from sklearn_binmask._engine.training import Trainer

N_RUNS, N_MEMBERS = 2, 2
# Gates of one, two and three columns, in no order; gate 2 has none.
GATE_OF_INPUT = np.array([3, 0, 4, 3, 1, 0, 3])
every_loss = pytest.mark.parametrize("loss", LOSSES)
every_depth = pytest.mark.parametrize("hidden", [(), (4,), (4, 3)], ids=str)
every_seed = pytest.mark.parametrize("seed", [0, 1, 2])
every_granularity = pytest.mark.parametrize(
    "granularity",
    [names for size in (1, 2, 3) for names in combinations(GRANULARITIES, size)],
    ids="+".join,
)


def make_problem(loss, seed, n_rows=24, n_outputs=3):
    """Shares as targets, which each loss takes; rows of all roles and weights."""
    rng = np.random.default_rng(seed)
    shape = (n_rows, N_RUNS, N_MEMBERS)
    trains = rng.random(shape) < 0.5
    return Problem(
        inputs=rng.normal(size=(n_rows, len(GATE_OF_INPUT))),
        targets=rng.dirichlet(np.ones(n_outputs), n_rows),
        row_weights=rng.uniform(0.2, 1.8, n_rows),
        gate_of_input=GATE_OF_INPUT,
        n_gates=5,
        mandatory=np.zeros(5, dtype=bool),
        loss=loss,
        roles=Roles(trains, ~trains, ~trains, np.full(N_RUNS, n_rows)),
    )


def make_trainer(problem, hidden=(4,), activation="relu", **options):
    """A trainer after a few steps, in which some gates are then closed.

    Which ones differs from run to run.
    """
    options = {"exact": True, "mask_learning_rate": 1.0, "alpha": 0.0, **options}
    trainer = Trainer(problem, SolverConfig(hidden, activation, **options))
    for _ in range(5):
        trainer.step(0.05, judge=False)
    for bias in trainer.networks.biases:  # no unit at the very kink of relu
        bias.add_(0.1 * torch.randn(bias.shape, generator=trainer.generators[0]))
    is_open = torch.ones_like(trainer.is_open)
    is_open[0, 0] = is_open[2, 0] = is_open[1, 1] = False
    trainer.open_only(is_open, spare=np.inf)
    return trainer


def losses_of_networks(trainer, rows, gates):
    """Weighted mean loss over `rows` of each network, with gates as real factors.

    `rows` is a role, (n_rows, n_runs, n_members); `gates` (n_gates, n_runs) stand in
    the order of the trainer. Returns (n_runs, n_members).
    """
    problem, networks = trainer.problem, trainer.networks
    first = networks.weights[0].numpy()[np.argsort(trainer.layout.inputs)]
    means = np.empty((N_RUNS, N_MEMBERS))
    for run, member in np.ndindex(N_RUNS, N_MEMBERS):
        c = run * N_MEMBERS + member
        columns, units, factors = factors_of(trainer, gates[:, run])
        h = problem.inputs * columns
        h = h @ (first[:, c] * factors[0]) + networks.biases[0][c].numpy()
        layers = zip(
            networks.weights[1:], networks.biases[1:], units, factors[1:], strict=True
        )
        for weights, bias, unit, factor in layers:
            h = FUNCTIONS[trainer.config.activation](h) * unit
            h = h @ (weights[c].numpy() * factor) + bias[c].numpy()
        values = trainer.loss.values(
            torch.from_numpy(h)[None], torch.from_numpy(problem.targets)
        )
        weight = problem.row_weights * rows[:, run, member]
        means[run, member] = weight @ values[0].numpy() / weight.sum()
    return means


def factors_of(trainer, gates):
    """Factors of columns, of units of each hidden layer, of weights of each layer."""
    sizes = trainer.networks.layer_sizes
    columns = np.ones(sizes[0])
    units = [np.ones(n) for n in sizes[1:-1]]
    weights = [np.ones(shape) for shape in pairwise(sizes)]
    for name in trainer.config.granularity:
        if name == "features":
            factor = np.zeros(trainer.problem.n_gates)
            n_gates = len(trainer.layout.gates)
            factor[trainer.layout.gates], gates = gates[:n_gates], gates[n_gates:]
            columns = factor[trainer.problem.gate_of_input]
            continue
        for layer, ones in enumerate(units if name == "units" else weights):
            part, gates = gates[: ones.size], gates[ones.size :]
            part = part.reshape(ones.shape)
            if name == "weights" and layer == 0:  # in the order of the layout
                part = part[np.argsort(trainer.layout.inputs)]
            ones *= part
    assert len(gates) == 0
    return columns, units, weights


def judged(trainer, gates):
    """Loss of each run on the rows that judge, (n_runs,)."""
    return losses_of_networks(trainer, trainer.problem.roles.judges, gates).mean(1)


def worth(trainer):
    """What one look at the rows says of each gate, (n_gates, n_runs)."""
    trainer.step(0.0, judge=True)
    return trainer.scores.values.numpy().copy()


def for_each_gate(trainer, function):
    """Apply a function of the loss along one gate at a time: (n_gates, n_runs)."""
    now = trainer.is_open.numpy().astype(float)
    table = np.empty_like(now)
    for gate in range(len(table)):

        def along(value, gate=gate):
            gates = now.copy()
            gates[gate] = value
            return judged(trainer, gates)

        table[gate] = function(along, now[gate])
    return table


def second_order(along, now, step=1e-5):
    """What Taylor's second order says that closing costs, or opening brings."""
    above, here, below = along(now + step), along(now), along(now - step)
    sign = np.where(now == 1, 0.5, -0.5)
    slope = (above - below) / (2 * step)
    return -slope + sign * (above - 2 * here + below) / step**2


@every_loss
@pytest.mark.parametrize("activation", ACTIVATIONS)
@every_depth
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_backward(loss, activation, hidden, n_outputs):
    rng = np.random.default_rng(0)
    sizes = [5, *hidden, n_outputs]
    committee = Committee(sizes, 3, activation, torch.float64, "cpu")
    committee.parameters.copy_(
        torch.from_numpy(rng.normal(0, 0.7, len(committee.parameters)))
    )
    x = torch.from_numpy(rng.normal(size=(8, 5)))
    y = torch.from_numpy(rng.dirichlet(np.ones(n_outputs), 8))
    shares = torch.from_numpy(rng.random((3, 8)))
    outputs = committee.forward(x)
    residuals = LOSSES[loss].residuals(outputs[-1], y)
    errors = committee.errors(outputs, residuals * shares[..., None])
    committee.write_gradient(x, outputs, errors)

    def total():
        return float((LOSSES[loss].values(committee.forward(x)[-1], y) * shares).sum())

    expected = differences(committee.parameters, total)
    np.testing.assert_allclose(committee.gradient, expected, rtol=0, atol=1e-7)


def differences(parameters, function, step=1e-6):
    """Central differences of a function of a flat buffer that is changed in place."""
    slopes = np.empty(len(parameters))
    for i in range(len(parameters)):
        kept = float(parameters[i])
        parameters[i] = kept + step
        above = function()
        parameters[i] = kept - step
        slopes[i] = (above - function()) / (2 * step)
        parameters[i] = kept
    return slopes


@every_loss
@every_depth
def test_a_step_follows_each_member_on_its_own_rows_through_its_gates(loss, hidden):
    trainer = make_trainer(make_problem(loss, 0), hidden, "tanh")
    trainer.step(0.0, judge=False)
    gates, rows = trainer.is_open.numpy().astype(float), trainer.problem.roles.trains
    expected = differences(
        trainer.networks.parameters,
        lambda: losses_of_networks(trainer, rows, gates).sum(),
    )
    gradient = trainer.networks.gradient.numpy()
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-7)


@every_seed
@every_depth
def test_worth_is_what_closing_costs(seed, hidden):
    # linear networks and squared error: Taylor's second order is the whole truth
    trainer = make_trainer(make_problem("squared_error", seed), hidden, "identity")
    expected = for_each_gate(trainer, lambda along, _: along(0.0) - along(1.0))
    np.testing.assert_allclose(worth(trainer), expected, rtol=0, atol=1e-12)
    assert np.abs(expected).min() > 1e-6


@every_granularity
@pytest.mark.parametrize("hidden", [(4,), (4, 3)], ids=str)
def test_worth_of_every_kind_of_gate_is_what_closing_costs(granularity, hidden):
    problem = make_problem("squared_error", 0)
    trainer = make_trainer(problem, hidden, "identity", granularity=granularity)
    expected = for_each_gate(trainer, lambda along, _: along(0.0) - along(1.0))
    np.testing.assert_allclose(worth(trainer), expected, rtol=0, atol=1e-12)
    assert (np.abs(expected) > 1e-6).mean() > 0.3  # others are behind closed ones


@every_loss
@every_granularity
@pytest.mark.parametrize("activation", ["identity", "relu"])
def test_worth_of_every_kind_of_gate_is_taylors_second_order(
    loss, granularity, activation
):
    trainer = make_trainer(
        make_problem(loss, 1), (4, 3), activation, granularity=granularity
    )
    expected = for_each_gate(trainer, second_order)
    np.testing.assert_allclose(worth(trainer), expected, rtol=0, atol=1e-5)


@every_loss
@every_granularity
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_worth_of_every_kind_of_gate_without_curvature_is_the_slope(
    loss, granularity, activation
):
    options = {"granularity": granularity, "curvature": False}
    trainer = make_trainer(make_problem(loss, 0), (4, 3), activation, **options)
    step = 1e-6
    expected = for_each_gate(
        trainer,
        lambda along, now: (along(now - step) - along(now + step)) / (2 * step),
    )
    np.testing.assert_allclose(worth(trainer), expected, rtol=0, atol=1e-8)


@every_granularity
def test_a_step_goes_through_gates_of_every_kind(granularity):
    problem = make_problem("softmax", 0)
    trainer = make_trainer(problem, (4, 3), "tanh", granularity=granularity)
    trainer.step(0.0, judge=False)
    gates, rows = trainer.is_open.numpy().astype(float), problem.roles.trains
    expected = differences(
        trainer.networks.parameters,
        lambda: losses_of_networks(trainer, rows, gates).sum(),
    )
    gradient = trainer.networks.gradient.numpy()
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-7)


@every_loss
@every_granularity
def test_where_the_judging_rows_train_an_open_gate_is_judged_by_its_curvature(
    loss, granularity
):
    problem = make_problem(loss, 2)
    roles = replace(problem.roles, judges=problem.roles.trains)
    problem = replace(problem, roles=roles)
    trainer = make_trainer(problem, (4, 3), granularity=granularity)
    step = 1e-5

    def half_the_curvature_or_all(along, now):
        above, here, below = along(now + step), along(now), along(now - step)
        bend = (above - 2 * here + below) / step**2 / 2
        slope = (above - below) / (2 * step)
        return np.where(now == 1, bend, -slope - bend)

    expected = for_each_gate(trainer, half_the_curvature_or_all)
    np.testing.assert_allclose(worth(trainer), expected, rtol=0, atol=1e-5)


@every_loss
@every_seed
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("activation", ["identity", "relu"])
def test_worth_is_taylors_second_order(loss, seed, n_outputs, activation):
    # outputs are piecewise linear in a gate: all curvature is that of the loss
    problem = make_problem(loss, seed, n_outputs=n_outputs)
    trainer = make_trainer(problem, (4, 3), activation)
    expected = for_each_gate(trainer, second_order)
    np.testing.assert_allclose(worth(trainer), expected, rtol=0, atol=1e-5)


@every_loss
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_worth_without_curvature_is_the_slope(loss, activation):
    trainer = make_trainer(make_problem(loss, 0), (4,), activation, curvature=False)
    step = 1e-6
    expected = for_each_gate(
        trainer,
        lambda along, now: (along(now - step) - along(now + step)) / (2 * step),
    )
    np.testing.assert_allclose(worth(trainer), expected, rtol=0, atol=1e-8)


@every_loss
def test_worth_of_batches_is_right_on_average(loss):
    # float32, shuffled batches, curvature on a share of the rows, random directions
    problem, n_looks = make_problem(loss, 0, n_rows=64), 600
    exact = make_trainer(problem)
    trainer = make_trainer(problem, exact=False, batch_size=16)
    trainer.networks.parameters.copy_(exact.networks.parameters)
    looks = np.stack([worth(trainer) for _ in range(n_looks)])
    error = np.abs(looks.mean(0) - worth(exact))
    assert (error <= 5 * looks.std(0) / n_looks**0.5 + 1e-6).all()
