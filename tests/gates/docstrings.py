"""Documentation in the source: numpydoc's rules, and examples that run."""

import doctest
import importlib
import inspect
from pathlib import Path
from types import ModuleType

from numpydoc.validate import validate

PACKAGE = "sklearn_binmask"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
# What we do not ask for: text on the line after the quotes (GL01), a deprecation order
# (GL07 differs from scikit-learn's), an extended summary (ES01), a lone returned value
# without a name (RT02), See Also (SA01).
NOT_ASKED = {"GL01", "GL07", "ES01", "RT02", "SA01"}
# A method is shown in the example of its class; a property has no Returns section.
NOT_ASKED_OF_METHODS = NOT_ASKED | {"EX01"}


def docstring_faults(obj: type) -> list[str]:
    """Validate a public object and, for a class, the methods written here."""
    home = f"{obj.__module__}.{obj.__qualname__}"
    faults = _validate(home, NOT_ASKED)
    if inspect.isclass(obj):
        for name in _own_members(obj):
            faults += _validate(f"{home}.{name}", NOT_ASKED_OF_METHODS)
    return faults


def example_faults(module: ModuleType) -> list[str]:
    """Run the examples in the docstrings of a module, private ones too."""
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    faults: list[str] = []
    for test in doctest.DocTestFinder(exclude_empty=True).find(module):
        runner.run(test, out=faults.append)
    return faults


def modules_of(package: Path) -> list[str]:
    """List the dotted names of the modules under a folder."""
    paths = (path.relative_to(package.parent) for path in package.rglob("*.py"))
    names = (".".join(path.with_suffix("").parts) for path in paths)
    return sorted(name.removesuffix(".__init__") for name in names)


def load(name: str) -> ModuleType:
    """Import a module by its dotted name."""
    return importlib.import_module(name)


def _own_members(cls: type) -> list[str]:
    """Name the public methods and properties that this package wrote for a class."""
    root = cls.__module__.partition(".")[0]
    return sorted(
        name
        for base in cls.__mro__
        if base.__module__.partition(".")[0] == root
        for name, member in vars(base).items()
        if not name.startswith("_")
        and (inspect.isfunction(member) or isinstance(member, property))
    )


def _validate(home: str, not_asked: set[str]) -> list[str]:
    return [
        f"{home}: {code} {text}"
        for code, text in validate(home)["errors"]
        if code not in not_asked
    ]
