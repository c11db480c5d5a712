"""What goes into the engine and what comes out: frozen records of numpy arrays.

A *run* is one path with its own gates. Inside a run, a *committee* of small networks
shares the gates: each member trains its weights on the rows that it is given, and
judges the gates on rows that it has not trained on. So there are three roles of a row,
each an array of shape (n_rows, n_runs, n_members)::

    trains      the weights of the member learn from the row
    judges      the member says on the row what each gate is worth
    evaluates   the member takes part in the prediction that is scored on the row
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .agreement import ALONE, Agreement

__all__ = [
    "LEAST_TO_ASK",
    "Comparison",
    "MaskedNetwork",
    "Network",
    "PathSolution",
    "PointRecord",
    "Problem",
    "Roles",
    "Size",
    "SolverConfig",
    "StopReason",
]

# Rows without which no column is asked again: the cells of two are as good as empty.
LEAST_TO_ASK = 512

Numbers = NDArray[np.intp]


class StopReason(Enum):
    """Why a training ended; the value is what the user reads."""

    PATH_COMPLETE = "the path was followed to its end"
    NO_IMPROVEMENT = "the loss on held-out rows stopped improving"
    NOTHING_LEFT = "the rows that train are told apart; only confidence would grow"
    MAX_ITER = "max_iter passes over the rows were made"
    PASS_COMPLETE = "one pass over the rows was made"
    CALLBACK = "a callback asked to stop"
    INTERRUPT = "it was interrupted; this is the best state before"

    def __reduce__(self) -> tuple[type["StopReason"], tuple[str]]:
        """Say how to make it again, for savers that do not know enumerations."""
        return StopReason, (self.value,)


@dataclass(frozen=True, eq=False)
class Roles:
    """What each member does with each row.

    Attributes
    ----------
    trains, judges, evaluates : ndarray of bool of shape (n_rows, n_runs, n_members)
        See the head of this file. The first two may also be small numbers: how many
        times a row is there.
    effective_rows : ndarray of shape (n_runs,)
        Rows that a mean over the evaluated ones is worth, for its standard error.
    stretches : ndarray of bool of shape (n_rows, n_runs, n_members), default=None
        Rows, and members that predict them, which say by how much outputs are
        stretched before they are compared; by default those evaluated.
    clusters : ndarray of int of shape (n_rows,), default=None
        Rows of one number tell little more than one of them; by default,
        `effective_rows` says it all.
    """

    trains: NDArray[np.bool_ | np.uint8]
    judges: NDArray[np.bool_ | np.uint8]
    evaluates: NDArray[np.bool_]
    effective_rows: NDArray[np.float64]
    stretches: NDArray[np.bool_] | None = None
    clusters: NDArray[np.intp] | None = None

    def of(self, rows: slice) -> "Roles":
        """Take some of the rows; the means are still over all of them."""
        stretches = None if self.stretches is None else self.stretches[rows]
        clusters = None if self.clusters is None else self.clusters[rows]
        return Roles(
            self.trains[rows],
            self.judges[rows],
            self.evaluates[rows],
            self.effective_rows,
            stretches,
            clusters,
        )


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows, targets and gates; where several processes train, rows of this one.

    Attributes
    ----------
    inputs : ndarray of shape (n_rows, n_inputs)
        Encoded columns, finite, about unit scale. Or what is indexed and multiplied
        like one, and says by ``held_as`` which row of `inputs.HELD_AS` reads it.
    targets : ndarray of shape (n_rows, n_outputs)
        As the loss wants them.
    row_weights : ndarray of shape (n_rows,)
        Positive; their mean, over all processes, is 1.
    gate_of_input : ndarray of shape (n_inputs,)
        Gate in front of each encoded column.
    n_gates : int
        Number of gates.
    mandatory : ndarray of bool of shape (n_gates,)
        Gates that never close.
    loss : str
        Row of `losses.LOSSES`.
    roles : Roles
        What each member does with each row.
    finer : callable, default=None
        From numbers of gates that are left, and of others beside them, to other inputs
        of the same rows that tell more of what is behind all these gates, and the gate
        in front of each; None where there are none, or too many gates are left.
    bins : callable, default=None
        From numbers of gates, increasing, and of rows to the bin, of `n_bins`, in which
        each of these rows is in each column behind these gates, (n_rows, n_columns),
        and the gate in front of each column.
    n_bins, n_asked : int, default=0
        Bins of a column, and how many columns may be asked again, once they have
        closed, by what they tell beside those that are left, or alone.
    """

    inputs: Any
    targets: NDArray
    row_weights: NDArray[np.float64]
    gate_of_input: NDArray[np.intp]
    n_gates: int
    mandatory: NDArray[np.bool_]
    loss: str
    roles: Roles
    finer: Callable[[Numbers, Numbers], tuple[Any, Numbers] | None] | None = None
    bins: Callable[[Numbers, Numbers], tuple[NDArray[np.uint8], Numbers]] | None = None
    n_bins: int = 0
    n_asked: int = 0


