"""The harness of the benchmarks: what is run, written down, and rendered."""

import configparser
import csv
import re
import sys
import textwrap
import warnings
from importlib import import_module

import numpy as np
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
    monkeypatch.syspath_prepend(str(HOME))
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, source in (RIVALS | {"toy_suite": SUITE}).items():
        text = textwrap.dedent(source)
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    from harness import records, results, runner

    path = tmp_path / "toy_suite.csv"

    def run(*rivals, cpu_limit=600.0, again=False):
        written = results.Results(path)
        stale = written.stale(rivals, "a later one") if again else {}
        jobs = runner.plan(
            "toy_suite",
            [],
            rivals,
            [0],
            None,
            records.Source(),
            cpu_limit,
            lambda row: row not in written or results.key_of(row) in stale,
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


HOME = ROOT / "docs" / "benchmarks"
SOURCES = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((HOME / "rivals").glob("[!_]*.py"))
}
# Those that need nothing but scikit-learn and what is here.
AT_HAND = [name for name, text in SOURCES.items() if "PACKAGES" not in text]
OURS = {name for name in SOURCES if name.startswith("binmask")}
BLIND = {"all_columns", "random_columns"}


@pytest.mark.parametrize("name", [*AT_HAND, "binmask", "binmask_plain"])
def test_rivals_rank_the_plain_column_first(benchmarks, name):
    rival = import_module(f"rivals.{name}")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 6))
    numbers = 3 * X[:, 4] + X[:, 1] + 0.1 * rng.normal(size=120)
    classes = np.digitize(numbers, [-1.5, 1.5])
    for task, y in {"regression": numbers, "classification": classes}.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            columns = np.asarray(rival.select(X, y, 2, task, 0))
        assert len(columns) >= 2
        assert len(set(columns)) == len(columns)
        assert set(columns) <= set(range(6))
        assert 4 in columns[:2] or name in BLIND


def test_groups_reach_the_rival_that_asks_for_them(benchmarks):
    from harness.child import select
    from harness.records import Table
    from rivals import binmask_by_group

    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 6))
    y = (X[:, 4] > 0).astype(int)
    table = Table(X, y, groups=np.arange(120) % 8)
    assert select(binmask_by_group, table, 1, 0, 600)[0].tolist() == [4]
    with pytest.raises(ValueError, match="stand alone"):
        select(binmask_by_group, table._replace(groups=None), 1, 0, 600)
    with pytest.raises(ValueError, match="one label only"):
        select(binmask_by_group, table._replace(groups=np.zeros(120)), 1, 0, 600)


def test_judges_do_not_mind_the_order_of_columns(benchmarks):
    from harness.learners import LEARNERS, TRUTH, judge
    from harness.records import Table

    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 9))
    y = (X[:, 2] + X[:, 5] * X[:, 7] + 0.5 * rng.normal(size=400) > 0).astype(int)
    table = Table(X[:200], y[:200], X[200:], y[200:], truth=np.array([2, 5, 7]))
    columns = np.array([7, 0, 5, 8, 2])
    for name in [*LEARNERS, TRUTH]:
        one, other = (judge(name, table, c, 0) for c in (columns, columns[::-1]))
        assert one == other


def test_optional_rivals_say_what_they_need():
    """What they import, `setup.cfg` names in the extra, so that it can be installed."""
    config = configparser.RawConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    extra = config["options.extras_require"]["bench"]
    for name in sorted(set(SOURCES) - set(AT_HAND) - OURS):
        (package,) = re.findall(
            r'^PACKAGES = \("(.+)",\)$', SOURCES[name], re.MULTILINE
        )
        assert f"\n{package}>=" in extra


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
            assert (
                row["status"]
                == f"failed: ArithmeticError: no {row['k']} columns to be had"
            )
        else:
            assert row["status"] == "timeout"
            assert float(row["cpu_s"]) == 0.2
    assert benchmarks("raising", "sleeping") == 0  # a failure is a result too


def test_rows_are_replaced(benchmarks):
    from harness.results import Results, key_of

    benchmarks("best", "short")
    before = rows_of(benchmarks.path)
    results = Results(benchmarks.path)
    results.add([row | {"score": "0"} for row in before if row["rival"] == "short"])
    assert sorted(map(key_of, rows_of(benchmarks.path))) == sorted(map(key_of, before))
    assert benchmarks("short", again=True) == 2
    after = rows_of(benchmarks.path)
    assert [row for row in after if row["rival"] == "best"] == before[:4]
    scores = {key_of(row): row["score"] for row in before}
    assert {key_of(row): row["score"] for row in after} == scores


