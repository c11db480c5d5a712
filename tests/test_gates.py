"""Each gate is shown a planted fault and must name it, and a sound one and pass."""

import importlib
import pkgutil
import sys
import types

import gates
import pytest
from gates.docstrings import docstring_faults, example_faults
from gates.layers import layer_faults
from gates.public_api import (
    default_faults,
    import_faults,
    name_faults,
    parameter_faults,
)
from gates.words import block_faults, twin_faults

WRONG_IMPORTS = [
    ("_engine/a.py", "import sklearn", "_engine may import"),
    ("_engine/a.py", "def f():\n    import pandas", "_engine may import"),
    ("_engine/a.py", "from .._encoding import schema", "_engine stands not above"),
    ("_engine/sub/a.py", "from ...selector import X", "_engine stands not above"),
    ("_encoding/a.py", "import sklearn_binmask._engine.masks", "not above _engine"),
    ("_encoding/a.py", "from sklearn_binmask import _path", "not above _path"),
    ("_encoding/a.py", "from torch import nn", "torch is for _engine alone"),
    ("_path/a.py", "from sklearn_binmask._estimator import fit", "not above _estim"),
    ("_estimator.py", "from sklearn_binmask.selector import X", "not above public"),
    ("_estimator.py", "import torch", "torch is for _engine alone"),
    ("selector.py", "from sklearn_binmask._engine import solve", "not above _engine"),
    ("selector.py", "from .classifier import X", "public stands not above public"),
    ("selector.py", "from sklearn.utils._param_validation import X", "_sklearn.py"),
    ("selector.py", "from sklearn.base import _fit_context", "_sklearn.py"),
    ("_estimator.py", "from sklearn import callback", "through _sklearn.py"),
    ("_estimator.py", "import sklearn.experimental", "through _sklearn.py"),
    ("__init__.py", "import numpy", "__init__ may import"),
    ("__init__.py", "from .selector import X", "__init__ stands not above public"),
]
RIGHT_IMPORTS = [
    ("_engine/a.py", "import math, torch\nfrom ..exceptions import E\nfrom . import b"),
    ("_encoding/a.py", "import narwhals.stable.v2 as nw\nfrom sklearn import utils"),
    ("_path/a.py", "from sklearn_binmask._engine.masks import GRANULARITIES"),
    ("_estimator.py", "from . import _encoding, _engine, _path, _sklearn"),
    ("_sklearn.py", "from sklearn.callback import X\nfrom sklearn.base import _y"),
    ("selector.py", "from ._estimator import X\nfrom sklearn import __version__"),
    ("__init__.py", "if TYPE_CHECKING:\n    from sklearn_binmask.selector import X"),
]


class Sound:
    """Show what a sound estimator looks like.

    Parameters
    ----------
    alpha : float, default=1e-3
        The penalty.
    device : {"cpu", "auto"}, default="cpu"
        Where to compute.
    tol : float or None, default=None
        When to stop.

    Examples
    --------
    >>> Sound().alpha
    0.001
    """

    def __init__(self, *, alpha=1e-3, device="cpu", tol=None):
        self.alpha = alpha

    def fit(self, X):
        """Fit nothing.

        Parameters
        ----------
        X : array-like
            The table.

        Returns
        -------
        self : object
            The estimator itself.
        """
        return self


class Faulty:
    """Show an unsound one

    Parameters
    ----------
    alpha : float, default=1e-4
        The penalty.
    device : str
        Where to compute.
    beta : float, default=0
        Not in the table of words.

    Examples
    --------
    >>> 1 + 1
    3
    """

    def __init__(self, *, alpha=1e-3, device="cpu", beta=0, gamma=0, **others):
        self.alpha = alpha

    def fit(self, X):
        return self


def _write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "source", "reason"), WRONG_IMPORTS)
def test_layers_red(tmp_path, name, source, reason):
    _write(tmp_path, name, source)
    (fault,) = layer_faults(tmp_path)
    assert name in fault
    assert reason in fault


@pytest.mark.parametrize(("name", "source"), RIGHT_IMPORTS)
def test_layers_green(tmp_path, name, source):
    _write(tmp_path, name, source)
    assert layer_faults(tmp_path) == []


def test_names():
    table = "| name | what |\n|---|---|\n| `A` | a |\n| `B` | b |\n"
    assert name_faults(["A", "B", "__version__"], table) == []
    assert name_faults(["A", "B", "C"], table) == ["C is public but not documented"]
    assert name_faults(["A"], table) == ["B is documented but not public"]


def test_parameters():
    assert parameter_faults(Sound) == []
    catch_all, *unknown = parameter_faults(Faulty)
    assert "**others hides" in catch_all
    assert [fault.split()[1] for fault in unknown] == ["beta", "gamma"]


def test_defaults():
    assert default_faults(Sound) == []
    alpha, device, gamma, others = default_faults(Faulty)
    assert alpha.endswith("alpha defaults to 0.001, its documentation says 0.0001")
    assert device.endswith("device defaults to 'cpu', its documentation says None")
    assert gamma.endswith("gamma is not documented")
    assert others.endswith("others is not documented")


def test_imports():
    assert import_faults("json", heavy=["numpy"]) == []
    assert import_faults("json", heavy=["json.decoder"]) == [
        "import json loads json.decoder"
    ]


@pytest.fixture
def planted(monkeypatch):
    """Put this file's classes where numpydoc can import them by name."""
    for cls in (Sound, Faulty):
        monkeypatch.setattr(cls, "__module__", "planted")
    module = types.ModuleType("planted")
    module.Sound, module.Faulty = Sound, Faulty
    monkeypatch.setitem(sys.modules, "planted", module)
    return module


def test_docstrings(planted):
    assert docstring_faults(Sound) == []
    faults = docstring_faults(Faulty)
    assert any("SS03" in fault for fault in faults)  # no full stop
    assert any("Faulty.fit: GL08" in fault for fault in faults)  # no docstring


def test_examples(planted):
    (fault,) = example_faults(planted)
    assert "in planted.Faulty" in fault
    assert "Expected:\n    3\nGot:\n    2" in fault
    del planted.Faulty
    assert example_faults(planted) == []


def test_blocks(tmp_path):
    sound = "```python\nx = 1\n```\n```\nraise\n```\n```python\nassert x == 1\n```\n"
    assert block_faults(_write(tmp_path, "a.md", sound)) == []
    wrong = "# Title\n\n```python\nx = 1\nassert x == 2\n```\n"
    (fault,) = block_faults(_write(tmp_path, "b.md", wrong))
    assert "line 5" in fault
    assert "AssertionError" in fault


def test_blocks_print_what_the_text_after_them_says(tmp_path):
    page = "```python\nprint('a', 1)\n```\n\n```text\na  1\n```\n"
    assert block_faults(_write(tmp_path, "a.md", page)) == []
    (fault,) = block_faults(_write(tmp_path, "b.md", page.replace("a  1", "a  2")))
    assert fault == "b.md:6: printed was 'a 1\\n'"


def test_twins(tmp_path):
    assert twin_faults(_write(tmp_path, "a.md", "Raise the penalty of a gate.")) == []
    (fault,) = twin_faults(_write(tmp_path, "b.md", "A gate,\nor Switch."))
    assert fault == "b.md:2: 'Switch' should be 'gate'"


def test_no_gate_goes_unshown():
    """A gate that this file does not import has no planted fault."""
    modules = [
        importlib.import_module(f"gates.{info.name}")
        for info in pkgutil.iter_modules(gates.__path__)
    ]
    every = {n for m in modules for n in vars(m) if n.endswith("_faults")}
    assert every <= set(globals())
