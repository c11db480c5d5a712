"""The harness of the benchmarks: what is run, what is written down, what is rendered."""

import csv
import sys
import textwrap

import pytest
from paths import ROOT

SUITE = """
    import numpy as np
    from harness.records import Case, Table

    def drawn(seed, source):
        X = np.random.default_rng(seed).normal(size=(60, 4))
        X[:, 2] = 1.0
        y = (X[:, 3] > 0).astype(int)
        return Table(X[:40], y[:40], X[40:], y[40:], truth=np.array([3]))

    CASES = {"tiny": Case(drawn, (1, 2), ("1-NN", "recovery"))}
"""
RIVALS = {
    "best": """
        import numpy as np

        RANKS_ALL = True

        def select(X, y, k, task, seed):
            assert X.shape[1] == 3  # the column that does not vary is not given
            return np.argsort(-np.abs(np.corrcoef(X.T, y)[-1, :-1]))
    """,
    "short": """
        def select(X, y, k, task, seed):
            return [0]
    """,
    "raising": """
        def select(X, y, k, task, seed):
            raise ArithmeticError(f"no {k} columns\\nto be had")
    """,
    "sleeping": """
        import time

        def select(X, y, k, task, seed):
            time.sleep(600)
    """,
    "absent": """
        import a_package_that_nobody_has
    """,
}


@pytest.fixture
def benchmarks(tmp_path, monkeypatch):
    """Plant a suite and rivals, and give a function that runs them."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "benchmarks"))
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, source in (RIVALS | {"toy_suite": SUITE}).items():
        text = textwrap.dedent(source)
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    from harness import records, results, runner

    path = tmp_path / "toy_suite.csv"

    def run(*rivals, cpu_limit=600.0):
        written = results.Results(path)
        jobs = runner.plan(
            "toy_suite", [], rivals, [0], None, records.Source(), cpu_limit, written
        )
        runner.run(jobs, written, say=lambda text: None)
        return len(jobs)

    run.path = path
    yield run
    for name in [*RIVALS, "toy_suite"]:
        sys.modules.pop(name, None)


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_rivals_are_run_once(benchmarks):
    assert benchmarks("best", "short") == 3  # a ranking serves both sizes
    rows = rows_of(benchmarks.path)
    assert len(rows) == 2 * 2 * 2  # rivals, sizes, judges
    found = {
        (row["rival"], row["k"]): float(row["score"])
        for row in rows
        if row["learner"] == "recovery"
    }
    assert found["best", "1"] == found["best", "2"] == 1
    assert {row["status"] for row in rows if row["rival"] == "best"} == {"ok"}
    few = {row["k"]: row["status"] for row in rows if row["rival"] == "short"}
    assert few == {"1": "ok", "2": "only 1 columns"}
    before = benchmarks.path.read_bytes()
    assert benchmarks("best", "short") == 0
    assert benchmarks.path.read_bytes() == before


def test_what_is_lost_is_run_again(benchmarks):
    benchmarks("best")
    *kept, lost = benchmarks.path.read_text(encoding="utf-8").splitlines(True)
    benchmarks.path.write_text("".join(kept), encoding="utf-8")
    assert benchmarks("best") == 1
    again = rows_of(benchmarks.path)
    assert len(again) == len(kept)
    assert again[-1]["score"] == lost.split(",")[10]


def test_failures_are_rows(benchmarks):
    benchmarks("raising", "sleeping", "absent", cpu_limit=0.2)
    rows = rows_of(benchmarks.path)
    assert {row["rival"] for row in rows} == {"raising", "sleeping"}
    assert not any(row["score"] for row in rows)
    for row in rows:
        if row["rival"] == "raising":
            assert row["status"] == f"failed: ArithmeticError: no {row['k']} columns to be had"
        else:
            assert row["status"] == "timeout"
            assert float(row["cpu_s"]) == 0.2
    assert benchmarks("raising", "sleeping") == 0  # a failure is a result too


def test_rows_can_be_dropped(benchmarks):
    from harness.results import Results

    benchmarks("best", "short")
    kept = [row for row in rows_of(benchmarks.path) if row["rival"] == "best"]
    Results(benchmarks.path).drop(lambda row: row["rival"] == "short")
    assert rows_of(benchmarks.path) == kept
