"""Laws of every row of the table of granularities, and of several rows together.

What stands behind a gate is found here by differences: of the outputs of the network
when the gate, as a real factor, changes a little.
"""

from itertools import combinations

import numpy as np
import pytest
import torch

from sklearn_binmask._engine.granularity import GRANULARITIES, GateSet, Look
from sklearn_binmask._engine.masks import GateLayout
from sklearn_binmask._engine.networks import Committee
from sklearn_binmask._estimator.masked import MaskedSettings

N_NETWORKS, N_ROWS, N_OUTPUTS = 3, 9, 2
# Gates of one, two and three columns, in no order.
GATE_OF_INPUT = np.array([3, 0, 2, 3, 1, 0, 3])
SETS = [
    names
    for size in range(1, len(GRANULARITIES) + 1)
    for names in combinations(GRANULARITIES, size)
]
every_kind = pytest.mark.parametrize("name", GRANULARITIES)
every_set = pytest.mark.parametrize("names", SETS, ids="+".join)
every_depth = pytest.mark.parametrize("hidden", [(4,), (4, 3)], ids=str)


def make(names, hidden, seed=0):
    """Networks with random weights, their gates, and some rows."""
    sizes = [len(GATE_OF_INPUT), *hidden, N_OUTPUTS]
    networks = Committee(sizes, N_NETWORKS, "tanh", torch.float64, "cpu")
    rng = np.random.default_rng(seed)
    networks.parameters.copy_(
        torch.from_numpy(rng.normal(size=networks.parameters.shape))
    )
    gates = GateSet(names, networks, GateLayout(GATE_OF_INPUT))
    x = torch.from_numpy(rng.normal(size=(N_ROWS, len(GATE_OF_INPUT))))
    return networks, gates, x


def some_factors(gates, seed=0, values=(0.0, 0.7, 1.0)):
    rng = np.random.default_rng(seed)
    shape = (sum(gates.sizes), N_NETWORKS)
    return torch.from_numpy(rng.choice(values, shape))


def outputs(networks, gates, x, factors):
    """Outputs of each layer with gates as real factors."""
    gates.set(factors)
    networks.apply_masks(gates.masks)
    return networks.forward(x)


def full_masks(networks, gates):
    """The factor of each weight of each layer, none left out."""
    return [
        torch.ones_like(weights) * (1.0 if mask is None else mask)
        for weights, mask in zip(networks.weights, gates.masks, strict=True)
    ]


def test_the_table_and_the_estimators_know_the_same_kinds():
    every = object.__new__(MaskedSettings)
    object.__setattr__(every, "granularity", tuple(GRANULARITIES))
    assert every.kinds() == tuple(GRANULARITIES)


# --- masks --------------------------------------------------------------------------


@every_set
@every_depth
def test_open_gates_let_everything_through(names, hidden):
    networks, gates, _ = make(names, hidden)
    gates.set(some_factors(gates))
    assert any(mask is not None for mask in gates.masks)
    gates.set(torch.ones(sum(gates.sizes), N_NETWORKS))
    assert gates.masks == [None] * len(networks.weights)
    for kind, size in zip(gates.kinds, gates.sizes, strict=True):
        for mask in kind.masks(torch.ones(size, N_NETWORKS)):
            assert mask is None or bool((mask == 1).all())


@every_set
@every_depth
def test_each_network_has_gates_of_its_own(names, hidden):
    networks, gates, x = make(names, hidden)
    factors = some_factors(gates)
    together = outputs(networks, gates, x, factors)[-1]
    for c in range(N_NETWORKS):
        alone = factors[:, [c]].repeat(1, N_NETWORKS)
        torch.testing.assert_close(
            outputs(networks, gates, x, alone)[-1][c], together[c]
        )


@every_kind
@every_depth
def test_the_cost_of_a_gate_is_the_number_of_weights_that_it_makes_useless(
    name, hidden
):
    networks, gates, x = make((name,), hidden)
    costs = gates.costs.tolist()
    assert len(costs) == sum(gates.sizes)
    for gate, cost in enumerate(costs):
        factors = torch.ones(len(costs), N_NETWORKS, dtype=torch.float64)
        factors[gate] = 0.0
        layers = outputs(networks, gates, x, factors)
        errors = networks.errors(layers, torch.ones_like(layers[-1]))
        networks.write_gradient(x, layers, errors)
        masks = full_masks(networks, gates)
        n_useless = sum(
            int(((gradient * mask) == 0).sum())
            for gradient, mask in zip(networks.weight_gradients, masks, strict=True)
        )
        assert n_useless == cost * N_NETWORKS


@every_kind
@every_depth
def test_no_two_gates_do_the_same(name, hidden):
    networks, gates, x = make((name,), hidden)
    n_gates, seen = sum(gates.sizes), []
    everything = torch.ones(n_gates, N_NETWORKS, dtype=torch.float64)
    seen.append(outputs(networks, gates, x, everything)[-1])
    for gate in range(n_gates):
        factors = everything.clone()
        factors[gate] = 0.0
        seen.append(outputs(networks, gates, x, factors)[-1])
    for one, other in combinations(seen, 2):
        assert (one != other).any()


