"""
Run a suite of benchmarks
=========================

One command a suite; what is in its CSV file already is not run again. Each selection
has a process and one thread to itself, and a limit of CPU seconds::

    python docs/benchmarks/run.py recovery --rivals binmask f_test --seeds 0 1 2
    python docs/benchmarks/run.py images --data DIR --only usps --sizes 50
    python docs/benchmarks/run.py images --data DIR --again binmask
    python docs/benchmarks/render.py
"""

import argparse
import sys
from pathlib import Path

from harness.records import Source
from harness.results import Results, commit_of, key_of
from harness.runner import HOME, plan, run


def names_in(folder):
    """Name the modules of a folder, without importing them."""
    return sorted(path.stem for path in folder.glob("[!_]*.py"))


def matching(known, parts):
    """Return the names that hold one of the parts; a whole name is only itself."""
    if not parts:
        return list(known)
    return [
        name
        for name in known
        if any(name == part if part in known else part in name for part in parts)
    ]


def read_arguments(arguments=None):
    suites, rivals = names_in(HOME / "suites"), names_in(HOME / "rivals")
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("suite", choices=suites)
    parser.add_argument("--data", type=Path, help="folder of the tables")
    parser.add_argument("--mnist-idx", type=Path, help="folder of the full MNIST files")
    parser.add_argument("--fashion-idx", type=Path, help="the same of Fashion-MNIST")
    parser.add_argument("--only", nargs="*", default=[], help="parts of names of sets")
    parser.add_argument("--rivals", nargs="*", choices=rivals, default=rivals)
    parser.add_argument("--seeds", type=int, nargs="*", help="0 if there are none")
    parser.add_argument("--sizes", type=int, nargs="*", help="numbers of columns")
    parser.add_argument("--limit", type=float, default=600, help="CPU seconds a fit")
    parser.add_argument(
        "--again",
        nargs="*",
        choices=rivals,
        default=[],
        help="run their rows anew that another commit has written, and no others",
    )
    parser.add_argument("--results", type=Path, default=HOME / "results")
    parser.add_argument("--dry-run", action="store_true", help="say what would be run")
    return parser.parse_args(arguments)


def main(arguments=None):
    args = read_arguments(arguments)
    sys.path.insert(0, str(HOME))
    suite = f"suites.{args.suite}"
    source = Source(args.data, args.mnist_idx, args.fashion_idx)
    cases = matching(__import__(suite, fromlist=["CASES"]).CASES, args.only)
    results = Results(args.results / f"{args.suite}.csv")
    if args.again:
        stale = results.stale(args.again, commit_of(HOME))
        names, is_open = args.again, lambda row: key_of(row) in stale
        seeds = args.seeds or sorted({int(row["seed"]) for row in stale.values()})
    else:
        names, is_open = args.rivals, lambda row: row not in results
        seeds = args.seeds or [0]
    rivals = [f"rivals.{name}" for name in names]
    jobs = plan(suite, cases, rivals, seeds, args.sizes, source, args.limit, is_open)
    if args.dry_run:
        print(*(f"{j.case} {j.rival} {j.sizes} {j.seed}" for j in jobs), sep="\n")
        return
    run(jobs, results, say=lambda text: print(text, flush=True))


if __name__ == "__main__":
    main()
