"""The optimizer against torch's own Adam."""

import numpy as np
import pytest
import torch

from sklearn_binmask._engine.optimizers import Adam

RATES = [0.1] * 10 + [0.03] * 10


def gradients(seed, n=12):
    """Of all sizes, some near epsilon, and one that is 0 at every other step."""
    rng = np.random.default_rng(seed)
    scale = np.logspace(-9, 2, n)
    drawn = rng.normal(size=(len(RATES), n)) * scale
    drawn[::2, n // 2] = 0.0
    return torch.from_numpy(drawn)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_against_torch(seed):
    start = torch.linspace(-1, 1, 12).double()
    expected = start.clone().requires_grad_()
    reference = torch.optim.Adam([expected], lr=1.0)
    ours, adam = start.clone(), Adam(start)
    for gradient, rate in zip(gradients(seed), RATES, strict=True):
        reference.param_groups[0]["lr"] = rate
        expected.grad = gradient.clone()
        reference.step()
        adam.step(ours, gradient, rate)
        torch.testing.assert_close(ours, expected.detach(), rtol=0, atol=1e-12)


def test_moments_carried_over_to_fewer_parameters():
    # dropping parameters half-way is the same as never having had them
    kept = torch.tensor([0, 3, 4, 11])
    ours, alone = torch.zeros(12).double(), torch.zeros(4).double()
    adam, adam_alone = Adam(ours), Adam(alone)
    for step, gradient in enumerate(gradients(0)):
        if step == 7:
            ours = ours[kept]
            adam.replace(adam.first[kept], adam.second[kept])
        adam.step(ours, gradient if step < 7 else gradient[kept], 0.1)
        adam_alone.step(alone, gradient[kept], 0.1)
    torch.testing.assert_close(ours, alone, rtol=0, atol=1e-14)


def test_flush_leaves_no_denormal_number_and_every_other_as_it_is():
    adam = Adam(torch.zeros(6))
    values = torch.tensor([0.0, 1e-40, -1e-40, 1e-20, -1e-20, 1.0])
    adam.replace(values.clone(), values.abs())
    adam.flush()
    flushed = torch.tensor([0.0, 0.0, 0.0, 1e-20, -1e-20, 1.0])
    assert torch.equal(adam.first, flushed)
    assert torch.equal(adam.second, flushed.abs())
