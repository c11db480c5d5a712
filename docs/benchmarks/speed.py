"""
How fast is a fit, and a step of it?
====================================

CPU time of one `BinMaskSelector` fit, final network included, over that of
scikit-learn's ``MLP(hidden_layer_sizes=(100,))`` on the same rows in the same process,
for tables of 63 to 20,000 rows and 20 to 2,308 columns; the median and the worst ratio
are printed last::

    python docs/benchmarks/speed.py
    python docs/benchmarks/speed.py --threads 2 --only "63 x"
    python docs/benchmarks/speed.py --rivals lassonet rfe_extra_trees --limit 300

``--rivals`` adds those of `rivals/`, by the name of their file, each in a process of
its own that is ended after ``--limit`` seconds. With ``--steps``, microseconds of a
training step of one network over those of its matrix products alone::

    python docs/benchmarks/speed.py --steps

With ``--device``, seconds of fits on a device, and how many times as long they take on
one thread of the processor::

    python docs/benchmarks/speed.py --device cuda
"""

import argparse
import multiprocessing
import time
import warnings
from importlib import import_module
from typing import NamedTuple

import numpy as np
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklearn_binmask import BinMaskMLPClassifier, BinMaskSelector
from sklearn_binmask._engine.problem import Problem, Roles, SolverConfig
from sklearn_binmask._engine.training import Trainer


class Workload(NamedTuple):
    """Rows, columns, classes (0 for numbers), and how many columns are asked for."""

    n_rows: int
    n_columns: int
    n_classes: int
    wanted: int | str


WORKLOADS = (
    Workload(63, 2308, 4, 20),
    Workload(455, 30, 2, "auto"),
    Workload(1000, 20, 2, "auto"),
    Workload(1500, 100, 2, 2),
    Workload(1500, 200, 0, 5),
    Workload(2000, 200, 2, "auto"),
    Workload(2000, 500, 2, 20),
    Workload(5000, 617, 26, 50),
    Workload(10000, 50, 0, "auto"),
    Workload(20000, 784, 10, 50),
)


