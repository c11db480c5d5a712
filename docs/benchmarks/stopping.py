"""
Does "auto" stop in the right place where there is hardly any noise?
====================================================================

Formulas of engineers and others, whose columns matter to very different degrees, among
20 columns that do not matter, drawn anew for every seed. What is printed: how many
columns of the formula are selected and how many others, and the loss of the final
network on new rows (mean squared error as a share of the variance, or log loss), once
as it is and once without the trial of larger supports, as their geometric mean over
seeds::

    python docs/benchmarks/stopping.py --seeds 10
    python docs/benchmarks/stopping.py --seeds 10 --rows 600
    python docs/benchmarks/stopping.py --seeds 10 --classes
    python docs/benchmarks/stopping.py --seeds 10 --noise 0.3

The first five formulas are those of Surjanovic and Bingham, "Virtual library of
simulation experiments", where their ranges come from too.
"""

import argparse
from typing import NamedTuple
from unittest import mock

import numpy as np
from joblib import Parallel, delayed
from sklearn.metrics import log_loss
from threadpoolctl import threadpool_limits

from sklearn_binmask import BinMaskSelector

N_OTHERS, N_NEW = 20, 2000


def uniform(rng, n_rows, *ranges):
    low, high = np.transpose(ranges)
    return rng.uniform(low, high, size=(n_rows, len(ranges)))


def borehole(rng, n_rows):
    """Flow of water through a borehole."""
    X = uniform(
        rng,
        n_rows,
        (0.05, 0.15),
        (100, 50_000),
        (63_070, 115_600),
        (990, 1110),
        (63.1, 116),
        (700, 820),
        (1120, 1680),
        (9855, 12_045),
    )
    radius, reach, upper_t, upper_h, lower_t, lower_h, length, conductivity = X.T
    log = np.log(reach / radius)
    leak = 2 * length * upper_t / (log * radius**2 * conductivity)
    flow = 2 * np.pi * upper_t * (upper_h - lower_h)
    return X, flow / (log * (1 + leak + upper_t / lower_t))


def wing(rng, n_rows):
    """Weight of the wing of a light aircraft."""
    X = uniform(
        rng,
        n_rows,
        (150, 200),
        (220, 300),
        (6, 10),
        (-10, 10),
        (16, 45),
        (0.5, 1),
        (0.08, 0.18),
        (2.5, 6),
        (1700, 2500),
        (0.025, 0.08),
    )
    area, fuel, aspect, sweep, pressure, taper, chord, load, gross, paint = X.T
    cosine = np.cos(np.deg2rad(sweep))
    weight = 0.036 * area**0.758 * fuel**0.0035 * (aspect / cosine**2) ** 0.6
    weight *= pressure**0.006 * taper**0.04 * (100 * chord / cosine) ** -0.3
    return X, weight * (load * gross) ** 0.49 + area * paint


def piston(rng, n_rows):
    """Time that a piston takes for a cycle."""
    X = uniform(
        rng,
        n_rows,
        (30, 60),
        (0.005, 0.02),
        (0.002, 0.01),
        (1000, 5000),
        (90_000, 110_000),
        (290, 296),
        (340, 360),
    )
    mass, surface, volume, spring, pressure, ambient, filling = X.T
    gas = pressure * volume / filling * ambient
    force = pressure * surface + 19.62 * mass - spring * volume / surface
    height = surface / (2 * spring) * (np.sqrt(force**2 + 4 * spring * gas) - force)
    return X, 2 * np.pi * np.sqrt(mass / (spring + surface**2 * gas / height**2))


def circuit(rng, n_rows):
    """Voltage in the middle of a push-pull circuit without a transformer."""
    X = uniform(
        rng, n_rows, (50, 150), (25, 70), (0.5, 3), (1.2, 2.5), (0.25, 1.2), (50, 300)
    )
    b1, b2, f, c1, c2, beta = X.T
    gain = beta * (c2 + 9)
    base = 12 * b2 / (b1 + b2) + 0.74
    middle = base * gain / (gain + f) + 11.35 * f / (gain + f)
    return X, middle + 0.74 * f * gain / ((gain + f) * c1)


def robot(rng, n_rows):
    """Distance of the hand of a robot arm of four parts."""
    X = uniform(rng, n_rows, *[(0, 2 * np.pi)] * 4, *[(0, 1)] * 4)
    angles, lengths = np.cumsum(X[:, :4], axis=1), X[:, 4:]
    u, v = (
        (lengths * np.cos(angles)).sum(axis=1),
        (lengths * np.sin(angles)).sum(axis=1),
    )
    return X, np.hypot(u, v)


