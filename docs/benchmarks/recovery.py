"""
Are planted columns found?
==========================

Tables whose answer is known, drawn anew for every seed, and `BinMaskSelector` with its
defaults. ``--set`` changes a parameter, so that the same command shows what each part
of the recipe is worth::

    python docs/benchmarks/recovery.py --seeds 20
    python docs/benchmarks/recovery.py --seeds 20 --set alpha=0.1 --only auto
    python docs/benchmarks/recovery.py --seeds 20 --first-order
    python docs/benchmarks/recovery.py --seeds 20 --only auto --schedule stage_min=6
    python docs/benchmarks/recovery.py --seeds 20 --constant _engine.path._JUDGED=1

With ``--folds`` it is the number of columns that counts, as `BinMaskSelectorCV` chooses
it::

    python docs/benchmarks/recovery.py --seeds 20 --folds 500 1000 2000
    python docs/benchmarks/recovery.py --seeds 20 --folds 1000 --set scoring=None \
        rule="'best'"
"""

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
from harness.settings import read_setting
from joblib import Parallel, delayed

from sklearn_binmask import BinMaskSelector, BinMaskSelectorCV
from sklearn_binmask._engine.problem import SolverConfig
from sklearn_binmask._engine.schedules import Schedule

# The tables are those of the tests.
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
import planted


class Case(NamedTuple):
    """A table to draw, what to ask for, and how an answer is counted."""

    draw: Callable
    wanted: int | str
    count: Callable[[np.ndarray, np.ndarray], float]
    meaning: str


def exactly(chosen, true):
    return float(np.array_equal(chosen, true))


def share(chosen, true):
    return float(np.isin(true, chosen).mean())


def all_found(chosen, true):
    return float(np.isin(true, chosen).all())


def strangers(chosen, true):
    return float(len(np.setdiff1d(chosen, true)))


def size(chosen, true):
    return float(len(chosen))


def noise(seed):
    X, y = planted.noise(seed, 1000, 100)
    return X, np.array([], dtype=int), y


def patients_alone(seed):
    """Leave it untold which rows are of one patient."""
    X, true, y, _ = planted.patients(seed)
    return X, true, y


XOR = partial(planted.sign_product, n_rows=2000, n_columns=100, order=2)
WIDE_XOR = partial(planted.sign_product, n_rows=833, n_columns=1024, order=2)
WIDEST_XOR = partial(planted.sign_product, n_rows=833, n_columns=2048, order=2)
WIDE_THREE = partial(planted.sign_product, n_rows=833, n_columns=200, order=3)
FEW_THREE = partial(planted.sign_product, n_rows=600, n_columns=50, order=3)
FRIEDMAN = partial(planted.friedman, n_rows=2000, n_columns=200)
WRONG = partial(planted.wrong_targets, n_rows=2000, n_columns=100)
RING = partial(planted.ring, n_rows=833, n_columns=64)
MIXED = partial(planted.ring_or_signs_or_sum, n_rows=833, n_columns=256)
EVEN = partial(planted.even, n_true=2)
SHAPES = partial(planted.shapes, n_rows=100, n_columns=5000)
SUM = partial(planted.sum_of_products, n_rows=1500, n_columns=40)
UNEQUAL = partial(planted.unequal_products, n_rows=1500, n_columns=40)
UNEQUAL_WIDE = partial(planted.unequal_products, n_rows=1000, n_columns=100)
TRIPLES = partial(planted.products, n_rows=1000, n_columns=100, orders=(3, 3))
TRIPLES_PAIR = partial(planted.products, n_rows=1500, n_columns=40, orders=(3, 3, 2))
EITHER = partial(planted.either_product, n_rows=1000, n_columns=100)
WAVES = partial(planted.waves, n_rows=2000, n_columns=28)
THREE = partial(planted.sign_product, n_rows=4000, n_columns=20, order=3)

FOUND = "share of seeds with exactly the planted columns"
SOME = "share of the columns found"
MOST = "share of seeds in which all of the planted columns are found"
CASES = {
    "two signs of 100, k": Case(XOR, 2, exactly, FOUND),
    "Friedman-1 of 200, k": Case(FRIEDMAN, 5, exactly, FOUND),
    "Friedman-1 of 100, wrong targets, k": Case(WRONG, 5, share, SOME),
    "ring of 64, k": Case(RING, 2, exactly, FOUND),
    "three signs of 20, k": Case(THREE, 3, exactly, FOUND),
    "three signs of 200, k": Case(WIDE_THREE, 3, exactly, FOUND),
    "two signs of 1,024, k": Case(WIDE_XOR, 2, exactly, FOUND),
    "two signs of 2,048, k": Case(WIDEST_XOR, 2, exactly, FOUND),
    "ring, signs or sum of 256, k": Case(MIXED, 6, share, SOME),
    "two even of 2,000, 200 rows, k": Case(
        partial(EVEN, n_rows=200, n_columns=2000), 2, share, SOME
    ),
    "two even of 2,000, 100 rows, k": Case(
        partial(EVEN, n_rows=100, n_columns=2000), 2, share, SOME
    ),
    "two even of 2,000, 60 rows, k": Case(
        partial(EVEN, n_rows=60, n_columns=2000), 2, share, SOME
    ),
    "five shapes of 5,000, 100 rows, k": Case(SHAPES, 5, share, SOME),
    "sum of products of 40, k": Case(SUM, 6, exactly, FOUND),
    "three unequal products of 40, k": Case(UNEQUAL, 6, exactly, FOUND),
    "three unequal products of 100, k": Case(UNEQUAL_WIDE, 6, exactly, FOUND),
    "two products of three of 100, k": Case(TRIPLES, 6, exactly, FOUND),
    "products of three, three, two of 40, k": Case(TRIPLES_PAIR, 8, exactly, FOUND),
    "one or the other product of 100, k": Case(EITHER, 5, exactly, FOUND),
    "six of eight waves of 28, k": Case(partial(WAVES, n_largest=6), 6, share, SOME),
    "two signs of 100, auto": Case(XOR, "auto", exactly, FOUND),
    "Friedman-1 of 200, auto": Case(FRIEDMAN, "auto", exactly, FOUND),
    "Friedman-1 of 100, wrong targets, auto": Case(WRONG, "auto", exactly, FOUND),
    "ring of 64, auto": Case(RING, "auto", exactly, FOUND),
    "three signs of 20, auto": Case(THREE, "auto", exactly, FOUND),
    "three signs of 50, 600 rows, auto": Case(FEW_THREE, "auto", exactly, FOUND),
    "four of eight waves of 28, auto": Case(WAVES, "auto", all_found, MOST),
    "sum of products of 40, auto": Case(SUM, "auto", exactly, FOUND),
    "two products of three of 100, auto": Case(TRIPLES, "auto", exactly, FOUND),
    "one or the other product of 100, auto": Case(EITHER, "auto", exactly, FOUND),
    "pure noise of 100, auto": Case(noise, "auto", size, "columns chosen, mean"),
    "breast cancer among 200 shuffled, k=10": Case(
        planted.hidden_cancer, 10, strangers, "shuffled ones chosen, mean"
    ),
    "patients, auto": Case(planted.patients, "auto", exactly, FOUND),
    "patients not told of, auto": Case(patients_alone, "auto", exactly, FOUND),
}


