"""
Do masks regularize?
====================

Our network with its defaults, the same without masks, and other models with theirs, on
tables of all sizes and kinds; each repeat splits the rows anew, 75 to 25::

    python docs/benchmarks/regularization.py --data DIR --out regularization.md
    python docs/benchmarks/regularization.py --data DIR --only adult ames --repeats 1
    python docs/benchmarks/regularization.py --data DIR --schedule last_on_all=False

README.md beside this file says what DIR holds.
"""

import argparse
import functools
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import pandas as pd
import torch
from harness.settings import read_setting
from joblib import Parallel, delayed
from scipy.stats import rankdata
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error
from sklearn.model_selection import StratifiedGroupKFold, train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from sklearn_binmask import BinMaskMLPClassifier, BinMaskMLPRegressor
from sklearn_binmask._estimator import masked

NAMES = """
adult bank_marketing churn coil2000 covtype_20k credit_g default_credit electricity
eye_movements gesture_a1 higgs_11k isolet kddcup99_100k letter madelon magic
mice_protein phoneme satimage spambase splice titanic usps
"""
CLASSIFICATION = NAMES.split()
REGRESSION = ["ames", "california_housing", "house_16h"]
# columns that tell the target: the line of the text, the length of the phone call
LEAKS = ["lineNo", "V12"]
LOGARITHMIC = ["ames", "house_16h"]  # prices over orders of magnitude
FEWEST_OF_A_CLASS = 10


class Table(NamedTuple):
    """A frame, its target, and, if there are any, groups of rows to split by."""

    X: pd.DataFrame
    y: np.ndarray
    groups: np.ndarray | None


def read(path):
    """Read a table as it was stored: parquet, or the arrays of an npz file."""
    if path.with_suffix(".npz").exists():
        with np.load(path.with_suffix(".npz")) as arrays:
            scale = arrays.get("X_scale", 1)
            X = pd.DataFrame(arrays["X"] * scale, columns=arrays["feature_names"])
            return Table(X, arrays["y"], arrays.get("groups"))
    X = pd.read_parquet(path.with_suffix(".parquet")).drop(
        columns=LEAKS, errors="ignore"
    )
    named = [name for name in X if name.startswith("group_")]
    groups = pd.factorize(X[named[0]])[0] if named else None
    y = X.pop("target").to_numpy()
    return Table(X.drop(columns=named), y, groups)


def table_of(data, name, most_rows):
    """Draw rows of a table; classes as numbers, without those too rare to be split."""
    X, y, groups = read(data / name)
    rows = np.random.default_rng(0).permutation(len(X))[:most_rows]
    if name in REGRESSION:
        y = np.log1p(y) if name in LOGARITHMIC else y
    else:
        labels, counts = np.unique(y[rows], return_counts=True)
        rows = rows[np.isin(y[rows], labels[counts >= FEWEST_OF_A_CLASS])]
        y = pd.factorize(y, sort=True)[0]
        y = np.searchsorted(np.unique(y[rows]), y)
    groups = None if groups is None else groups[rows]
    return Table(X.iloc[rows].reset_index(drop=True), y[rows], groups)


def split(table, is_classification, repeat):
    """Return the training and the test rows."""
    rows = np.arange(len(table.y))
    if table.groups is not None:
        folds = StratifiedGroupKFold(4, shuffle=True, random_state=repeat)
        return next(folds.split(table.X, table.y, table.groups))
    strata = table.y if is_classification else None
    return train_test_split(rows, test_size=0.25, stratify=strata, random_state=repeat)


def numbers(is_scaled):
    """Return what turns a frame into numbers for the models that need them."""
    is_number = make_column_selector(dtype_include="number")
    is_other = make_column_selector(dtype_exclude="number")
    impute = SimpleImputer(strategy="median")
    levels = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    return make_column_transformer(
        (make_pipeline(impute, StandardScaler()) if is_scaled else impute, is_number),
        (levels, is_other),
    )


def multilayer(is_classification, **params):
    if is_classification:
        return make_pipeline(numbers(is_scaled=True), MLPClassifier(**params))
    model = make_pipeline(numbers(is_scaled=True), MLPRegressor(**params))
    return TransformedTargetRegressor(model, transformer=StandardScaler())


def forest(is_classification, **params):
    kind = RandomForestClassifier if is_classification else RandomForestRegressor
    return make_pipeline(numbers(is_scaled=False), kind(**params))


def boosting(is_classification, **params):
    kind = (HistGradientBoostingRegressor, HistGradientBoostingClassifier)
    return kind[is_classification](**params)