def friedman(rng, n_rows):
    """Friedman-1."""
    X = rng.uniform(size=(n_rows, 5))
    a, b, c, d, e = X.T
    return X, 10 * np.sin(np.pi * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e


def network(rng, n_rows):
    """Eight smooth units on ten columns."""
    X = rng.normal(size=(n_rows, 10))
    units = np.tanh(X @ rng.normal(size=(10, 8)) * 1.5 / 10**0.5)
    return X, units @ rng.normal(size=8)


def fading(rng, n_rows):
    """Waves, each of 0.6 times the height of the one before."""
    X = rng.normal(size=(n_rows, 8))
    waves = np.sin(1.5 * X) * (1 + 0.5 * np.roll(X, -1, axis=1))
    return X, waves @ 0.6 ** np.arange(8)


def quadratic(rng, n_rows):
    """A quadratic form."""
    X = rng.normal(size=(n_rows, 8))
    return X, ((X @ rng.normal(size=(8, 8))) * X).sum(axis=1)


def tree(rng, n_rows):
    """A tree of six cuts."""
    X = rng.uniform(size=(n_rows, 6))
    a, b, c, d, e, f = X.T
    right = np.where(b > 0.3, np.where(c > 0.5, 2.0, 1.0), 0.5)
    left = np.where(d > 0.6, -1.0, np.where(e > 0.5, -2.0, np.where(f > 0.5, 0, 0.2)))
    return X, np.where(a > 0.5, right, left)


FORMULAS = (
    borehole,
    wing,
    piston,
    circuit,
    robot,
    friedman,
    network,
    fading,
    quadratic,
    tree,
)


class Outcome(NamedTuple):
    """Columns of the formula that were selected, others, and a loss."""

    n_found: int
    n_others: int
    loss: float


def outcome(number, seed, args, tried):
    """Select, and predict new rows."""
    rng = np.random.default_rng([seed, number])
    X, y = FORMULAS[number](rng, args.rows + N_NEW)
    n_true = X.shape[1]
    y = (y - y.mean()) / y.std()
    y += args.noise * rng.normal(size=len(y))
    X = np.hstack([X, rng.uniform(size=(len(X), N_OTHERS))])
    if args.classes:
        y = (y > np.median(y)).astype(int)
    old, new = slice(args.rows), slice(args.rows, None)
    with (
        mock.patch("sklearn_binmask._path.trial._TRIED", tried),
        threadpool_limits(1),
    ):
        selector = BinMaskSelector(random_state=seed).fit(X[old], y[old])
    if args.classes:
        loss = log_loss(y[new], selector.predict_proba(X[new]))
    else:
        loss = np.mean((selector.predict(X[new]) - y[new]) ** 2)
    is_true = selector.support_[:n_true]
    return Outcome(is_true.sum(), selector.n_features_ - is_true.sum(), loss)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--classes", action="store_true", help="over the median or not")
    parser.add_argument("--noise", type=float, default=0.0, help="in deviations of y")
    parser.add_argument("--only", default="", help="part of the names of the formulas")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    print(f"{'':10s}  columns    as it is               without the trial      ratio")
    logs = []
    for number, formula in enumerate(FORMULAS):
        if args.only not in formula.__name__:
            continue
        outcomes = Parallel(args.jobs)(
            delayed(outcome)(number, seed, args, tried)
            for tried in (3, 0)
            for seed in range(args.seeds)
        )
        halves = np.array(outcomes).reshape(2, args.seeds, 3)
        (found, others, _), (found_without, others_without, _) = halves.mean(axis=1)
        losses = np.log(halves[:, :, 2]).mean(axis=1)
        logs.append(losses[0] - losses[1])
        n_columns = formula(np.random.default_rng(0), 1)[0].shape[1]
        print(
            f"{formula.__name__:10s}  {n_columns:7d}    "
            f"{found:4.1f} + {others:4.1f}  {np.exp(losses[0]):8.5f}   "
            f"{found_without:4.1f} + {others_without:4.1f}  {np.exp(losses[1]):8.5f}   "
            f"{np.exp(logs[-1]):5.2f}",
            flush=True,
        )
    print(f"all: loss {np.exp(np.mean(logs)):.2f} of that without the trial")


if __name__ == "__main__":
    main()
