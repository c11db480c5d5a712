"""Which numbers of open gates a path visits."""

from .._engine.schedules import MANY_GATES

__all__ = ["path_sizes"]

# A stage closes this share of the open gates, the first ones of many...
_OF_MANY = 0.5
_CLOSING_SHARE = 0.15
# ... and one gate at a time from here on, where each one counts.
_ONE_BY_ONE = 20
# Stages at a wanted size: gates may still change places there, and the held-out loss
# chooses among the supports seen.
_STAGES_AT_WANTED = 3


def path_sizes(n_gates: int, n_mandatory: int, wanted: int | None = None) -> list[int]:
    """List the sizes after the first point, where all gates are open.

    Parameters
    ----------
    n_gates : int
        Gates that can be open.
    n_mandatory : int
        Gates that never close; the last size.
    wanted : int, default=None
        The size to end at; by default, that of the mandatory gates.

    Returns
    -------
    sizes : list of int
        Decreasing, but for the wanted one, which comes several times.

    Examples
    --------
    >>> from sklearn_binmask._path.grid import path_sizes
    >>> path_sizes(6, 1, wanted=4)
    [5, 4, 4, 4]
    >>> path_sizes(6, 1)
    [5, 4, 3, 2, 1]
    """
    sizes: list[int] = []
    size = n_gates
    last = n_mandatory if wanted is None else wanted
    while size > last:
        share = _OF_MANY if size > MANY_GATES else _CLOSING_SHARE
        step = max(1, int(share * size)) if size > _ONE_BY_ONE else 1
        smaller = max(size - step, last)
        if size > _ONE_BY_ONE:
            smaller = max(smaller, min(_ONE_BY_ONE, size - 1), last)
        repeats = _STAGES_AT_WANTED if smaller == wanted else 1
        sizes += [smaller] * repeats
        size = smaller
    return sizes
