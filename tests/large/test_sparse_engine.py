"""The engine on sparse inputs does what it does on the same inputs as an array."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sklearn_binmask._encoding import SparseInputs
from sklearn_binmask._engine import cells, wide
from sklearn_binmask._engine.cells import SparseCommittee, SparseRows
from sklearn_binmask._engine.masks import GateLayout
from sklearn_binmask._engine.networks import Committee
from sklearn_binmask._engine.path import follow_path
from sklearn_binmask._engine.problem import Problem, SolverConfig
from sklearn_binmask._path.grid import path_sizes
from sklearn_binmask._path.resample import committee_roles, order_rows

N_ROWS, N_INPUTS = 300, 12


def inputs(seed=0, n_rows=N_ROWS, n_inputs=N_INPUTS):
    """Make sparse inputs, and the same ones as an array."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_rows, n_inputs)) * (
        rng.random((n_rows, n_inputs)) < 0.3
    )
    given = SparseInputs(sparse.csr_array(values), rng.normal(size=n_inputs) / 3)
    return given, given.toarray()


def rows_of(given, dtype=torch.float64):
    return SparseRows.load(given, dtype, "cpu")


def close(ours, theirs):
    assert_allclose(np.asarray(ours), np.asarray(theirs), atol=1e-10)


def test_rows_are_indexed_as_a_tensor_is():
    given, dense = inputs()
    x, dense = rows_of(given), torch.from_numpy(dense)
    eye = torch.eye(N_INPUTS, dtype=torch.float64)
    order = torch.randperm(N_ROWS)[:7]
    kept = torch.tensor([5, 2, 11])
    close(x[order] @ eye, dense[order])
    close(x[10:20] @ eye, dense[10:20])
    close(x[..., 3:5, :] @ eye, dense[3:5])
    close(x[:, kept] @ eye[:3, :3], dense[:, kept])
    close(x[order][:, kept][1:3] @ eye[:3, :3], dense[order][:, kept][1:3])
    close(x.square() @ eye, dense.square())
    close(x[order].to_dense(), dense[order])
    close(x[:, :4].to_dense(), dense[:, :4])
    assert x[order].shape == (7, N_INPUTS)


@pytest.mark.parametrize("gathered", [2**22, 1])
@pytest.mark.parametrize(
    "gate_of_input", [np.arange(N_INPUTS), np.arange(N_INPUTS) % 5]
)
def test_products_equal_those_of_an_array(gate_of_input, gathered, monkeypatch):
    monkeypatch.setattr(cells, "_MOST_GATHERED", gathered)
    layout = GateLayout(gate_of_input)
    given, dense = inputs(n_rows=20)
    x, dense = rows_of(given[:, layout.inputs]), torch.from_numpy(dense)
    dense = dense[:, layout.inputs]
    sizes, n_networks = [N_INPUTS, 3, 2], 4
    generator = torch.Generator().manual_seed(0)
    networks = []
    for kind in (Committee, SparseCommittee):
        one = kind(sizes, n_networks, "relu", torch.float64, "cpu")
        one.parameters.copy_(
            torch.randn(one.parameters.shape, generator=generator.manual_seed(1))
        )
        networks.append(one)
    plain, ours = networks
    outputs = plain.forward(dense)
    for a, b in zip(ours.forward(x), outputs, strict=True):
        close(a, b)
    errors = plain.errors(outputs, torch.randn(4, 20, 2, dtype=torch.float64))
    plain.write_gradient(dense, outputs, errors)
    ours.write_gradient(x, outputs, errors)
    close(ours.gradient, plain.gradient)
    close(ours.outer_first(x, errors[0]), plain.outer_first(dense, errors[0]))
    shares = torch.rand(4, 1, 20, dtype=torch.float64)
    parts = errors[0], plain.weights[0], shares, layout
    close(ours.bend_first(x, *parts), plain.bend_first(dense, *parts))


def problem(given, n_members=4, seed=0):
    """Class of a sum of two columns among many."""
    rng = np.random.default_rng(seed)
    dense = given if isinstance(given, np.ndarray) else given.toarray()
    y = (dense[:, 0] + dense[:, 3] - np.median(dense[:, 0] + dense[:, 3]) > 0)[:, None]
    n_rows, n_inputs = given.shape
    order = order_rows(np.zeros((n_rows, 1)), y, y[:, 0].astype(int))
    return Problem(
        given,
        y.astype(float),
        np.ones(n_rows),
        np.arange(n_inputs),
        n_inputs,
        np.arange(n_inputs) == 1,
        "log_loss",
        committee_roles(order, np.ones(n_rows), rng, n_members, 0.3),
    )


CONFIG = SolverConfig(hidden_layer_sizes=(4,), batch_size=64)


def test_a_path_is_that_of_the_same_inputs_as_an_array():
    given, dense = inputs()
    sizes = path_sizes(N_INPUTS, 1)
    config = replace(CONFIG, exact=True)  # in float64, without random draws
    ours, theirs = (follow_path(problem(x), config, sizes) for x in (given, dense))
    assert_array_equal(ours.open_gates, theirs.open_gates)
    assert_allclose(ours.validation_loss, theirs.validation_loss, rtol=1e-6)
    assert_allclose(ours.penalty, theirs.penalty, rtol=1e-5)


# --- very wide tables ---------------------------------------------------------------


@pytest.mark.parametrize("is_sparse", [True, False])
def test_few_members_begin_and_all_join(is_sparse, monkeypatch):
    """As if 60 columns were very wide: the path is whole, and finds what matters."""
    given, dense = inputs(n_rows=400, n_inputs=60)
    asked = problem(given if is_sparse else dense, n_members=6)
    monkeypatch.setattr(wide, "MOST_WEIGHTS", 4 * 6 * 20)
    seen = []
    sizes = path_sizes(60, 1)
    solution = follow_path(
        asked,
        CONFIG,
        sizes,
        look=lambda point: seen.append(len(point.committee(0).coefs[0])),
    )
    assert seen[0] == 2
    assert seen[-1] == 6
    assert seen == sorted(seen)
    first_of_all = seen.index(6)
    assert solution.n_open[first_of_all] <= 20 < solution.n_open[first_of_all - 1]
    assert_array_equal(solution.n_open, [60, *sizes])
    supports = solution.open_gates[:, 0]
    assert_array_equal(supports.sum(axis=1), solution.n_open)
    three = supports[np.flatnonzero(solution.n_open == 3)[0]]
    assert_array_equal(np.flatnonzero(three), [0, 1, 3])  # 1 is mandatory
    assert np.isfinite(solution.validation_loss).all()


def test_members_that_begin():
    roles = problem(inputs()[0], n_members=16).roles
    assert wide.n_at_first(roles, 1000, 16) == 16
    assert wide.n_at_first(roles, 90_000, 16) == 4
    assert wide.n_at_first(roles, 10**7, 16) == 2
    few = wide.with_members(problem(inputs()[0], n_members=16), 4).roles
    assert few.trains.shape == few.judges.shape == few.evaluates.shape == (N_ROWS, 1, 4)
    # the rows that are evaluated are the same, whoever speaks
    assert_array_equal(few.evaluates.any((1, 2)), roles.evaluates.any((1, 2)))