@dataclass(frozen=True)
class SolverConfig:
    """How to train.

    Attributes
    ----------
    hidden_layer_sizes : tuple of int
        Units of each hidden layer of each member.
    activation : str
        Row of `networks.ACTIVATIONS`.
    granularity : tuple of str
        Rows of `granularity.GRANULARITIES`.
    alpha : float
        Weight decay: each step shrinks weights by ``learning_rate * alpha``, the
        learning rate being that of the start.
    batch_size : int
        Rows per step.
    learning_rate : float
        Step of Adam for the weights at the start; the schedule lowers it.
    mask_learning_rate : float
        Share of a score that one batch replaces.
    curvature : bool
        Whether the worth of a gate counts the curvature of the loss.
    pairs, triples : bool
        Whether units start at two, or three, columns whose product tells of the target.
    interplay : bool
        Whether closed gates are asked again, and units start, at what pairs of the last
        columns tell together.
    recall : bool
        Whether, where rows are few, gates come back by what each alone would tell.
    max_steps : int
        Most steps of a training with all gates fixed.
    exact : bool
        Small problem: float64, and no random draw inside a step, so that the outcome
        does not depend on the order of the rows beyond rounding.
    device : str
        torch device.
    seed : int
        Of every random draw.
    agreement : Agreement
        Among the processes that train, each on rows of its own; the others of these
        parameters are the same for all of them.
    """

    hidden_layer_sizes: tuple[int, ...] = (16,)
    activation: str = "relu"
    granularity: tuple[str, ...] = ("features",)
    alpha: float = 0.5
    batch_size: int = 128
    learning_rate: float = 1e-2
    mask_learning_rate: float = 0.03
    curvature: bool = True
    pairs: bool = True
    triples: bool = True
    interplay: bool = True
    recall: bool = True
    max_steps: int = 2000
    exact: bool = False
    device: str = "cpu"
    seed: int = 0
    agreement: Agreement = ALONE


@dataclass(frozen=True, eq=False)
class PathSolution:
    """The points of the path of each run, from all gates open to none.

    Attributes
    ----------
    n_open : ndarray of shape (n_points,)
        Open gates of a point; decreasing, a number may come more than once.
    penalty : ndarray of shape (n_points, n_runs)
        Price up to which the support of the point is kept; never decreases.
    train_loss, validation_loss, validation_se : ndarray of shape (n_points, n_runs)
        Mean loss on rows trained on; on rows evaluated, of outputs stretched to their
        best; and the standard error of the latter.
    gain, gain_se : ndarray of shape (n_points, n_runs)
        Loss of the constant prediction less the loss, on rows evaluated, row by row;
        and the standard error of that mean.
    open_gates : ndarray of bool of shape (n_points, n_runs, n_gates)
        The support, gate by gate.
    worth : ndarray of shape (n_points, n_runs, n_gates)
        Score of each gate, NaN where the gate has been dropped.
    excess_se : ndarray of shape (n_points, n_runs)
        Standard error of the difference to the loss of the run's best point, row by
        row.
    n_steps : int
        Training steps taken.
    stop_reason : StopReason
        Why the path ended.
    """

    n_open: NDArray[np.intp]
    penalty: NDArray[np.float64]
    train_loss: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    validation_se: NDArray[np.float64]
    gain: NDArray[np.float64]
    gain_se: NDArray[np.float64]
    open_gates: NDArray[np.bool_]
    worth: NDArray[np.float64]
    excess_se: NDArray[np.float64]
    n_steps: int
    stop_reason: StopReason


