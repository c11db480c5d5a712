"""
Is the final network trained long enough?
=========================================

Loss on test rows, and steps taken, of the network that a selector predicts with: with
its schedule, and with another one; by default one without a mean of weights, whose
learning rate falls instead, and which goes on with rows that it knows by heart::

    python docs/benchmarks/final_network.py --data DIR
    python docs/benchmarks/final_network.py --data DIR --only churn --set patience=4

With ``--set`` alone the schedules are the same, and a constant may be another one::

    python docs/benchmarks/final_network.py --data DIR --repeats 4 --set \
        --constant _estimator.road._REFIT_MOST=1.0 --only churn splice spambase \
        satimage phoneme magic ames california_housing house_16h higgs_11k letter
    python docs/benchmarks/final_network.py --data DIR --most-rows 400 --set \
        --constant _estimator.road._REFIT_ROWS=50

The table, at most ``--most-rows`` of it (8,000), is split anew in each repeat. Both
networks are on the same columns: ten, or half of them. README.md beside this file says
what DIR holds.
"""

import argparse
import warnings
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from harness.settings import read_setting
from regularization import REGRESSION, split, table_of
from sklearn.metrics import log_loss

from sklearn_binmask import BinMaskSelector
from sklearn_binmask._engine import fixed
from sklearn_binmask._engine.schedules import FINAL

NAMES = """
titanic credit_g churn splice spambase satimage phoneme magic ames california_housing
house_16h gesture_a1 higgs_11k letter khan_srbct colon_alon leukemia_golub
"""
MOST_ROWS, MOST_COLUMNS = 8_000, 10
FALLING = {"average": 0.0, "anneals": 1, "patience": 4, "told_apart": 0.0}


def trained(table, rows, task, seed, schedule, constants):
    """Fit a selector; returns it and the number of steps of its final network."""
    steps = []

    def train(*args, **kwargs):
        network = train_fixed(*args, **kwargs, schedule=schedule)
        steps.append(network.n_steps)
        return network

    train_fixed = fixed.train_fixed
    wanted = min(MOST_COLUMNS, -(-table.X.shape[1] // 2))
    selector = BinMaskSelector(
        n_features_to_select=wanted, task=task, random_state=seed
    )
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(fixed, "train_fixed", train))
        for name, to in constants:
            stack.enter_context(mock.patch(f"sklearn_binmask.{name}", to))
        selector.fit(table.X.iloc[rows], table.y[rows])
    return selector, steps[0]


def loss_on(selector, X, y):
    """Log loss of classes; of numbers, the share of their variance left over."""
    if selector.task == "regression":
        return np.mean((selector.predict(X) - y) ** 2) / y.var()
    is_known = np.isin(y, selector.classes_)
    p = selector.predict_proba(X[is_known])
    return log_loss(y[is_known], p, labels=selector.classes_)


def compare(table, task, repeat, recipes):
    """Give loss and steps of each schedule, with its constants."""
    train, test = split(table, task == "classification", repeat)
    found = []
    for recipe in recipes:
        selector, n_steps = trained(table, train, task, repeat, *recipe)
        found.append((loss_on(selector, table.X.iloc[test], table.y[test]), n_steps))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of tables")
    parser.add_argument("--only", nargs="*", default=NAMES.split())
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument(
        "--set",
        type=read_setting,
        nargs="*",
        default=FALLING.items(),
        help="fields of the other schedule",
    )
    parser.add_argument(
        "--constant",
        type=read_setting,
        nargs="*",
        default=[],
        help="one of the package in the other case, by its dotted name there",
    )
    parser.add_argument("--most-rows", type=int, default=MOST_ROWS)
    args = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)
    torch.set_num_threads(1)
    recipes = (FINAL, ()), (replace(FINAL, **dict(args.set)), args.constant)
    found = []
    for name in args.only:
        task = "regression" if name in REGRESSION else "classification"
        table = table_of(args.data, name, args.most_rows)
        for repeat in range(args.repeats):
            (ours, n_ours), (other, n_other) = compare(table, task, repeat, recipes)
            found.append((ours, other, n_ours, n_other))
            line = f"{name:20s} loss {ours:.4f}, other {other:.4f}"
            print(f"{line}  steps {n_ours}, other {n_other}", flush=True)
    ours, other, n_ours, n_other = np.transpose(found)
    print(f"mean loss {ours.mean():.4f}, other {other.mean():.4f}")
    print(f"median of ratios: loss {np.median(ours / other):.3f}", end=", ")
    print(f"steps {np.median(n_ours / n_other):.2f}")
    logs, n_logs = np.log(ours / other), np.log(n_ours / n_other)
    print(f"geometric mean of ratios: loss {np.exp(logs.mean()):.3f}", end=" ")
    error = logs.std(ddof=1) / len(logs) ** 0.5
    print(f"(standard error {error:.3f}), steps {np.exp(n_logs.mean()):.2f}")


if __name__ == "__main__":
    main()
