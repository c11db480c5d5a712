"""
How would a fit scale over machines?
====================================

Measures a step of one process, what a step of two processes on this machine sends, and
how long adding it up takes there; and predicts from this the time of a step on 2 to 64
machines::

    python docs/benchmarks/scaling.py

The prediction is a model, not a measurement. With N machines of which each takes its
share of B rows in a step, and s bytes to be added up::

    step(N) = fixed + per_row * B / N
              + 2 (N - 1) / N * s / bandwidth + 2 (N - 1) * latency

that is: a step costs a fixed time and one for each row, both measured here on one
thread; sums go round in a ring, as gloo does it, twice through each machine; nothing is
computed while it is waited for; all machines are alike, and as fast as this one; the
network does nothing else.
"""

import argparse
import datetime
import multiprocessing
import tempfile
import time
from pathlib import Path

import numpy as np

MACHINES = (1, 2, 4, 8, 16, 32, 64)
# Bytes in a second; and the seconds that a message takes between two machines.
NETWORKS = {"1 Gbit/s": 1e9 / 8, "10 Gbit/s": 10e9 / 8}
LATENCY = 50e-6
COLUMNS = {"30 columns": 30, "300 columns": 300, "3000 columns": 3000}
N_STEPS = 60


def trainer_of(agreement, n_rows, n_columns, batch_size):
    """Make what a fit of the selector makes, of numbers and their three encodings."""
    import torch

    from sklearn_binmask._engine.problem import Problem, Roles, SolverConfig
    from sklearn_binmask._engine.training import Trainer

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(n_rows, 3 * n_columns)).astype(np.float32)
    halves = rng.random((n_rows, 1, 16)) < 0.5
    nobody = np.zeros_like(halves)
    problem = Problem(
        inputs,
        (inputs[:, :1] > 0).astype(float),
        np.ones(n_rows),
        np.repeat(np.arange(n_columns), 3),
        n_columns,
        np.zeros(n_columns, dtype=bool),
        "log_loss",
        Roles(halves, ~halves, nobody, np.ones(1)),
    )
    return Trainer(problem, SolverConfig(batch_size=batch_size, agreement=agreement))


def seconds_of_step(trainer, clock, n_steps=N_STEPS):
    """Time a step that also judges the gates: the middle one of several."""
    import torch

    times = []
    with torch.inference_mode():
        for _ in range(n_steps):
            start = clock()
            trainer.step(0.01, judge=True)
            times.append(clock() - start)
    return float(np.median(times))


def one_process(n_columns):
    """Fit a line to the time of a step against the rows in it."""
    from sklearn_binmask._engine.agreement import ALONE

    sizes = (64, 128, 256, 512)
    times = [
        # of the thread, so that other work on this machine does not count
        seconds_of_step(trainer_of(ALONE, 2 * size, n_columns, size), time.thread_time)
        for size in sizes
    ]
    per_row, fixed = np.polyfit(sizes, times, 1)
    return max(fixed, 0.0), per_row


def one_of_two(rank, store, n_columns, answers):
    """Make steps as one of two processes; say how long sums take, and their size."""
    import torch.distributed as dist

    from sklearn_binmask._engine.process_group import Together

    dist.init_process_group(
        "gloo",
        store=dist.FileStore(store, 2),
        rank=rank,
        world_size=2,
        timeout=datetime.timedelta(seconds=60),
    )
    sent, waited = [], []
    with Together() as together:
        trainer = trainer_of(together, 512, n_columns, 512)
        sum_ = together.sum_

        def watched(*tensors):
            start = time.perf_counter()
            sum_(*tensors)
            waited.append(time.perf_counter() - start)
            sent.append(sum(tensor.nbytes for tensor in tensors))

        together.sum_ = watched
        step = seconds_of_step(trainer, time.perf_counter)
    dist.destroy_process_group()
    answers.put((rank, step, float(np.median(waited)), sent[-1]))


def two_processes(n_columns):
    """Measure a step of two processes on this machine, 256 rows for each."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "store")
        ranks = [
            context.Process(target=one_of_two, args=(rank, store, n_columns, answers))
            for rank in range(2)
        ]
        for rank in ranks:
            rank.start()
        found = sorted(answers.get(timeout=300) for _ in ranks)
        for rank in ranks:
            rank.join()
    return found[0][1:]


def predict(fixed, per_row, n_rows, n_bytes, n_machines, bandwidth):
    """Predict the seconds of a step."""
    sending = 2 * (n_machines - 1) / n_machines * n_bytes / bandwidth
    return (
        fixed + per_row * n_rows / n_machines + sending + 2 * (n_machines - 1) * LATENCY
    )


def print_scaling():
    measured = {}
    print(
        "| table | fixed, ms | per 1000 rows, ms | bytes summed "
        "| two processes: step, ms | of it summing, ms |"
    )
    print("|---|---|---|---|---|---|")
    for name, n_columns in COLUMNS.items():
        fixed, per_row = one_process(n_columns)
        step, summing, n_bytes = two_processes(n_columns)
        measured[name] = fixed, per_row, n_bytes
        print(
            f"| {name} | {fixed * 1e3:.2f} | {per_row * 1e6:.1f} | {n_bytes:,} | "
            f"{step * 1e3:.2f} | {summing * 1e3:.2f} |"
        )
    for n_rows in (512, 16_384):
        print(f"\nPredicted speed-up of a step of {n_rows:,} rows over one machine:\n")
        print("| table | network |", *(f" {n} |" for n in MACHINES[1:]))
        print("|---|---|" + "---|" * len(MACHINES[1:]))
        for name, (fixed, per_row, n_bytes) in measured.items():
            for network, bandwidth in NETWORKS.items():
                times = [
                    predict(fixed, per_row, n_rows, n_bytes, n, bandwidth)
                    for n in MACHINES
                ]
                ratios = (f" {times[0] / seconds:.2f} |" for seconds in times[1:])
                print(f"| {name} | {network} |", *ratios)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__.splitlines()[1]).parse_args()
    print_scaling()
