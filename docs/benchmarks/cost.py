"""
What does a fit cost?
=====================

CPU time of one `BinMaskSelector` fit over that of scikit-learn's `MLPClassifier` on the
same rows, in the same process, one thread each; the smaller of a few runs of both::

    python docs/benchmarks/cost.py

With ``--folds``, that of `BinMaskSelectorCV` over that of `BinMaskSelector`::

    python docs/benchmarks/cost.py --folds 5
    python docs/benchmarks/cost.py --folds 5 --scoring accuracy --rows 500
"""

import argparse
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from sklearn_binmask import BinMaskSelector, BinMaskSelectorCV


def linear(rng, X):
    return X[:, :5].sum(axis=1) + rng.normal(size=len(X)) > 0


def sign_product(rng, X):
    return X[:, 0] * X[:, 1] > 0


def noise(rng, X):
    return rng.random(len(X)) < 0.5


TARGETS = {"sum of five": linear, "product of two": sign_product, "pure noise": noise}


def cpu_seconds(model, X, y, n_runs):
    times = []
    for _ in range(n_runs):
        start = time.process_time()
        model.fit(X, y)
        times.append(time.process_time() - start)
    return min(times)


def rivals(args):
    """Yield what is measured, and over what, by their names."""
    if args.folds:
        folds = {"cv": args.folds, "scoring": args.scoring, "random_state": 0}
        ours = {f"{args.folds} folds": BinMaskSelectorCV(**folds)}
        yield "BinMaskSelector", BinMaskSelector(random_state=0), ours
        five = BinMaskSelector(n_features_to_select=5, random_state=0)
        yield "BinMaskSelector, k = 5", five, ours
        return
    mlp = MLPClassifier(hidden_layer_sizes=(100,), random_state=0)
    both = ("auto", 5)
    yield (
        "MLPClassifier",
        mlp,
        {str(k): BinMaskSelector(n_features_to_select=k, random_state=0) for k in both},
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--columns", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folds", type=int, help="measure cross-validation")
    parser.add_argument("--scoring", help="of cross-validation")
    args = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(args.rows, args.columns))
    print(f"{args.rows} x {args.columns}: CPU seconds, then ratios to them")
    with threadpool_limits(1):
        BinMaskSelector(random_state=0).fit(X[:300], X[:300, 0] > 0)  # loads torch
        for name, target in TARGETS.items():
            y = target(rng, X)
            for rival_name, rival, ours in rivals(args):
                seconds = cpu_seconds(rival, X, y, args.runs)
                print(f"{name:16s} {rival_name:24s} {seconds:6.2f} s", end="")
                for label, model in ours.items():
                    ratio = cpu_seconds(model, X, y, args.runs) / seconds
                    print(f"   {label}: {ratio:4.2f}", end="")
                print(flush=True)


if __name__ == "__main__":
    main()
