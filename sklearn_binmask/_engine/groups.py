"""Groups of networks that read the same rows."""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Groups", "find_groups"]

# Share of the rows that a run uses, on average, under which it is given its own.
_SPARSE_USE = 0.75
# Units of a group, of all its networks together, from which a product with its own rows
# saves more time than it takes to gather these.
_LEAST_UNITS = 64


@dataclass(frozen=True, eq=False)
class Groups:
    """As many networks each, side by side; those of a run follow each other.

    Attributes
    ----------
    rows : list of Tensor
        Rows of each group.
    partners : list of int or None
        For each group, the one that trains on what it judges; None if a group trains
        and judges on the same rows.
    """

    rows: list[Tensor]
    partners: list[int] | None


def find_groups(
    trains: Tensor, judges: Tensor, n_runs: int, n_units: int
) -> Groups | None:
    """Find groups, where it is worth it that they have rows of their own.

    Parameters
    ----------
    trains, judges : Tensor of shape (n_rows, n_networks)
        Weights of the rows, 0 for those that a network does not use.
    n_runs : int
        Runs, of as many networks each.
    n_units : int
        Of the first hidden layer of a network.

    Returns
    -------
    groups : Groups or None
        None if all networks do best to read the same batch.
    """
    trains, judges = trains > 0, judges > 0
    halves = _find_halves(trains, judges, n_runs)
    if halves is not None:
        n_together = trains.shape[1] // len(halves.rows)
        if n_together * n_units >= _LEAST_UNITS:
            return halves
    if n_runs == 1:
        return None
    used = (trains | judges).view(len(trains), n_runs, -1).any(2)
    if float(used.float().mean()) >= _SPARSE_USE:
        return None
    return Groups([torch.nonzero(column)[:, 0] for column in used.t()], None)


def _find_halves(trains: Tensor, judges: Tensor, n_runs: int) -> Groups | None:
    """Find groups that train on what a partner judges, and judge what it trains on."""
    n_networks = trains.shape[1]
    new = torch.zeros(n_networks, dtype=torch.bool)
    for role in (trains, judges):
        new[1:] |= (role[:, 1:] != role[:, :-1]).any(0).cpu()
    new[:: n_networks // n_runs] = True
    starts = torch.nonzero(new)[:, 0]
    widths = torch.diff(starts, append=torch.tensor([n_networks]))
    if len(widths) % (2 * n_runs) or not bool((widths == widths[0]).all()):
        return None
    # partners are neighbours; column by column, as the tables may be long
    columns = starts.tolist()
    partners = [place ^ 1 for place in range(len(columns))]
    for own, partner in enumerate(partners):
        own_rows, judged = trains[:, columns[own]], judges[:, columns[own]]
        is_swapped = torch.equal(judged, trains[:, columns[partner]])
        if not is_swapped or bool((own_rows & judged).any()) or not own_rows.any():
            return None
    return Groups([torch.nonzero(trains[:, c])[:, 0] for c in columns], partners)
