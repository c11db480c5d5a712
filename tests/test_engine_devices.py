"""A device is found, or refused before anything is trained."""

import numpy as np
import pytest
import torch
from estimators import X, Y, assert_says, quick, says

from sklearn_binmask._engine.devices import find_device
from sklearn_binmask.exceptions import ParameterError


def test_auto_is_a_device_that_computes():
    tensor = torch.arange(3.0, device=find_device("auto"))  # a GPU, if there is one
    np.testing.assert_array_equal((2 * tensor).cpu(), [0, 2, 4])


@pytest.mark.parametrize("device", ["cpu:0", torch.zeros(1).device.type])
@pytest.mark.parametrize("name", ["classifier", "selector"])
def test_another_name_of_the_same_device_says_the_same(name, device):
    expected = says(quick(name).fit(X, Y))
    assert_says(quick(name, device=device).fit(X, Y), expected)


@pytest.mark.parametrize("device", ["meta", "meteor", "cuda:99"])
def test_what_holds_no_numbers_is_refused(device):
    """Tensors can be made on "meta", but nothing is in them."""
    with pytest.raises(ParameterError, match="device"):
        quick("classifier", device=device).fit(X, Y)