@dataclass(frozen=True, eq=False)
class Comparison:
    """What networks make of several supports when each has been trained for a while.

    Attributes
    ----------
    losses : ndarray of shape (n_supports,)
        Mean loss on rows evaluated, of outputs stretched to their best.
    excess_se : ndarray of shape (n_supports,)
        Standard error of the difference to the least loss, row by row.
    gain : float
        Loss of the constant prediction less the least loss.
    n_steps : int
        Training steps taken.
    row_losses : ndarray of shape (n_supports, n_folds, n_evaluated)
        Loss of each row that some fold evaluates; those of other folds mean nothing.
    """

    losses: NDArray[np.float64]
    excess_se: NDArray[np.float64]
    gain: float
    n_steps: int
    row_losses: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Network:
    """A trained committee, ready to predict with numpy alone.

    Attributes
    ----------
    coefs : tuple of ndarray of shape (n_members, n_in, n_out)
        Weights of each layer.
    intercepts : tuple of ndarray of shape (n_members, 1, n_out)
        Biases of each layer.
    activation : str
        Row of `networks.ACTIVATIONS`.
    loss : str
        Row of `losses.LOSSES` it was trained for.
    loss_curve : ndarray of shape (n_checks,)
        Training loss at each check.
    validation_curve : ndarray of shape (n_checks,)
        Loss on held-out rows at each check.
    n_steps : int
        Training steps taken.
    stop_reason : StopReason
        Why the training ended.
    """

    coefs: tuple[NDArray[np.float64], ...]
    intercepts: tuple[NDArray[np.float64], ...]
    activation: str
    loss: str
    loss_curve: NDArray[np.float64]
    validation_curve: NDArray[np.float64]
    n_steps: int
    stop_reason: StopReason

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Refuse sparse weights that point outside; products do not look, and crash."""
        for weights in state["coefs"]:
            if hasattr(weights, "check_format"):
                weights.check_format(full_check=True)
        self.__dict__.update(state)


@dataclass(frozen=True, eq=False)
class PointRecord:
    """A point of a path while the path is there; nothing of it is kept.

    Attributes
    ----------
    row_losses : ndarray of shape (n_runs, n_evaluated)
        Loss of the committee of each run, its outputs stretched, on each row that is
        evaluated in any run.
    open_gates : ndarray of bool of shape (n_runs, n_gates)
        The support of each run.
    committee : callable
        From the number of a run to its `Network` on the encoded columns that are open,
        outputs stretched; made when it is asked for, as it may be large.
    is_fine : bool
        Whether these are encoded columns of the `finer` inputs of the problem.
    """

    row_losses: NDArray[np.float64]
    open_gates: NDArray[np.bool_]
    committee: Callable[[int], Network]
    is_fine: bool


@dataclass(frozen=True)
class Size:
    """What says how many gates a masked network keeps open; nothing for "auto".

    Attributes
    ----------
    sparsity : float, default=None
        Share to close: of the weights if there are gates on weights, else of the gates.
    n_features : int, default=None
        Number of feature gates to keep open.
    price : float, default=None
        Of one open gate, in units of the mean loss; 0 leaves all open.
    """

    sparsity: float | None = None
    n_features: int | None = None
    price: float | None = None

    @property
    def is_auto(self) -> bool:
        """Whether held-out rows decide."""
        return self.sparsity is None and self.n_features is None and self.price is None


@dataclass(frozen=True, eq=False)
class MaskedNetwork:
    """A trained network some of whose gates are closed.

    Attributes
    ----------
    network : Network
        Of one member; a weight behind a closed gate is 0.
    masks : tuple of ndarray of bool of shape (n_in, n_out)
        Which weights of each layer are open.
    open_gates : dict of str to ndarray of bool
        By granularity: features in the order of the problem's gates, units and weights
        layer after layer.
    penalty, n_open, n_weights, train_loss, validation_loss : ndarray of (n_points,)
        The path: price up to which a point's support is kept, open gates, open weights,
        mean losses.
    feature_gates : ndarray of bool of shape (n_points, n_gates)
        Open feature gates at each point; all of them where features have no gates.
    point : int
        The point of the path that was trained on.
    """

    network: Network
    masks: tuple[NDArray[np.bool_], ...]
    open_gates: dict[str, NDArray[np.bool_]]
    penalty: NDArray[np.float64]
    n_open: NDArray[np.intp]
    n_weights: NDArray[np.intp]
    train_loss: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    feature_gates: NDArray[np.bool_]
    point: int
