"""
How much memory, and how long, do large tables take?
====================================================

One fit of `BinMaskSelector` with its defaults in a process of its own for each table:
seconds, CPU seconds, and the peak of resident memory over what was resident before the
fit, the table among it::

    python docs/benchmarks/memory.py

The bars: 0.3 times a large array of float32 that is in memory; 300 MB for a file of
1,000,000 x 200, which is to take at most 3 times as long as 100,000 x 200; 60 s and 2
GB for 800 x 88,119 sparse. With ``--data DIR``, a folder that holds
``dorothea_sparse.npz`` and ``dexter_sparse.npz`` (NIPS 2003, at the UCI repository;
``data``, ``indices``, ``indptr`` and ``shape`` of CSR, and ``y``), these are measured
too; a table like Dorothea is drawn in any case. ``--quick`` takes a tenth of the rows.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy import sparse

CASES = {
    "array 100,000 x 200": ("array", 100_000, 200),
    "array 500,000 x 200": ("array", 500_000, 200),
    "array 100,000 x 1000": ("array", 100_000, 1000),
    "file 100,000 x 200": ("file", 100_000, 200),
    "file 1,000,000 x 200": ("file", 1_000_000, 200),
    "sparse 800 x 88,119": ("sparse", 800, 88_119),
    "dexter": ("npz", "dexter_sparse"),
    "dorothea": ("npz", "dorothea_sparse"),
}
_ROWS = 20_000  # drawn at a time
# Linux counts kilobytes, macOS bytes.
_UNIT = 1e6 if sys.platform == "darwin" else 1e3


def fill(X):
    """Draw numbers; the class is that of a product plus a column."""
    rng, y = np.random.default_rng(0), np.empty(len(X), dtype=bool)
    for start in range(0, len(X), _ROWS):
        rows = slice(start, min(start + _ROWS, len(X)))
        block = rng.standard_normal((rows.stop - start, X.shape[1]), dtype=np.float32)
        X[rows] = block
        y[rows] = block[:, 0] * block[:, 1] + block[:, 2] > 0
    return y


def draw_sparse(n_rows, n_columns):
    """Draw 0 and 1, 1 in a hundred of them 1, and a class that few columns tell."""
    rng = np.random.default_rng(0)
    X = sparse.random_array((n_rows, n_columns), density=0.01, rng=rng, format="csr")
    X.data[:] = 1
    odds = np.asarray(X[:, :200].sum(axis=1)).ravel()
    return X, odds + 0.3 * rng.normal(size=n_rows) > 3


def load(case, folder, scratch):
    """Make the table of a case; a file is written by a process of its own."""
    kind, *size = case
    if kind == "npz":
        stored = np.load(folder / f"{size[0]}.npz")
        parts = stored["data"], stored["indices"], stored["indptr"]
        return sparse.csr_array(parts, shape=tuple(stored["shape"])), stored["y"]
    if kind == "sparse":
        return draw_sparse(*size)
    if kind == "array":
        X = np.empty(size, dtype=np.float32)
        return X, fill(X)
    path = scratch / "table"
    if not path.exists():
        X = np.memmap(path, np.float32, "w+", shape=tuple(size))
        np.save(scratch / "y.npy", fill(X))
        X.flush()
        return None
    file = np.memmap(path, np.float32, "r", shape=tuple(size))
    return file, np.load(scratch / "y.npy")


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _UNIT


def measure(case, folder, scratch):
    """Fit once, and print what it took as JSON."""
    from sklearn_binmask import BinMaskSelector

    rng = np.random.default_rng(0)
    BinMaskSelector(random_state=0).fit(
        rng.normal(size=(400, 5)), rng.random(400) < 0.5
    )
    table = load(case, folder, scratch)
    if table is None:
        return
    X, y = table
    # what was needed to draw a table does not hide what the fit takes
    before, seconds, cpu = peak(), time.perf_counter(), time.process_time()
    model = BinMaskSelector(random_state=0).fit(X, y)
    size = X.data.nbytes + X.indices.nbytes if sparse.issparse(X) else X.nbytes
    took = {
        "seconds": time.perf_counter() - seconds,
        "cpu": time.process_time() - cpu,
        "extra": peak() - before,
        "peak": peak(),
        "table": size / 1e6,
        "selected": int(model.n_features_),
    }
    print(json.dumps(took))


def run(name, args):
    """Measure a case in a process of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, __file__, "--case", name, "--scratch", scratch]
        command += ["--data", str(args.data)] if args.data else []
        command += ["--quick"] if args.quick else []
        for _ in range(1 + (CASES[name][0] == "file")):
            done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of tables")
    parser.add_argument("--quick", action="store_true", help="a tenth of all rows")
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        kind, *size = CASES[args.case]
        if args.quick and kind in ("array", "file"):
            size[0] //= 10
        measure((kind, *size), args.data, args.scratch)
        return
    print(f"{'':22s} {'table':>8s} {'extra':>8s} {'peak':>8s} {'time':>8s} {'CPU':>8s}")
    for name in args.only:
        if CASES[name][0] == "npz" and not args.data:
            continue
        took = run(name, args)
        print(
            f"{name:22s} {took['table']:5.0f} MB {took['extra']:5.0f} MB "
            f"{took['peak']:5.0f} MB {took['seconds']:6.1f} s {took['cpu']:6.1f} s"
            f"   {took['selected']} columns",
            flush=True,
        )


if __name__ == "__main__":
    main()