@every_kind
@every_depth
def test_a_gate_is_a_factor(name, hidden):
    # what is behind half a gate counts half: a gate is linear in each layer's weights
    networks, gates, _ = make((name,), hidden)
    factors = some_factors(gates, values=(0.25, 0.5, 2.0))
    gates.set(factors)
    masks = full_masks(networks, gates)
    gates.set(2 * factors)
    for one, twice in zip(masks, full_masks(networks, gates), strict=True):
        assert ((twice == 2 * one) | ((one == 1) & (twice == 1))).all()
        assert set(one.unique().tolist()) <= {0.25, 0.5, 1.0, 2.0}


@every_set
@every_depth
def test_kinds_together_multiply(names, hidden):
    networks, gates, _ = make(names, hidden)
    factors = some_factors(gates)
    gates.set(factors)
    product = [torch.ones_like(weights) for weights in networks.weights]
    for name, part in gates.split(factors).items():
        alone = GateSet((name,), networks, GateLayout(GATE_OF_INPUT))
        alone.set(part)
        for so_far, mask in zip(product, full_masks(networks, alone), strict=True):
            so_far.mul_(mask)
    for expected, mask in zip(product, full_masks(networks, gates), strict=True):
        torch.testing.assert_close(mask, expected)


@every_set
def test_a_table_of_all_gates_is_cut_into_kinds(names):
    _, gates, _ = make(names, (4, 3))
    table = some_factors(gates)
    parts = gates.split(table)
    assert tuple(parts) == names
    assert [len(part) for part in parts.values()] == gates.sizes
    assert torch.equal(torch.cat([*parts.values()]), table)
    n_weights = 7 * 4 + 4 * 3 + 3 * 2
    sizes = {"features": 4, "units": 4 + 3, "weights": n_weights}
    assert {name: len(part) for name, part in parts.items()} == {
        name: sizes[name] for name in names
    }


# --- what the loss says of a gate ---------------------------------------------------


def along_each_gate(networks, gates, x, factors, step=1e-5):
    """Derivatives of the outputs: (n_gates, n_networks, n_rows, n_outputs)."""
    slopes = []
    for gate in range(len(factors)):
        moved = []
        for sign in (1, -1):
            changed = factors.clone()
            changed[gate] += sign * step
            moved.append(outputs(networks, gates, x, changed)[-1])
        slopes.append((moved[0] - moved[1]) / (2 * step))
    outputs(networks, gates, x, factors)
    return torch.stack(slopes)


def look_at(networks, gates, x, factors, last, *, known=False):
    layers = outputs(networks, gates, x, factors)
    errors = networks.errors(layers, last)
    if not known:
        return Look(networks, x, layers, errors)
    networks.write_gradient(x, layers, errors)
    return Look(networks, x, layers, errors, networks.weight_gradients)


def errors_at_the_output(seed=3):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.normal(size=(N_NETWORKS, N_ROWS, N_OUTPUTS)))


@every_set
@every_depth
@pytest.mark.parametrize("values", [(1.0,), (0.0, 1.0), (0.0, 0.7, 1.0)], ids=str)
def test_slope_is_the_derivative_along_a_gate(names, hidden, values):
    networks, gates, x = make(names, hidden)
    factors, last = some_factors(gates, values=values), errors_at_the_output()
    expected = along_each_gate(networks, gates, x, factors) * last
    expected = expected.sum((2, 3))
    for known in (False, True):
        look = look_at(networks, gates, x, factors, last, known=known)
        torch.testing.assert_close(gates.slope(look), expected, rtol=0, atol=1e-7)


@every_set
@every_depth
@pytest.mark.parametrize("values", [(1.0,), (0.0, 1.0), (0.0, 0.7, 1.0)], ids=str)
def test_bend_is_the_sum_of_squares_along_a_direction(names, hidden, values):
    networks, gates, x = make(names, hidden)
    factors, direction = some_factors(gates, values=values), errors_at_the_output()
    rng = np.random.default_rng(4)
    row_weights = torch.from_numpy(rng.uniform(0.1, 2, (N_NETWORKS, 1, N_ROWS)))
    along = (along_each_gate(networks, gates, x, factors) * direction).sum(3)
    expected = (along.square() * row_weights[:, 0]).sum(2)
    look = look_at(networks, gates, x, factors, direction)
    bend = gates.bend(look, row_weights)
    torch.testing.assert_close(bend, expected, rtol=0, atol=1e-6)


@every_kind
def test_looking_changes_nothing(name):
    networks, gates, x = make((name,), (4, 3))
    factors, last = some_factors(gates), errors_at_the_output()
    row_weights = torch.ones(N_NETWORKS, 1, N_ROWS, dtype=torch.float64)
    before = networks.parameters.clone(), x.clone(), factors.clone()
    look = look_at(networks, gates, x, factors, last)
    first = gates.slope(look), gates.bend(look, row_weights)
    again = gates.slope(look), gates.bend(look, row_weights)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    after = networks.parameters, x, factors
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
