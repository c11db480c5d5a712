"""How long to train before, between and after the closing of gates.

The figures were chosen on planted problems (see ``docs/method.md``); they are the same
for every table.
"""

from dataclasses import dataclass, field
from typing import Self

__all__ = ["FINAL", "MANY_GATES", "Schedule", "SparseSchedule", "effort"]

# Outputs up to which the effort is 1, and 2; beyond, it is 4.
_FEW_OUTPUTS, _SOME_OUTPUTS = 4, 8
# Gates beyond which the first stages of a path close half of them.
MANY_GATES = 256
# Smaller steps take more of them, but not more than so many times as many.
_MOST_SLOWNESS = 2.0


def effort(n_outputs: int) -> int:
    """Say how many times as wide, and as long trained, networks of a path are.

    Many outputs do not fit through a layer of few units, and each closing upsets them
    all.
    """
    if n_outputs <= _FEW_OUTPUTS:
        return 1
    return 2 if n_outputs <= _SOME_OUTPUTS else 4


@dataclass(frozen=True)
class Schedule:
    """Numbers of steps and step sizes of a path.

    Attributes
    ----------
    warm_up_max, warm_up_min : int
        Steps with all gates open, before any is judged.
    learned : float
        The warm-up ends when the training loss falls under this share of the loss of
        a constant: the networks then fit something, be it signal or noise.
    listen, listen_many : int
        Steps in which the gates are judged before the first one closes, and where they
        are many: which of them are in the better half is soon known.
    listen_recalled : int
        Those where there are a few more gates than are wanted.
    stage_min, stage_max, stage_work : int
        Steps between two closings: ``stage_work / n_open`` within these bounds.
    spare : float
        A closed gate stays in the network, and may open again, until the open ones
        are fewer than those still there by this factor.
    check_every, patience : int
        Training with fixed gates: steps between two looks at the held-out loss, and
        looks without improvement before the learning rate falls.
    tol : float
        Least relative fall of the held-out loss that counts as an improvement.
    anneal : float
        Factor by which it falls; on a path it falls once, after the warm-up.
    anneals : int
        How many times, before the training ends.
    average : float
        Looks over which weights are averaged in such a training; 0 for none.
    told_apart : float
        It ends where the training loss of classes has fallen under this share of the
        loss of a constant: networks that have learned their rows by heart only become
        surer of what they say of others.
    """

    warm_up_max: int = 1000
    warm_up_min: int = 10
    learned: float = 0.5
    listen: int = 50
    listen_many: int = 10
    listen_recalled: int = 20
    stage_min: int = 10
    stage_max: int = 20
    stage_work: int = 200
    spare: float = 1.4
    check_every: int = 32
    patience: int = 4
    tol: float = 0.003
    anneal: float = 0.3
    anneals: int = 1
    average: float = 0.0
    told_apart: float = 0.0

    @classmethod
    def for_outputs(cls, n_outputs: int) -> Self:
        """Take the time that so many outputs need."""
        usual, more = cls(), effort(n_outputs)
        return cls(
            learned=usual.learned / more,
            listen_many=usual.listen_many * more,
            stage_min=usual.stage_min * more,
            stage_max=usual.stage_max * more,
            stage_work=usual.stage_work * more,
        )

    def warm_up_steps(self, slowness: float) -> int:
        """Count the least steps of a warm-up, if steps are smaller by some factor."""
        return round(self.warm_up_min * min(slowness, _MOST_SLOWNESS))

    def listen_steps(self, n_gates: int, slowness: float) -> int:
        """Count the steps in which so many gates are judged before one closes."""
        if n_gates <= MANY_GATES:
            return self.listen
        return round(self.listen_many * min(slowness, _MOST_SLOWNESS))

    def stage_steps(self, n_open: int) -> int:
        """Count the steps between two closings while `n_open` gates are open."""
        wanted = self.stage_work // max(1, n_open)
        return min(self.stage_max, max(self.stage_min, wanted))


# That of the final network. A mean of weights makes up for a learning rate that falls,
# in two thirds of the steps (docs/benchmarks/final_network.py).
FINAL = Schedule(patience=2, anneals=0, average=1.0, told_apart=0.003)


@dataclass(frozen=True)
class SparseSchedule:
    """Numbers of steps and step sizes of the training of a masked network.

    Attributes
    ----------
    looks : Schedule
        When to look at the held-out loss, and how long to wait, before gates close and
        after.
    path_rate : float
        Learning rate while gates close, as a share of the first one.
    listen : int
        Steps in which the gates are judged before the first one closes.
    stage_steps : int
        Steps between two closings.
    closing : float
        Share of what is open that a stage closes.
    patience : int
        Stages without a better held-out loss after which "auto" may give up.
    hopeless : float
        Share by which the loss must then be over the best.
    compared : int
        Points of the path, evenly spread, that "auto" trains on to compare them.
    compare_patience : int
        Looks without improvement that end such a training.
    fine_rate : float
        Its learning rate, as a share of the first one.
    slack : float
        Share by which the loss of a smaller network may be over the best.
    last_on_all : bool
        Whether the last training is repeated with the held-out rows among those that
        train.
    least_on_all : int
        Looks that it takes at least.
    """

    looks: Schedule = field(default_factory=Schedule)
    path_rate: float = 1.0
    listen: int = 100
    stage_steps: int = 50
    closing: float = 0.15
    patience: int = 5
    hopeless: float = 0.03
    compared: int = 14
    compare_patience: int = 8
    fine_rate: float = 0.1
    slack: float = 0.002
    last_on_all: bool = True
    least_on_all: int = 15
