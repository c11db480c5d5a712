"""The pages that are written from the code: reference, departures, tables.

`write_pages` puts them in ``docs/generated``, which git ignores; ``conf.py`` calls it
before Sphinx looks for pages. Nothing here needs Sphinx.
"""

import ast
import importlib
import inspect
from pathlib import Path
from types import ModuleType

from departures import departures_page

PACKAGE = "sklearn_binmask"
GENERATED = "generated"


def write_pages(docs: Path) -> None:
    """Write all pages; those that have not changed keep their date."""
    folder = docs / GENERATED
    folder.mkdir(exist_ok=True)
    pages = reference_pages(docs)
    pages["departures.md"] = departures_page(docs.parent / PACKAGE)
    pages["tables.md"] = tables_page(docs / "benchmarks" / "rendered")
    for old in folder.glob("*.rst"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


# Reference -----------------------------------------------------------------------


def reference_pages(docs: Path) -> dict[str, str]:
    """Return the text of each page of the reference by its file name."""
    shown = names_in(docs / "examples")
    pages = {}
    sections = []
    for module, names in public_names(docs.parent / PACKAGE).items():
        rows = []
        for name in names:
            value = getattr(importlib.import_module(module), name)
            if is_constant(value):
                rows.append((name, constant_line(name, module)))
                continue
            pages[f"{module}.{name}.rst"] = object_page(
                module, name, value, shown=(module, name) in shown
            )
            first = inspect.getdoc(value).splitlines()[0]
            rows.append((f":obj:`~{module}.{name}`", first))
        sections.append(section(module, names, rows))
    pages["reference.rst"] = REFERENCE_HEAD + "\n".join(sections)
    return pages


def public_names(package: Path) -> dict[str, list[str]]:
    """List public names by module, each where it is imported from first.

    The package itself comes first; its public modules add what it does not have.
    """
    root = importlib.import_module(PACKAGE)
    names = {PACKAGE: [n for n in root.__all__ if not n.startswith("__")]}
    known = set(names[PACKAGE])
    files = package.glob("[!_]*.py")
    folders = (path.parent for path in package.glob("[!_]*/__init__.py"))
    for path in sorted([*files, *folders]):
        module: ModuleType = importlib.import_module(f"{PACKAGE}.{path.stem}")
        new = [n for n in module.__all__ if n not in known]
        if new:
            names[module.__name__] = new
    return names


def names_in(examples: Path) -> set[tuple[str | None, str]]:
    """Collect what the examples of the gallery import: pairs of module and name."""
    return {
        (node.module, alias.name)
        for path in examples.rglob("plot_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def is_constant(value: object) -> bool:
    """Whether there is nothing to call."""
    return not callable(value)


def constant_line(name: str, module: str) -> str:
    """Say what a constant is, by the comment that stands above it."""
    lines = inspect.getsource(importlib.import_module(module)).splitlines()
    (at,) = [i for i, line in enumerate(lines) if line.startswith(f"{name}:")]
    first = at
    while lines[first - 1].startswith("#"):
        first -= 1
    return " ".join(line.removeprefix("#").strip() for line in lines[first:at])


def object_page(module: str, name: str, value: object, shown: bool) -> str:
    """Return the page of a class or a function."""
    kind = "autoclass" if inspect.isclass(value) else "autofunction"
    text = f"{name}\n{'=' * len(name)}\n\n.. currentmodule:: {module}\n\n"
    text += f".. {kind}:: {name}\n"
    if inspect.isclass(value):
        own, inherited = methods_of(value)
        text += "".join(f"\n   .. automethod:: {method}\n" for method in own)
        if inherited and hasattr(value, "fit"):
            listed = ", ".join(f"`{method}`" for method in inherited)
            text += f"\nFrom scikit-learn, and as documented there: {listed}.\n"
    if shown:
        text += f"\n.. minigallery:: {module}.{name}\n"
        text += "   :add-heading: In the gallery\n   :heading-level: -\n"
    return text


def methods_of(cls: type) -> tuple[list[str], list[str]]:
    """List the public methods written in this package, `fit` first, and the others."""
    own, inherited = [], []
    for name, member in inspect.getmembers(cls, callable):
        if name.startswith("_"):
            continue
        is_own = getattr(member, "__module__", "").partition(".")[0] == PACKAGE
        (own if is_own else inherited).append(name)
    return sorted(own, key=lambda name: (name != "fit", name)), inherited


def section(module: str, names: list[str], rows: list[tuple[str, str]]) -> str:
    """Return the part of the reference that lists one module."""
    title = f"``{module}``"
    lines = [title, "-" * len(title), ""]
    summary = inspect.getdoc(importlib.import_module(module)).splitlines()[0]
    lines += [summary, "", ".. list-table::", "   :widths: 40 60", ""]
    for name, first in rows:
        lines += [f"   * - {name}", f"     - {first}"]
    pages = [f"   {module}.{n}" for n in names if not _is_constant_of(module, n)]
    if pages:
        lines += ["", ".. toctree::", "   :hidden:", "", *pages]
    return "\n".join([*lines, ""])


def _is_constant_of(module: str, name: str) -> bool:
    return is_constant(getattr(importlib.import_module(module), name))


REFERENCE_HEAD = """\
Reference
=========

Every public name, generated from the package. Importing it is free: a name brings its
module, and with it torch and scikit-learn, when it is first used.

"""


# Benchmarks ----------------------------------------------------------------------

NO_TABLES = "No table has been rendered in this copy; the commands below make them.\n"


def tables_page(rendered: Path) -> str:
    """List the pages that the benchmarks have rendered, or say that there is none."""
    names = [path.stem for path in sorted(rendered.glob("*.md"))]
    if not names:
        return NO_TABLES
    entries = "\n".join(f"/benchmarks/rendered/{name}" for name in names)
    return f"```{{toctree}}\n:maxdepth: 1\n\n{entries}\n```\n"