def draw(work):
    """Draw correlated columns, a fifth of which, 20 at most, tell of the target."""
    rng = np.random.default_rng(0)
    shape = work.n_rows, work.n_columns
    X = rng.normal(size=shape) + 0.5 * rng.normal(size=(work.n_rows, 1))
    n_true = min(20, max(2, work.n_columns // 5))
    hidden = np.tanh(X[:, :n_true] @ rng.normal(size=(n_true, 8)) / n_true**0.5)
    outputs = hidden @ rng.normal(size=(8, max(1, work.n_classes)))
    outputs += 0.1 * rng.normal(size=outputs.shape)
    return X, outputs.argmax(axis=1) if work.n_classes else outputs[:, 0]


def cpu_seconds(fit, *given):
    start = time.process_time()
    fit(*given)
    return time.process_time() - start


def compare(work, n_runs):
    X, y = draw(work)
    kind = MLPClassifier if work.n_classes else MLPRegressor
    rival = kind(hidden_layer_sizes=(100,), random_state=0)
    task = "classification" if work.n_classes else "regression"
    ours = BinMaskSelector(n_features_to_select=work.wanted, task=task, random_state=0)
    Z = StandardScaler().fit_transform(X)
    runs = range(n_runs)
    return [
        min(cpu_seconds(m.fit, A, y) for _ in runs) for m, A in ((rival, Z), (ours, X))
    ]


def select_apart(name, work, answers):
    """Let a rival select; the CPU time is that of a process of its own."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    X, y = draw(work)
    task = "classification" if work.n_classes else "regression"
    wanted = 20 if work.wanted == "auto" else work.wanted
    rival = import_module(f"rivals.{name}")
    answers.put(cpu_seconds(rival.select, X, y, wanted, task, 0))


def rival_seconds(name, work, limit):
    """CPU seconds of a rival, or None if it took longer than the limit or failed."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=select_apart, args=(name, work, answers))
    process.start()
    process.join(limit)
    if process.is_alive():
        process.terminate()
        process.join()
    return answers.get(timeout=5) if process.exitcode == 0 else None


def show_fits(args):
    ratios = []
    for work in WORKLOADS:
        name = f"{work.n_rows} x {work.n_columns}"
        if args.only not in name:
            continue
        rival, ours = compare(work, args.runs)
        ratios.append(ours / rival)
        line = f"{name:12s} {work.n_classes:3d} classes, k = {work.wanted!s:4s}"
        line += f"  MLP {rival:6.2f} s  ours {ours:6.2f} s  ratio {ours / rival:6.2f}"
        print(line, flush=True)
        for other in args.rivals:
            seconds = rival_seconds(other, work, args.limit)
            known = f"{seconds:.1f} s, {seconds / ours:.1f} of ours" if seconds else "-"
            print(f"    {other}: {known}", flush=True)
    print(f"median {np.median(ratios):.2f}, worst {max(ratios):.2f}")


def one_network(n_rows, n_inputs, n_units):
    rng = np.random.default_rng(0)
    everything = np.ones((n_rows, 1, 1), dtype=bool)
    problem = Problem(
        rng.normal(size=(n_rows, n_inputs)).astype(np.float32),
        rng.normal(size=(n_rows, 1)),
        np.ones(n_rows),
        np.arange(n_inputs),
        n_inputs,
        np.zeros(n_inputs, dtype=bool),
        "squared_error",
        Roles(everything, everything, ~everything, np.ones(1)),
    )
    layers, size = (n_units, n_units), n_rows
    return Trainer(problem, SolverConfig(layers, batch_size=size))


def microseconds(call, n_calls=200):
    for _ in range(20):
        call()
    start = time.perf_counter()
    for _ in range(n_calls):
        call()
    return (time.perf_counter() - start) / n_calls * 1e6


def show_steps():
    """Compare steps with the products that they consist of."""
    for n_rows, n_inputs, n_units in ((128, 64, 64), (256, 200, 100), (512, 784, 300)):
        with torch.inference_mode():
            trainer = one_network(n_rows, n_inputs, n_units)
            x = torch.randn(n_rows, n_inputs)
            h = torch.randn(n_rows, n_units)
            first, second = (
                torch.randn(n_inputs, n_units),
                torch.randn(n_units, n_units),
            )

            def products(x=x, h=h, first=first, second=second):
                _ = x @ first, h @ second, h @ second.t(), x.t() @ h, h.t() @ h

            step = microseconds(lambda trainer=trainer: trainer.step(1e-3, judge=False))
            alone = microseconds(products)
        print(
            f"{n_rows} x {n_inputs} x {n_units} x {n_units}: step {step:6.0f} us, "
            f"products {alone:6.0f} us, ratio {step / alone:.2f}",
            flush=True,
        )


def wall_seconds(estimator, X, y):
    start = time.perf_counter()
    estimator.fit(X, y)
    return time.perf_counter() - start


def show_device(device, only):
    """Compare a device with the processor; what its first use takes does not count."""
    wide = Workload(500, 20_000, 2, 20)
    jobs = [
        (work, BinMaskSelector(n_features_to_select=work.wanted, random_state=0))
        for work in (*WORKLOADS, wide)
    ]
    for n_units in (100, 1000, 3000):
        layers = (n_units, n_units)
        mlp = BinMaskMLPClassifier(
            hidden_layer_sizes=layers, l0_penalty=0, max_iter=3, random_state=0
        )
        jobs.append((WORKLOADS[-1], mlp))
    BinMaskSelector(device=device).fit(*draw(Workload(200, 5, 2, 1)))
    for work, estimator in jobs:
        name = f"{work.n_rows} x {work.n_columns} {type(estimator).__name__}"
        name += f" {estimator.hidden_layer_sizes}"
        if only not in name:
            continue
        X, y = draw(work)
        there = wall_seconds(clone(estimator).set_params(device=device), X, y)
        here = wall_seconds(estimator, X, y)
        print(f"{name}: {there:.2f} s, ratio {here / there:.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--only", default="", help="part of the names of the tables")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rivals", nargs="*", default=[])
    parser.add_argument("--limit", type=float, default=600, help="seconds for a rival")
    parser.add_argument("--steps", action="store_true")
    parser.add_argument("--device", help="to be compared with the processor")
    args = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    torch.set_num_threads(args.threads)
    with threadpool_limits(args.threads):
        if args.device:
            show_device(args.device, args.only)
        else:
            show_steps() if args.steps else show_fits(args)


if __name__ == "__main__":
    main()