def ours(is_classification, **params):
    kind = BinMaskMLPClassifier if is_classification else BinMaskMLPRegressor
    return kind(**params)


OURS = ("binmask", "all open")
MODELS = {
    "binmask": ours,
    "all open": functools.partial(ours, l0_penalty=0.0),
    "MLP": multilayer,
    "MLP stopped": functools.partial(multilayer, early_stopping=True),
    "forest": forest,
    "boosting": boosting,
}


def changed_schedule(changes):
    """Make schedules with other figures, which are no options for users.

    Names are those of `SparseSchedule`, or of its `looks`: ``looks.average=0``.
    """
    make = masked._schedule

    def schedule(*args, **kwargs):
        made = make(*args, **kwargs)
        looks = {k[6:]: v for k, v in changes.items() if k.startswith("looks.")}
        others = {k: v for k, v in changes.items() if not k.startswith("looks.")}
        return replace(made, looks=replace(made.looks, **looks), **others)

    return mock.patch.object(masked, "_schedule", schedule)


def outcome(args, name, repeat, model_name):
    """Fit one model to one split: loss, accuracy and CPU seconds."""
    torch.set_num_threads(1)
    is_classification = name in CLASSIFICATION
    table = table_of(args.data, name, args.most_rows)
    train, test = split(table, is_classification, repeat)
    settings = dict(args.set) if model_name in OURS else {}
    model = MODELS[model_name](is_classification, random_state=repeat, **settings)
    start = time.process_time()
    with (
        threadpool_limits(1),
        warnings.catch_warnings(),
        changed_schedule(dict(args.schedule)),
    ):
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(table.X.iloc[train], table.y[train])
        seconds = time.process_time() - start
        X, y = table.X.iloc[test], table.y[test]
        if not is_classification:
            error = root_mean_squared_error(y, model.predict(X)) / table.y.std()
            return error, np.nan, seconds
        shares = model.predict_proba(X)
    accuracy = accuracy_score(y, model.classes_[shares.argmax(axis=1)])
    return log_loss(y, shares, labels=model.classes_), accuracy, seconds


def run(args):
    """Yield the name of each table and its figures, (model, repeat, figure)."""
    names = args.only or CLASSIFICATION + REGRESSION
    results = Parallel(args.jobs, return_as="generator")(
        delayed(outcome)(args, name, repeat, model)
        for name in names
        for model in args.models
        for repeat in range(args.repeats)
    )
    for name in names:
        figures = [next(results) for _ in range(len(args.models) * args.repeats)]
        yield name, np.reshape(figures, (len(args.models), args.repeats, -1))


def summary(means, models):
    """Compare losses, (table, model), by who is ahead on how many tables."""
    ranks = rankdata(means, axis=1).mean(axis=0)
    for model, losses, rank in zip(models, means.T, ranks, strict=True):
        line = f"{model}: mean rank {rank:.2f}"
        if "binmask" in models and model != "binmask":
            ahead = np.mean(means[:, models.index("binmask")] < losses)
            line += f", binmask ahead on {ahead:.0%} of {len(means)} tables"
        yield line


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--most-rows", type=int, default=10_000)
    parser.add_argument("--only", nargs="*", default=[], help="names of tables")
    parser.add_argument("--models", nargs="*", choices=MODELS, default=list(MODELS))
    parser.add_argument("--set", type=read_setting, nargs="*", default=[])
    parser.add_argument("--schedule", type=read_setting, nargs="*", default=[])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="markdown file to write")
    args = parser.parse_args()
    heads = "".join(f"{model:>13s}" for model in args.models)
    print(f"log loss, or RMSE over the target's deviation\n{'':19s}{heads}")
    means, lines = [], []
    for name, figures in run(args):
        losses, accuracies, seconds = figures.mean(axis=1).T
        means.append(losses)
        print(f"{name:19s}", *(f"{loss:12.4f}" for loss in losses), flush=True)
        if name in CLASSIFICATION:
            print(f"{'  accuracy':19s}", *(f"{share:12.4f}" for share in accuracies))
        print(f"{'  CPU seconds':19s}", *(f"{s:12.1f}" for s in seconds), flush=True)
        cells = (
            f"{loss:.4f}" + ("" if np.isnan(share) else f" ({share:.1%})")
            for loss, share in zip(losses, accuracies, strict=True)
        )
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    closing = list(summary(np.array(means), args.models))
    print(*closing, sep="\n")
    if args.out:
        head = "| table | " + " | ".join(args.models) + " |"
        rule = "|---" * (len(args.models) + 1) + "|"
        text = "\n".join([head, rule, *lines, "", *(f"- {line}" for line in closing)])
        args.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
