"""One thread while products are small: two make a step several times slower."""

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController

__all__ = ["one_thread"]


@cache
def _controller() -> ThreadpoolController:
    # looking for the loaded libraries takes milliseconds, using the list microseconds
    return ThreadpoolController()


def one_thread() -> AbstractContextManager:
    """Limit the pool that torch uses, for the length of a ``with``."""
    return _controller().limit(limits=1, user_api="openmp")
