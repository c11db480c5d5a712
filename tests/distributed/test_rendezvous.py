"""A group for the length of a fit, which leaves a process as it was."""

import os
import sys

import pytest
import torch.distributed as dist

from sklearn_binmask._engine.rendezvous import join_group, open_store
from sklearn_binmask.exceptions import DistributedError

NAME = "GLOO_SOCKET_IFNAME"


def group(interface):
    """Be a group of one."""
    store, port = open_store("127.0.0.1", 10.0)
    return store, join_group(
        ("127.0.0.1", port), 0, 1, interface=interface, timeout=10.0
    )


@pytest.mark.parametrize("before", [None, "eth7"])
@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_a_group_leaves_nothing_behind(before, error, monkeypatch):
    monkeypatch.delenv(NAME, raising=False)
    if before:
        monkeypatch.setenv(NAME, before)
    hook = sys.excepthook
    _store, joined = group("lo")
    try:
        with joined:
            assert os.environ[NAME] == "lo" and dist.is_initialized()
            if error:
                raise error
    except KeyboardInterrupt:
        assert error
    assert os.environ.get(NAME) == before
    assert sys.excepthook is hook
    assert not dist.is_initialized()


def test_a_process_is_in_one_group_at_a_time():
    _store, joined = group("lo")
    with joined:
        _other, again = group("lo")
        with pytest.raises(DistributedError, match="in a group of"):
            again.__enter__()
        assert dist.is_initialized()
    assert not dist.is_initialized()


def test_a_group_that_cannot_be_joined_leaves_nothing_behind(monkeypatch):
    """Nobody listens there."""
    monkeypatch.delenv(NAME, raising=False)
    hook = sys.excepthook
    joined = join_group(("127.0.0.1", 1), 0, 2, interface="lo", timeout=1.0)
    with pytest.raises(RuntimeError), joined:
        pass
    assert NAME not in os.environ
    assert sys.excepthook is hook
    assert not dist.is_initialized()
