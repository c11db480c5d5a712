"""
How few weights does a network need?
====================================

Networks of one architecture with a given share of their weights closed: ours, magnitude
pruning in one cut and gradually, hard-concrete L0 gates, and, of as many weights, a
dense network of narrower layers. Each trains once, for about the same epochs::

    python docs/benchmarks/sparsity.py --data DIR --case mnist --seeds 3
    python docs/benchmarks/sparsity.py --data DIR --levels 0.9 0.99 --out sparsity.md

README.md beside this file says what DIR holds.
"""

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from _rivals import METHODS, Recipe, Table, count, train
from harness.settings import read_setting
from harness.tables import read_idx_file
from joblib import Parallel, delayed
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import QuantileTransformer

import sklearn_binmask

OURS, OURS_OPEN = "binmask", "binmask, all open"
AT_EVERY_LEVEL = [OURS, "one-shot", "gradual", "hard concrete", "narrow"]
PARTS = ("train", "t10k")
LEVELS = [0.8, 0.9, 0.95, 0.98, 0.99, 0.995]


class Case(NamedTuple):
    """A table to read and the hidden layers of the networks for it."""

    read: object
    hidden: tuple[int, ...]
    epochs: int
    measure: str


def read_mnist(data, idx):
    """Read the full MNIST from its four files, or a part of it from one."""
    if idx:
        pixels = [read_idx_file(idx, f"{part}-images-idx3-ubyte") for part in PARTS]
        X, X_test = (images.reshape(len(images), -1) for images in pixels)
        y, y_test = (read_idx_file(idx, f"{part}-labels-idx1-ubyte") for part in PARTS)
    else:
        X, y, X_test, y_test = read_npz(data / "mnist.npz")
    return X / np.float32(255), y, X_test / np.float32(255), y_test


def read_npz(path):
    with np.load(path) as arrays:
        X, y, is_test = arrays["X"], arrays["y"], arrays["test_mask"]
        if "X_scale" in arrays:
            X = X * arrays["X_scale"]
    return X[~is_test], y[~is_test], X[is_test], y[is_test]


def read_isolet(data, idx):
    return read_npz(data / "isolet.npz")


def read_house(data, idx):
    """Columns and target are heavy-tailed: ranks made normal, and a logarithm."""
    table = pd.read_parquet(data / "house_16h.parquet")
    y = np.log1p(table.pop("target").to_numpy(float))
    X, X_test, y, y_test = train_test_split(table.to_numpy(float), y, random_state=0)
    ranks = QuantileTransformer(output_distribution="normal", random_state=0).fit(X)
    y, y_test = ((part - y.mean()) / y.std() for part in (y, y_test))
    return ranks.transform(X), y, ranks.transform(X_test), y_test


CASES = {
    "mnist": Case(read_mnist, (300, 100), 40, "accuracy"),
    "isolet": Case(read_isolet, (100,), 60, "accuracy"),
    "house": Case(read_house, (100, 50), 60, "RMSE"),
}


def table_of(name, data, idx):
    """Return a table without constant columns, and the number it had with them.

    A weight of a constant column is closed at no cost by whoever looks, and kept by
    magnitude pruning, as it never moves. Nobody gets them; they count as closed.
    """
    X, y, X_test, y_test = CASES[name].read(data, idx)
    varies = X.min(axis=0) < X.max(axis=0)
    kind = np.float32 if CASES[name].measure == "RMSE" else np.int64
    table = Table(
        X[:, varies].astype(np.float32),
        y.astype(kind),
        X_test[:, varies].astype(np.float32),
        y_test.astype(kind),
    )
    return table, X.shape[1]


