"""From columns of the user to gates of the engine, and back.

A column that cannot be chosen (it does not vary) has no gate in the engine. Groups of
columns share one. How many columns the user wants is turned into a number here, and
refused here when it cannot be had.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._encoding import TableEncoding, column_groups, column_mask
from ..exceptions import ParameterError

__all__ = ["Gates", "lay_gates", "wanted_columns"]


@dataclass(frozen=True, eq=False)
class Gates:
    """The gates in front of a table.

    Attributes
    ----------
    of_column : ndarray of shape (n_columns,)
        Gate of each column, -1 for a column without one.
    of_output : ndarray of shape (n_outputs,)
        Gate of each encoded column.
    sizes : ndarray of shape (n_gates,)
        Columns behind each gate.
    mandatory : ndarray of bool of shape (n_gates,)
        Gates that never close.
    kept : ndarray of bool of shape (n_columns,)
        Columns without a gate that are kept all the same, because the user says so.
    """

    of_column: NDArray[np.intp]
    of_output: NDArray[np.intp]
    sizes: NDArray[np.intp]
    mandatory: NDArray[np.bool_]
    kept: NDArray[np.bool_]

    def columns(self, is_open: NDArray) -> NDArray:
        """Spread open gates or shares (..., n_gates) to the columns they stand for."""
        behind = self.of_column >= 0
        return np.where(behind, is_open[..., self.of_column], self.kept)

    def wanted_gates(self, n_columns: int | None) -> int | None:
        """Turn a number of columns into one of gates, if each gate is one column."""
        if n_columns is None or (self.sizes > 1).any():
            return None
        return n_columns - int(self.kept.sum())

    def fewest_gates(self, n_columns: int) -> int:
        """Count the gates that hold so many columns whichever gates they are."""
        free = np.sort(self.sizes[~self.mandatory])
        held = self.n_mandatory + np.cumsum(free)
        more = 1 + int(np.searchsorted(held, n_columns))
        more = min(more, len(free)) if n_columns > self.n_mandatory else 0
        return int(self.mandatory.sum()) + more

    @property
    def n_mandatory(self) -> int:
        """Number of columns that every support has."""
        return int(self.sizes[self.mandatory].sum() + self.kept.sum())

    @property
    def n_selectable(self) -> int:
        """Number of columns of the largest support."""
        return int(self.sizes.sum() + self.kept.sum())


def lay_gates(
    encoding: TableEncoding,
    feature_groups: Any,
    mandatory_features: Any,
    names: Sequence[str] | None,
) -> Gates:
    """Put one gate in front of each group of columns.

    Parameters
    ----------
    encoding : TableEncoding
        Of the table.
    feature_groups, mandatory_features : object
        As the user gave them.
    names : sequence of str or None
        Of the columns.

    Returns
    -------
    gates : Gates
        Only groups with at least one column that varies have one.
    """
    n_columns = encoding.n_inputs
    group = column_groups(feature_groups, n_columns, names)
    always = column_mask(mandatory_features, n_columns, names, "mandatory_features")
    n_groups = group.max() + 1
    is_used = np.bincount(group, encoding.informative, minlength=n_groups) > 0
    is_mandatory = np.bincount(group, always, minlength=n_groups) > 0
    gate_of_group = np.where(is_used, np.cumsum(is_used) - 1, -1)
    of_column = gate_of_group[group]
    if not is_used.any():
        raise ValueError(
            "No column of X varies: each is constant or holds missing values only, so "
            "there is nothing to select from. Pass at least one column that varies."
        )
    return Gates(
        of_column,
        of_column[encoding.input_of_output],
        np.bincount(of_column[of_column >= 0]),
        is_mandatory[is_used],
        is_mandatory[group] & (of_column < 0),
    )


def wanted_columns(n_features_to_select: Any, gates: Gates) -> int | None:
    """Turn the wanted number or share of columns into a number; None for "auto"."""
    if isinstance(n_features_to_select, str):
        return None
    n_columns, n_selectable = len(gates.of_column), gates.n_selectable
    if isinstance(n_features_to_select, Integral):
        wanted = int(n_features_to_select)
        if wanted > n_selectable:
            constant = (
                f", of which {n_selectable} can be selected (the others do not vary)"
            )
            raise ParameterError(
                f"n_features_to_select={wanted} is more than there is: X has "
                f"n_features = {n_columns}{constant * (n_selectable < n_columns)}. "
                f"Ask for at most {n_selectable}, or for a share such as 0.5."
            )
    else:
        share = max(1, round(float(n_features_to_select) * n_columns))
        wanted = min(share, n_selectable)
    if wanted < gates.n_mandatory:
        raise ParameterError(
            f"n_features_to_select={n_features_to_select} gives {wanted} columns, but "
            f"mandatory_features keeps {gates.n_mandatory}. Ask for at least that "
            "many, or make fewer columns mandatory."
        )
    return wanted
