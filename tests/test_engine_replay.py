"""What a recorded step relies on: that what it reads stays, or is known to have gone.

Recordings themselves need a GPU: `tests/gpu`. Here, which memory a step touches.
"""

import numpy as np
import pytest
import torch
from test_engine_path import make_problem
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from sklearn_binmask._engine import drawn, replay
from sklearn_binmask._engine.problem import SolverConfig
from sklearn_binmask._engine.step import move
from sklearn_binmask._engine.training import Trainer


class Touched(TorchDispatchMode):
    """Notes the memory that operations read or write and none of them has made."""

    def __init__(self):
        super().__init__()
        self.places, self.made = set(), set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.places |= addresses((args, kwargs)) - self.made
        result = func(*args, **(kwargs or {}))
        self.made |= addresses(result)
        return result


def addresses(values):
    tensors = [v for v in tree_leaves(values) if isinstance(v, torch.Tensor)]
    return {tensor.untyped_storage().data_ptr() for tensor in tensors}


def touched(trainer, numbers, judges):
    with Touched() as notes:
        move(trainer, numbers, 0.01, judges, True)
    return notes.places


def make_trainer(granularity, batch_size):
    config = SolverConfig((6,), batch_size=batch_size, granularity=granularity)
    trainer = Trainer(make_problem(0, n_runs=1), config)
    for _ in range(3):
        trainer.step(0.01, judge=True)
    return trainer


def closings(trainer, n_closed):
    """Close more and more gates, some of each kind, and let one open again."""
    for n in n_closed:
        is_open = torch.ones_like(trainer.is_open)
        is_open[torch.arange(n) * len(is_open) // max(n_closed)] = False
        yield is_open


@pytest.mark.parametrize("judges", [True, False])
@pytest.mark.parametrize("batch_size", [32, 1000])
@pytest.mark.parametrize("spare", [np.inf, 1.2])
@pytest.mark.parametrize(
    "granularity",
    [("features",), ("units",), ("weights",), ("features", "units", "weights")],
)
def test_a_step_reads_nothing_else_unless_it_is_told(
    granularity, spare, batch_size, judges
):
    if granularity[-1] != "features":
        spare = np.inf  # where all gates are in front of columns, these are dropped
    trainer = make_trainer(granularity, batch_size)
    numbers = next(trainer.drawing.numbers)
    known, before = trainer.read_by_steps(), touched(trainer, numbers, judges)
    assert len(before) > 5
    for is_open in closings(trainer, (2, 3, 4, 3)):
        trainer.open_only(is_open, spare)
        reads, now = trainer.read_by_steps(), touched(trainer, numbers, judges)
        same = all(a is b for a, b in zip(reads, known, strict=True))
        assert now == before or not same
        known, before = reads, now


@pytest.mark.parametrize("batch_size", [32, 1000])
def test_other_rows_are_known_to_be_others(batch_size):
    trainer = make_trainer(("units",), batch_size)
    known = trainer.read_by_steps()
    before = touched(trainer, next(trainer.drawing.numbers), judges=True)
    trainer.train_on_all_rows()
    reads = trainer.read_by_steps()
    assert touched(trainer, next(trainer.drawing.numbers), judges=True) != before
    assert not all(a is b for a, b in zip(reads, known, strict=True))


@pytest.mark.parametrize("granularity", ["features", "units", "weights"])
def test_a_closing_that_drops_nothing_replaces_nothing(granularity):
    trainer = make_trainer((granularity,), 32)
    closing = closings(trainer, (2, 3, 4, 3))
    trainer.open_only(next(closing), np.inf)
    known = trainer.read_by_steps()
    for is_open in closing:
        trainer.open_only(is_open, np.inf)
        reads = trainer.read_by_steps()
        assert all(a is b for a, b in zip(reads, known, strict=True))


def test_what_the_caller_says_of_gates_is_left_alone():
    trainer = make_trainer(("units",), 32)
    tables = [torch.rand_like(trainer.half_sign) for _ in range(3)]
    copies = [table.clone() for table in tables]
    for table in tables:
        trainer.gates.set(table)
    for table, copy in zip(tables, copies, strict=True):
        assert torch.equal(table, copy)


def test_a_processor_is_asked_step_by_step_whatever_was_before():
    trainer = make_trainer(("features",), 32)
    assert replay.steps_of(trainer) is move
    assert replay.steps_of(trainer, object.__new__(replay._Replays)) is move


class Numbers:
    """Encoded rows that are drawn."""

    def __init__(self, values):
        self.values, self.shape, self.asked = values, values.shape, []

    def __len__(self):
        return len(self.values)

    def draw(self, rows):
        self.asked.append(self.values[rows].size)
        return self.values[rows]

    def toarray(self):
        return self.draw(slice(None))


@pytest.mark.parametrize("n_rows", [40, 41, 100])
def test_a_device_with_memory_of_its_own_is_filled_bit_by_bit(n_rows, monkeypatch):
    values = np.random.default_rng(0).normal(size=(n_rows, 7)).astype(np.float32)
    monkeypatch.setattr(drawn, "_MOST_HELD", 70)
    args = torch.float32, "cpu"
    assert isinstance(drawn.DrawnRows.load(Numbers(values), *args), drawn.DrawnRows)
    monkeypatch.setattr(drawn, "has_own_memory", lambda device: True)
    numbers = Numbers(values)
    held = drawn.DrawnRows.load(numbers, *args)
    np.testing.assert_array_equal(held.numpy(), values)
    assert max(numbers.asked) <= 70
    monkeypatch.setattr(drawn, "_MOST_HELD_APART", values.size - 1)
    assert isinstance(drawn.DrawnRows.load(numbers, *args), drawn.DrawnRows)
