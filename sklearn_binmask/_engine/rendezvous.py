"""A process group for the length of a fit, where nobody else has made one.

Addresses are exchanged over a store that the first process keeps. It listens on one
address only, unlike the store that `torch.distributed` makes by itself.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch.distributed as dist

from ..exceptions import DistributedError

__all__ = ["join_group", "open_store"]

_INTERFACE = "GLOO_SOCKET_IFNAME"


def open_store(host: str, timeout: float) -> tuple[Any, int]:
    """Open a store, at a port that is free.

    Parameters
    ----------
    host : str
        Address to listen on, of this machine.
    timeout : float
        Seconds that others wait for what is not there yet.

    Returns
    -------
    store : TCPStore
        Open as long as it is referred to.
    port : int
        Where it listens.
    """
    with socket.create_server((host, 0)) as listener:
        port = int(listener.getsockname()[1])
        store = dist.TCPStore(
            host,
            port,
            is_master=True,
            wait_for_workers=False,
            timeout=timedelta(seconds=timeout),
            master_listen_fd=os.dup(listener.fileno()),
        )
    return store, port


@contextmanager
def join_group(
    address: tuple[str, int], rank: int, size: int, *, interface: str, timeout: float
) -> Iterator[None]:
    """Be one of the processes of a group, and leave it whatever happens.

    Parameters
    ----------
    address : tuple of str and int
        Host and port of the store.
    rank, size : int
        Number of this process, and how many there are.
    interface : str
        Name of the network interface to talk over.
    timeout : float
        Seconds to wait for another process.
    """
    if dist.is_initialized():
        raise DistributedError(
            "This process is in a group of torch.distributed already, and can be in "
            "one at a time. Wait until the other fit has ended, or leave that group."
        )
    before, hook = os.environ.get(_INTERFACE), sys.excepthook
    os.environ[_INTERFACE] = interface
    wait = timedelta(seconds=timeout)
    try:
        store = dist.TCPStore(*address, wait_for_workers=False, timeout=wait)
        dist.init_process_group(
            "gloo", store=store, rank=rank, world_size=size, timeout=wait
        )
        yield
    finally:
        if before is None:
            del os.environ[_INTERFACE]
        else:
            os.environ[_INTERFACE] = before
        if dist.is_initialized():
            dist.destroy_process_group()
        sys.excepthook = hook  # torch puts one of its own around it, and leaves it
