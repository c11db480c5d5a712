"""
How much memory does a worker take in a fit on a dask cluster?
==============================================================

Two worker processes fit together from a dask data frame, which is partitioned Parquet
on disk, or with ``--source`` a frame of pandas on the client, or one that the workers
hold (``persist``), which then counts; needs Linux::

    python docs/benchmarks/cluster_memory.py

The size of a table is what pandas says of it in one piece,
``memory_usage(deep=True).sum()``. Of each worker, the peak of resident memory: all of
it, and what came on top of the same worker after a fit of 300 rows, when it has
imported and warmed up all there is. The bar is 0.7 times the size. ``--watch`` says
also what a worker did when it took most.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd

N_PARTS = 24
FITS = ("selector", "classifier")
SOURCES = ("parquet", "pandas", "persisted")


def floats(rng, n_rows):
    """A hundred columns of numbers, one cell in twenty missing."""
    X = rng.normal(size=(n_rows, 100))
    target = X[:, 3] + X[:, 7] ** 2 > 1
    X[rng.random(X.shape) < 0.05] = np.nan
    table = pd.DataFrame(X, columns=[f"x{i}" for i in range(100)])
    return table.assign(target=target)


def mixed(rng, n_rows):
    """Forty columns of numbers, ten of categories, ten of text; all with holes."""
    table = floats(rng, n_rows)[[*(f"x{i}" for i in range(40)), "target"]]
    holes = rng.random((n_rows, 20)) < 0.05
    for i in range(20):
        values = np.array([f"level {level}" for level in range(5 + 2 * i)], object)
        column = rng.choice(values, n_rows)
        column[holes[:, i]] = None
        table[f"c{i}"] = pd.Categorical(column, values) if i % 2 else column
    return table


def single(rng, n_rows):
    """The hundred columns of numbers in single precision."""
    table = floats(rng, n_rows)
    return table.astype(dict.fromkeys(table.columns[:100], np.float32))


TABLES = {"floats": floats, "single": single, "mixed": mixed}


def write(draw, n_rows, folder):
    """Write a table as Parquet; the megabytes of all of it."""
    size = 0
    for part in range(N_PARTS):
        table = draw(np.random.default_rng(part), n_rows // N_PARTS)
        size += table.memory_usage(deep=True).sum()
        table.to_parquet(Path(folder) / f"part{part:02}.parquet")
    return size / 2**20


def estimator_of(name):
    """Little training: the peak is not in it, and it takes long."""
    from sklearn_binmask import BinMaskMLPClassifier, BinMaskSelector

    common = {"hidden_layer_sizes": (4,), "max_iter": 1, "random_state": 0}
    if name == "classifier":
        return BinMaskMLPClassifier(granularity="features", **common)
    return BinMaskSelector(n_features_to_select=2, n_members=2, **common)


# On a worker --------------------------------------------------------------------------


def memory(name):
    """Megabytes, as the system counts them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def forget_peak(watches):
    """Begin anew to watch for the peak; megabytes that are there."""
    if watches:
        threading.Thread(target=_watch, daemon=True).start()
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def _watch():
    """Note what all threads do whenever there is more than ever."""
    import sys
    import traceback

    import distributed

    most, own = 0.0, threading.get_ident()
    seen = distributed.what_took_most = {}
    while True:
        now = memory("VmRSS")
        if now > most + 4:
            most = now
            stacks = [
                [f"{f.name}:{f.lineno}" for f in traceback.extract_stack(frame)][-9:]
                for thread, frame in sys._current_frames().items()
                if thread != own
            ]
            stacks = [s for s in stacks if not s[-1].startswith(("wait", "select"))]
            seen[round(now)] = [" ".join(stack) for stack in stacks]
        time.sleep(0.002)


def what_was_seen():
    """Tell the last notes."""
    import distributed

    return dict(sorted(distributed.what_took_most.items())[-6:])


# ------------------------------------------------------------------------------------


def measure(table, size, name, fit_name, *, persist, watches):
    """Fit once on a new cluster, and print what it took."""
    from distributed import Client, LocalCluster, wait

    from sklearn_binmask.distributed import fit

    estimator = estimator_of(fit_name)
    options = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": 0}
    with (
        LocalCluster(dashboard_address=":0", **options) as cluster,
        Client(cluster) as client,
    ):
        import dask.dataframe as dd

        few = dd.from_pandas(table.head(300), npartitions=2)
        fit(estimator, few, "target")
        if persist:
            before = client.run(memory, "VmRSS")
            table = table.persist()
            wait(table)
            client.run(forget_peak, watches)
        else:
            before = client.run(forget_peak, watches)
        start = time.perf_counter()
        fit(estimator, table, "target")
        seconds = time.perf_counter() - start
        peaks = client.run(memory, "VmHWM")
        more = " ".join(f"{(peaks[w] - before[w]) / size:.2f}" for w in before)
        whole = " ".join(f"{peaks[w] / size:.2f}" for w in before)
        cells = name, fit_name, f"{size:.0f} MB", more, whole, f"{seconds:.0f} s"
        print("|", " | ".join(cells), "|", flush=True)
        if watches:
            for worker, notes in client.run(what_was_seen).items():
                print(worker, before[worker])
                for most, stacks in notes.items():
                    print("   ", most, *(f"\n         {stack}" for stack in stacks))


def main():
    import dask.dataframe as dd

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--fits", nargs="+", choices=FITS, default=list(FITS))
    parser.add_argument("--rows", type=int, nargs="+", default=[132_000, 600_000])
    parser.add_argument("--source", choices=SOURCES, default="parquet")
    parser.add_argument("--partitions", type=int, default=N_PARTS)
    parser.add_argument("--watch", action="store_true", help="what takes most")
    args = parser.parse_args()
    print("| table | fit | size | more than warm | all | time |")
    print("|---|---|---|---|---|---|")
    for name in args.tables:
        for n_rows in args.rows:
            with tempfile.TemporaryDirectory() as folder:
                size = write(TABLES[name], n_rows, folder)
                table = dd.read_parquet(folder)
                if args.source != "parquet":
                    table = dd.from_pandas(table.compute(), npartitions=args.partitions)
                for fit_name in args.fits:
                    measure(
                        table,
                        size,
                        name,
                        fit_name,
                        persist=args.source == "persisted",
                        watches=args.watch,
                    )


if __name__ == "__main__":
    main()