def outcome(args, case, name, level, seed):
    """Train one network: quality, open weights, passes over the rows, CPU seconds."""
    torch.set_num_threads(1)
    table, n_columns = table_of(case, args.data, args.mnist_idx)
    hidden = CASES[case].hidden
    kept = round((1 - level) * count([n_columns, *hidden, table.n_outputs]))
    recipe = Recipe(args.epochs or CASES[case].epochs, args.batch_size)
    start = time.process_time()
    if name in METHODS:
        quality, n_open = train(name, table, hidden, kept, recipe, seed)
        epochs = recipe.epochs
    else:
        if name == OURS:
            n_weights = count([table.X_train.shape[1], *hidden, table.n_outputs])
            params = {"sparsity": 1 - kept / n_weights}
        else:
            params = {"l0_penalty": 0.0}
        quality, n_open, epochs = train_ours(
            table, hidden, recipe, seed, params | dict(args.set)
        )
    return quality, n_open, epochs, time.process_time() - start


def train_ours(table, hidden, recipe, seed, params):
    kind = "Classifier" if table.is_classification else "Regressor"
    shared = {
        "hidden_layer_sizes": hidden,
        "batch_size": recipe.batch_size,
        # for what comes before gates close, for what comes after, and for that once
        # more on all rows; closing them takes about as long
        "max_iter": recipe.epochs if "l0_penalty" in params else -(-recipe.epochs // 4),
        "numeric_encoding": None,  # one input per column, as the rivals have it
        "random_state": seed,
    }
    model = getattr(sklearn_binmask, f"BinMaskMLP{kind}")(**shared | params)
    model.fit(table.X_train, table.y_train)
    n_open = sum(np.count_nonzero(weight) for weight in model.coefs_)
    epochs = model.n_iter_ * recipe.batch_size / len(table.X_train)
    return table.quality(model.predict(table.X_test)), n_open, epochs


def run(args, case):
    """Train all networks of a case and return (level, name, figures) rows."""
    tasks = [(0.0, name) for name in ("dense", OURS_OPEN)]
    tasks += [(level, name) for level in args.levels for name in AT_EVERY_LEVEL]
    tasks = [task for task in tasks if not args.only or task[1] in args.only]
    results = Parallel(args.jobs, return_as="generator")(
        delayed(outcome)(args, case, name, level, seed)
        for level, name in tasks
        for seed in range(args.seeds)
    )
    print(
        f"\n{case}: {CASES[case].measure}, its standard error, difference to dense, "
        "open weights, epochs, CPU s"
    )
    rows, reference = [], np.nan
    for level, name in tasks:
        figures = np.array([next(results) for _ in range(args.seeds)])
        quality, *costs = figures.mean(axis=0)
        reference = quality if name == "dense" else reference
        error = (
            figures[:, 0].std(ddof=1) / args.seeds**0.5 if args.seeds > 1 else np.nan
        )
        row = (level, name, quality, error, quality - reference, *costs)
        print(
            "{:6.3f}  {:18s} {:.4f} +- {:.4f} {:+.4f} {:7.0f} {:6.1f} {:7.1f}".format(
                *row
            ),
            flush=True,
        )
        rows.append(row)
    return rows


def markdown(case, rows, args):
    """Write a table with a line a level and a column a method."""
    names = list(dict.fromkeys(name for level, name, *_ in rows if level))
    by_task = {(level, name): figures for level, name, *figures in rows}
    lines = [f"{CASES[case].measure} on {case}, mean of {args.seeds} seeds"]
    for (level, name), (quality, *_) in by_task.items():
        lines[0] += f"; {name}: {quality:.4f}" if not level else ""
    lines += [
        "",
        "| closed | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for level in args.levels:
        cells = (f"{by_task[level, name][0]:.4f}" for name in names)
        lines.append(f"| {level:.1%} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--mnist-idx", type=Path, help="folder of the full MNIST files")
    parser.add_argument("--case", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--only", nargs="*", default=[], help="names of methods")
    parser.add_argument("--levels", type=float, nargs="*", default=LEVELS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="by default each case has its own")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--set", type=read_setting, nargs="*", default=[])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="markdown file to write")
    args = parser.parse_args()
    texts = [markdown(case, run(args, case), args) for case in args.case]
    if args.out:
        args.out.write_text("".join(texts), encoding="utf-8")


if __name__ == "__main__":
    main()
