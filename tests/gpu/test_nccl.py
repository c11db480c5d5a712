"""Processes that share a fit on GPUs sum over nccl: here one, with itself."""

from datetime import timedelta

import numpy as np
import planted
import pytest
import torch
import torch.distributed as dist

from sklearn_binmask import BinMaskSelector
from sklearn_binmask._engine.process_group import Together

if not (torch.cuda.is_available() and dist.is_nccl_available()):
    pytest.skip("there is no GPU, or no nccl", allow_module_level=True)


@pytest.fixture(params=["nccl", "cpu:gloo,cuda:nccl", "gloo"])
def group(request, tmp_path):
    store = dist.FileStore(str(tmp_path / "store"), 1)
    minute = timedelta(seconds=60)
    dist.init_process_group(
        request.param, store=store, rank=0, world_size=1, timeout=minute
    )
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("group")
def test_what_is_summed_and_followed_stays_on_the_gpu():
    with Together() as all_of_us:
        numbers = torch.arange(6.0, device="cuda").view(2, 3)
        expected = numbers.clone()
        all_of_us.sum_(numbers)
        all_of_us.follow_first_(numbers)
        joined = all_of_us.join_rows(numbers, 1)
        assert numbers.is_cuda and joined.is_cuda
        torch.testing.assert_close(numbers, expected)
        torch.testing.assert_close(joined, expected)


@pytest.mark.usefixtures("group")
def test_a_shared_fit_on_a_gpu_is_that_of_one_process(monkeypatch):
    X, y = planted.easy(300)
    params = {"n_features_to_select": 2, "random_state": 0, "device": "cuda"}
    alone = BinMaskSelector(**params, distributed=None).fit(X, y)
    monkeypatch.setattr("sklearn_binmask.selector.find_agreement", lambda _: Together())
    shared = BinMaskSelector(**params, distributed="auto").fit(X, y)
    np.testing.assert_array_equal(shared.support_, alone.support_)
    np.testing.assert_allclose(
        shared.predict_proba(X), alone.predict_proba(X), atol=1e-6
    )
