"""Laws of the layout of gates, and of the running mean behind a score."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_binmask._engine.masks import GateLayout, Scores

# Gate of each column; gates that no column names have none.
gates_of_inputs = st.lists(st.integers(0, 9), min_size=1, max_size=30).map(np.array)
quickly = settings(max_examples=60, deadline=None)


def per_input(layout, seed=0, n_runs=3):
    """Any number of each column, (n_inputs, n_runs), in the order of the layout."""
    values = np.random.default_rng(seed).normal(size=(len(layout.inputs), n_runs))
    return torch.from_numpy(values)


def summed(layout, gate_of_input, values):
    """Oracle of the sums per gate: add one column after the other."""
    table = np.zeros((10, values.shape[1]))
    np.add.at(table, gate_of_input[layout.inputs], values.numpy())
    return torch.from_numpy(table[layout.gates])


@given(gates_of_inputs)
@quickly
def test_every_column_and_every_gate_with_columns_has_one_place(gate_of_input):
    layout = GateLayout(gate_of_input)
    assert sorted(layout.inputs) == list(range(len(gate_of_input)))
    assert sorted(layout.gates) == sorted(set(gate_of_input))
    assert layout.slot_sizes == sorted(layout.slot_sizes, reverse=True)


@given(gates_of_inputs)
@quickly
def test_sums_per_gate(gate_of_input):
    layout = GateLayout(gate_of_input)
    values = per_input(layout)
    before, expected = values.clone(), summed(layout, gate_of_input, values)
    torch.testing.assert_close(layout.sum_per_gate(values), expected)
    assert torch.equal(values, before)
    last = layout.sum_per_gate_last(values.t().clone())
    torch.testing.assert_close(last, expected.t())


@given(gates_of_inputs)
@quickly
def test_spread_gives_each_column_the_value_of_its_gate(gate_of_input):
    layout = GateLayout(gate_of_input)
    got = layout.spread(torch.from_numpy(layout.gates))
    np.testing.assert_array_equal(got, gate_of_input[layout.inputs])


@given(gates_of_inputs, st.data())
@quickly
def test_keep_drops_gates_with_all_their_columns(gate_of_input, data):
    layout = GateLayout(gate_of_input)
    n_gates = len(layout.gates)
    flags = st.lists(st.booleans(), min_size=n_gates, max_size=n_gates)
    kept = np.array(data.draw(flags.filter(any)))
    smaller, positions = layout.keep(kept)
    np.testing.assert_array_equal(smaller.gates, layout.gates[kept])
    np.testing.assert_array_equal(smaller.inputs, layout.inputs[positions])
    expected = np.flatnonzero(np.isin(gate_of_input, smaller.gates))
    np.testing.assert_array_equal(np.sort(smaller.inputs), expected)
    # what is left is a layout: its sums and values still reach the right columns
    values = per_input(smaller)
    torch.testing.assert_close(
        smaller.sum_per_gate(values), summed(smaller, gate_of_input, values)
    )
    got = smaller.spread(torch.from_numpy(smaller.gates))
    np.testing.assert_array_equal(got, gate_of_input[smaller.inputs])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rank_orders_gates_of_one_width(seed):
    rank = np.random.default_rng(seed).permutation(8)
    gate_of_input = np.array([0, 1, 2, 3, 4, 5, 6, 7, 5, 2, 5])
    gates = GateLayout(gate_of_input, rank).gates
    assert list(gates[:2]) == [5, 2]  # three columns, two columns
    assert list(rank[gates[2:]]) == sorted(rank[gates[2:]])


@pytest.mark.parametrize("rate", [0.03, 0.5, 1.0])
def test_a_score_is_a_running_mean(rate):
    looks = np.random.default_rng(0).normal(3, 1, size=(7, 4, 2))
    scores = Scores(4, 2, rate, torch.zeros(1).double())
    for n, look in enumerate(looks, start=1):
        scores.update(torch.from_numpy(look))
        # a look weighs less by the rate with each one after it
        weights = (1 - rate) ** np.arange(n)[::-1]
        expected = np.average(looks[:n], axis=0, weights=weights)
        np.testing.assert_allclose(scores.values, expected, rtol=1e-12)


def test_scores_that_are_kept_go_on_as_before():
    looks = torch.from_numpy(np.random.default_rng(1).normal(size=(6, 4, 2)))
    kept = torch.tensor([True, False, True, True])
    all_along, cut = (Scores(4, 2, 0.1, looks) for _ in range(2))
    for n, look in enumerate(looks):
        if n == 3:
            cut.keep(kept)
        all_along.update(look)
        cut.update(look if n < 3 else look[kept])
    assert torch.equal(cut.values, all_along.values[kept])


def test_scores_are_0_before_the_first_look():
    assert torch.equal(Scores(2, 1, 0.1, torch.zeros(1)).values, torch.zeros(2, 1))