def noise_of(seed, n_rows):
    X, y = planted.noise(seed, n_rows, 100)
    return X, np.array([0]), y  # one column is the fewest that may be selected


# Cases whose number of columns is to be found, for any number of rows.
COUNTED = {
    "two signs of 100": partial(planted.sign_product, n_columns=100, order=2),
    "Friedman-1 of 200": partial(planted.friedman, n_columns=200),
    "ten log-odds of 200": partial(planted.logistic, n_columns=200, n_true=10),
    "pure noise of 100": noise_of,
}


def count(draw, seed, n_rows, params):
    X, true, y = draw(seed, n_rows=n_rows)
    selector = BinMaskSelectorCV(refit=False, random_state=seed, **params)
    chosen = selector.fit(X, y).get_support(indices=True)
    return len(chosen) - len(true), exactly(chosen, true)


def show_counts(args, seeds):
    """Print how often cross-validation finds the number, to within one, and exactly."""
    for n_rows in args.folds:
        for name, draw in COUNTED.items():
            if args.only in name:
                excess, exact = np.transpose(
                    Parallel(args.jobs)(
                        delayed(count)(draw, seed, n_rows, dict(args.set))
                        for seed in seeds
                    )
                )
                print(
                    f"{n_rows:6d} rows, {name:22s} within 1 {sum(abs(excess) < 2):3d}"
                    f"   exactly {sum(exact):3.0f}   of {len(excess)}",
                    flush=True,
                )


def changed(args):
    """Change what is no option for users: worth of a gate, schedule, constants."""
    make, fields = Schedule.for_outputs.__func__, dict(args.schedule)
    config = partial(SolverConfig, **dict.fromkeys(args.without, False))
    schedule = classmethod(
        lambda cls, n_outputs: replace(make(cls, n_outputs), **fields)
    )
    return [
        mock.patch("sklearn_binmask._estimator.settings.SolverConfig", config),
        mock.patch.object(Schedule, "for_outputs", schedule),
        *(mock.patch(f"sklearn_binmask.{name}", to) for name, to in args.constant),
    ]


def outcome(case, seed, args):
    X, true, y, *groups = case.draw(seed)
    selector = BinMaskSelector(
        n_features_to_select=case.wanted,
        refit=False,
        random_state=seed,
        **dict(args.set),
    )
    with ExitStack() as stack:
        for change in changed(args):
            stack.enter_context(change)
        selector.fit(X, y, None, *groups)
        return case.count(selector.get_support(indices=True), true)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--only", default="", help="part of the names of the cases")
    parser.add_argument("--set", type=read_setting, nargs="*", default=[])
    parser.add_argument(
        "--first-order",
        dest="without",
        action="append_const",
        const="curvature",
        default=[],
        help="no curvature",
    )
    parser.add_argument(
        "--no-pairs",
        dest="without",
        action="append_const",
        const="pairs",
        help="no networks that begin at pairs",
    )
    parser.add_argument(
        "--no-triples",
        dest="without",
        action="append_const",
        const="triples",
        help="no networks that begin at three columns",
    )
    parser.add_argument(
        "--no-interplay",
        dest="without",
        action="append_const",
        const="interplay",
        help="no columns that are asked again, no networks that begin at their pairs",
    )
    parser.add_argument(
        "--no-recall",
        dest="without",
        action="append_const",
        const="recall",
        help="no columns that are recalled where rows are few",
    )
    parser.add_argument(
        "--constant",
        type=read_setting,
        nargs="*",
        default=[],
        help="one of the package, by its dotted name there",
    )
    parser.add_argument(
        "--schedule", type=read_setting, nargs="*", default=[], help="of the path"
    )
    parser.add_argument("--folds", type=int, nargs="*", help="numbers of rows")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    if args.folds:
        show_counts(args, seeds)
        return
    for name, case in CASES.items():
        if args.only in name:
            values = Parallel(args.jobs)(
                delayed(outcome)(case, seed, args) for seed in seeds
            )
            print(f"{name:40s} {np.mean(values):6.3f}  {case.meaning}", flush=True)


if __name__ == "__main__":
    main()
