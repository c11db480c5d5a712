"""What passes between suites, rivals and the harness."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Source(NamedTuple):
    """Where tables are that are not drawn."""

    data: Path | None = None
    mnist_idx: Path | None = None
    fashion_idx: Path | None = None


class Table(NamedTuple):
    """Rows to select and to train on, rows to test on, and what is known of the truth.

    `truth` holds the columns that matter, where somebody has planted them, `groups`
    the group of each training row, where rows belong together.
    """

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray | None = None
    y_test: np.ndarray | None = None
    task: str = "classification"
    truth: np.ndarray | None = None
    groups: np.ndarray | None = None


class Case(NamedTuple):
    """One set of a suite: how to get its table, what to ask for, and who judges."""

    draw: Callable[[int, Source], Table]  # of a seed: a split, a fold, or noise
    sizes: tuple[int, ...]  # numbers of columns to select
    learners: tuple[str, ...]  # names in `learners.LEARNERS`


class Job(NamedTuple):
    """One selection by one rival; a ranking serves several sizes at once."""

    suite: str  # dotted name of a module with `CASES`
    case: str
    rival: str  # dotted name of a module with `select`
    seed: int
    sizes: tuple[int, ...]
    learners: tuple[str, ...]
    source: Source
    cpu_limit: float  # seconds
