"""Laws of the sizes that a path visits."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_binmask._path.grid import path_sizes

quickly = settings(max_examples=200, deadline=None)
n_gates_and_mandatory = st.integers(0, 3000).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n))
)


@given(n_gates_and_mandatory)
@quickly
def test_sizes_decrease_to_the_mandatory_gates(numbers):
    n_gates, n_mandatory = numbers
    sizes = [n_gates, *path_sizes(n_gates, n_mandatory)]
    assert all(larger > smaller for larger, smaller in pairwise(sizes))
    assert sizes[-1] == n_mandatory


@given(n_gates_and_mandatory)
@quickly
def test_a_stage_closes_few_gates_and_one_where_each_one_counts(numbers):
    sizes = [numbers[0], *path_sizes(*numbers)]
    for larger, smaller in pairwise(sizes):
        share = 0.5 if larger > 256 else 0.15
        assert larger - smaller == 1 or larger - smaller <= share * larger
    visited = set(range(numbers[1], min(20, numbers[0]) + 1))
    assert visited <= set(sizes)


@given(n_gates_and_mandatory, st.data())
@quickly
def test_sizes_end_at_the_wanted_one_which_comes_several_times(numbers, data):
    n_gates, n_mandatory = numbers
    wanted = data.draw(st.integers(n_mandatory, n_gates))
    sizes = path_sizes(n_gates, n_mandatory, wanted)
    assert [n_gates, *sizes][-1] == wanted
    assert sizes.count(wanted) == (3 if wanted < n_gates else 0)
    before = [n_gates, *sizes[: -3 if wanted < n_gates else None]]
    whole = [n_gates, *path_sizes(n_gates, n_mandatory)]
    assert before == [size for size in whole if size > min(wanted, n_gates - 1)]


@pytest.mark.parametrize("n_gates", [0, 1, 30])
def test_nothing_can_close_if_all_gates_are_mandatory(n_gates):
    assert path_sizes(n_gates, n_gates) == []


def test_a_path_of_ten_thousand_gates_is_short():
    assert len(path_sizes(10_000, 0)) < 100
