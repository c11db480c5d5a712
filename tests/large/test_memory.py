"""Bars of memory, each fit in a process of its own; these are minutes in all."""

import json
import subprocess
import sys

import pytest
from paths import ROOT

BENCHMARK = ROOT / "docs" / "benchmarks" / "memory.py"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="needs getrusage"),
]


def took(case, scratch, times=1):
    """Measure one case of the benchmark; a file is written by a process before."""
    for _ in range(times):
        done = subprocess.run(
            [sys.executable, BENCHMARK, "--case", case, "--scratch", scratch],
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
    return json.loads(done.stdout)


def test_an_array_in_memory(tmp_path):
    measured = took("array 500,000 x 200", tmp_path)
    assert measured["extra"] <= 0.3 * measured["table"]


def test_a_file(tmp_path):
    assert took("file 1,000,000 x 200", tmp_path, times=2)["extra"] < 300


def test_a_sparse_table(tmp_path):
    assert took("sparse 800 x 88,119", tmp_path)["peak"] < 2000