def test_stale_rows_are_those_of_other_commits(benchmarks, tmp_path):
    from harness.results import Results

    path = tmp_path / "new folder" / "planted.csv"
    add(path, {("binmask", "a"): "1", ("stg", "a"): "1"}, commit="old")
    add(path, {("binmask", "b"): "1"}, commit="new")
    results = Results(path)
    assert {row["set"] for row in results.stale(["binmask"], "new").values()} == {"a"}
    assert len(results.stale(["binmask"], "new+")) == 2
    assert len(results.stale(["binmask", "stg"], "")) == 3


def add(path, scores, **others):
    """Write rows, one for each (rival, set) with its score."""
    from harness.results import FIELDS, Results

    rows = [
        dict.fromkeys(FIELDS, "")
        | {"set": name, "rival": rival, "seed": 0, "learner": "SVC", "k": 5}
        | {"score": score, "cpu_s": 2.0, "status": "ok" if score else "timeout"}
        | others
        for (rival, name), score in scores.items()
    ]
    Results(path).add(rows)


def test_pages_tell_wins_losses_and_failures(benchmarks, tmp_path):
    import render

    scores = {
        (rival, name): score
        for rival, by_set in {
            "binmask": {"a": "0.9", "b": "0.5"},
            "f_test": {"a": "0.8", "b": "0.75"},
            "stg": {"a": "", "b": "0.25"},
            "lassonet": {"b": "0.3"},
        }.items()
        for name, score in by_set.items()
    }
    add(tmp_path / "planted.csv", scores)
    out = tmp_path / "out"
    render.main(["--results", str(tmp_path), "--out", str(out), "--no-pictures"])
    lines = (out / "planted.md").read_text(encoding="utf-8").splitlines()
    assert "| F-test | 0.8000 | **0.7500** | 1.50 |" in lines
    assert "| BinMaskSelector | **0.9000** | 0.5000 | 1.50 |" in lines
    assert "| STG | timeout | 0.2500 | 3.00 |" in lines
    assert "| LassoNet |  | 0.3000 |  |" in lines  # not run everywhere: no rank
    assert "- b: ours 0.5000; F-test 0.7500 (+0.2500)" in lines
    assert "| STG | at least 4.0 | 2 | at least 1 |" in lines


def test_ranks_over_suites(benchmarks, tmp_path):
    from harness import summary

    rows = [
        {"set": name, "k": "5", "learner": learner, "rival": rival, "seed": "0"}
        | {"score": str(score), "status": "ok"}
        for name in ("a", "b")
        for learner in ("SVC", "1-NN")
        for rival, score in {"binmask": 0.9, "f_test": 0.8, "stg": 0.7}.items()
    ]
    rows[2]["score"] = "0.95"  # STG is first on a, for one learner of two
    tables = summary.tables_of(rows, lambda name: ("", name), False)
    ranks, rivals = summary.pooled({"suite": tables})
    assert rivals == ["binmask", "f_test", "stg"]
    assert ranks.tolist() == [[1.5, 2.5, 2.0], [1.0, 2.0, 3.0]]


def test_critical_difference_is_that_of_the_tables(benchmarks):
    """Demsar (2006), example of section 3.2.2: 4 methods, 14 sets, 1.25 at 5 %."""
    from harness.summary import cliques, critical_difference

    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    assert cliques([3.143, 2.000, 2.893, 1.964], 1.25) == [(0, 3)]
    assert cliques([1.0, 1.5, 2.0, 4.0], 0.6) == [(0, 1), (1, 2)]


def test_pictures(benchmarks, tmp_path):
    pytest.importorskip("matplotlib")
    from harness import pictures

    ranks = {"binmask": 1.2, "f_test": 2.0, "stg": 2.8}
    pictures.critical_difference_picture(ranks, 1.0, {}, tmp_path / "ranks.png")
    curves = {"xor": {"binmask": {8: 1.0, 16: 0.5}, "f_test": {8: 0.0}}}
    pictures.recovery_curves(curves, {}, tmp_path / "curves.png")
    assert (tmp_path / "ranks.png").stat().st_size > 1000
    assert (tmp_path / "curves.png").stat().st_size > 1000
