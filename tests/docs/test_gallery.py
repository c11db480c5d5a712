"""The examples of the gallery: what they are, and, among the long tests, a run of each.

`make docs` runs them too.
"""

import ast
import runpy
import sys

import matplotlib.pyplot as plt
import pytest
from paths import DOCS

EXAMPLES = sorted((DOCS / "examples").rglob("plot_*.py"))
every_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


def test_there_are_ten_at_least():
    assert len(EXAMPLES) >= 10


@every_example
def test_an_example_has_a_title_and_downloads_nothing(path):
    text = path.read_text(encoding="utf-8")
    _, title, line, *_ = ast.get_docstring(ast.parse(text), clean=False).split("\n")
    assert line == "=" * len(title)
    assert "fetch_" not in text
    assert "http" not in text


def test_every_example_has_its_place():
    names = runpy.run_path(str(DOCS / "_sphinx" / "order.py"))
    assert sorted(names["ORDER"]) == sorted(path.stem for path in EXAMPLES)
    order = names["TeachingOrder"]("folder")
    places = sorted(f"{name}.py" for name in names["ORDER"])
    assert sorted([*places, "plot_new.py"], key=order)[-1] == "plot_new.py"


@pytest.mark.long
@every_example
def test_an_example_runs_and_draws(path, tmp_path, monkeypatch):
    if path.stem == "plot_dask":
        pytest.importorskip("distributed", reason="comes with the extra docs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(path)])
    monkeypatch.setattr(plt, "show", lambda: None)
    plt.close("all")
    runpy.run_path(str(path), run_name="__main__")
    drawn = [plt.figure(number) for number in plt.get_fignums()]
    plt.close("all")
    assert drawn
    assert all(ax.has_data() for figure in drawn for ax in figure.axes)
