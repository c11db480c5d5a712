"""Laws of the memory that steps use again."""

import pytest
import torch

from sklearn_binmask._engine.arrays import Scratch

SHAPES = [(3,), (300, 300), (70, 10, 200), (2, 100_000)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_scratch_has_the_shape_asked_for_whatever_was_asked_before(shape, dtype):
    scratch, like = Scratch(), torch.zeros(1, dtype=dtype)
    for before in SHAPES:
        scratch("a", before, like)
        given = scratch("a", shape, like)
        assert given.shape == shape
        assert given.dtype == dtype
        assert given.is_contiguous()


def test_large_memory_is_used_again_and_that_of_another_name_is_left_alone():
    scratch, like = Scratch(), torch.zeros(1)
    one = scratch("one", (400, 400), like).fill_(1)
    scratch("other", (400, 400), like).fill_(2)
    assert bool((one == 1).all())
    smaller = scratch("one", (300, 300), like)
    assert smaller.data_ptr() == one.data_ptr()


def test_memory_let_go_of_is_not_touched():
    scratch, like = Scratch(), torch.zeros(1)
    kept = scratch("one", (400, 400), like).fill_(1)
    scratch.clear()
    scratch("one", (400, 400), like).fill_(2)
    assert bool((kept == 1).all())
