"""On a GPU a step is recorded, and asked for again as one piece of work.

A step consists of dozens of small pieces. To ask a GPU for each of them takes longer
than the GPU takes for all; what has been recorded (a *CUDA graph*) is asked for at
once. It is the same work on the same memory, so nothing that a step reads may be
replaced without another recording: `Trainer.read_by_steps` lists it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import is_not
from typing import Any

import torch
from torch import Tensor

from .agreement import Alone
from .noise import Draw, Noise
from .step import Said, move

__all__ = ["steps_of"]

_Kind = tuple[bool, ...]


def steps_of(trainer: Any, before: Callable[..., Said] = move) -> Callable[..., Said]:
    """Choose how to ask for the steps of a trainer; they are called as `move` is.

    They are recorded on a GPU, unless rows are encoded or counted on the way, or other
    processes have a say. How they were asked for before is forgotten, except which
    memory there is for it.
    """
    rows = trainer.rows.x
    is_alone = isinstance(trainer.agreement, Alone)
    if not (rows.device.type == "cuda" and isinstance(rows, Tensor) and is_alone):
        return move
    if not isinstance(before, _Replays):
        return _Replays(rows.device)
    before.forget()
    return before


@dataclass(eq=False)
class _Tape:
    """A step that has been made once, and then recorded.

    Attributes
    ----------
    numbers : Tensor or None
        Where it reads which rows to take.
    noise : list of (callable, Tensor)
        Where it reads random numbers, and how they are drawn.
    graph : CUDAGraph or None
        What was recorded.
    said : Said
        Where it says what the rows said.
    """

    numbers: Tensor | None
    noise: list[tuple[Draw, Tensor]] = field(default_factory=list)
    graph: Any = None
    said: Said = field(default_factory=lambda: Said(None, None))

    def play(self, numbers: Tensor | None, noise: Noise) -> Said:
        """Make the step on other rows, with other random numbers."""
        if self.numbers is not None and numbers is not None:
            self.numbers.copy_(numbers)
        for draw, place in self.noise:
            place.copy_(noise.drawn(draw, place), non_blocking=True)
        self.graph.replay()
        return self.said


class _Replays:
    """Steps, each kind of which is recorded when it is asked for a second time.

    The first time it runs as it is: libraries then load what they need, which they must
    not do while something is being recorded.

    Parameters
    ----------
    device : torch.device
        A GPU.
    """

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device)
        self._rate = torch.zeros((), device=device)
        self._last_rate = 0.0
        self._pool = torch.cuda.graph_pool_handle()
        self._last_graph: Any = None
        self._reads: list[Any] = []
        self._tapes: dict[_Kind, _Tape] = {}

    def forget(self) -> None:
        """Let go of all recordings but the last, with which their memory would go."""
        self._reads.clear()
        self._tapes.clear()

    def __call__(
        self, trainer: Any, numbers: Tensor | None, rate: float, *kind: bool
    ) -> Said:
        """Make a step, as `move` does."""
        reads = trainer.read_by_steps()
        if len(reads) != len(self._reads) or any(map(is_not, reads, self._reads)):
            self.forget()
            self._reads = reads
        if rate != self._last_rate:
            self._last_rate = rate
            self._rate.fill_(rate)
        tape = self._tapes.get(kind)
        if tape is None:
            tape = _Tape(None if numbers is None else numbers.clone())
            self._tapes[kind] = tape
            with _noise_of(trainer, _Kept(trainer.noise, tape.noise)):
                return move(trainer, numbers, self._rate, *kind)
        if tape.graph is None:
            self._record(trainer, tape, kind)
        return tape.play(numbers, trainer.noise)

    def _record(self, trainer: Any, tape: _Tape, kind: _Kind) -> None:
        graph = torch.cuda.CUDAGraph()
        known = _Known(trainer.noise, tape.noise)
        with torch.cuda.stream(self._stream), _noise_of(trainer, known):
            # other threads may use the GPU for what cannot be recorded
            graph.capture_begin(self._pool, capture_error_mode="thread_local")
            try:
                tape.said = move(trainer, tape.numbers, self._rate, *kind)
            finally:
                graph.capture_end()
        tape.graph = self._last_graph = graph


class _Kept(Noise):
    """Keeps the random numbers, and how they were drawn."""

    def __init__(self, noise: Noise, places: list[tuple[Draw, Tensor]]) -> None:
        super().__init__(noise.generator)
        self._places = places

    def __call__(self, draw: Draw, like: Tensor) -> Tensor:
        place = super().__call__(draw, like)
        self._places.append((draw, place))
        return place


class _Known(Noise):
    """Gives the places of random numbers that are drawn before each replay.

    They were made before: what is made while recording may lie where the step has
    something else before it comes to them.
    """

    def __init__(self, noise: Noise, places: list[tuple[Draw, Tensor]]) -> None:
        super().__init__(noise.generator)
        self._places = iter(places)

    def __call__(self, draw: Draw, like: Tensor) -> Tensor:
        return next(self._places)[1]


@contextmanager
def _noise_of(trainer: Any, noise: Noise) -> Iterator[None]:
    """Let the steps of a trainer have this noise."""
    before, trainer.noise = trainer.noise, noise
    try:
        yield
    finally:
        trainer.noise = before
