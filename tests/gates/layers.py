"""Who may import what: imports run one way, and torch lives in the engine alone."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "sklearn_binmask"
EVERYWHERE = {"exceptions", "_version"}
# Layer -> the layers it may import, besides itself. Any other module is "public".
MAY_IMPORT = {
    "__init__": set(),
    "_version": set(),
    "exceptions": set(),
    "_sklearn": set(),
    "_engine": set(),
    "_encoding": {"_sklearn"},
    "_path": {"_engine"},
    "_parameters": {"_sklearn", "_encoding", "_engine", "_path"},
    "_estimator": {"_sklearn", "_parameters", "_encoding", "_engine", "_path"},
    "_display": set(),
    "public": {"_sklearn", "_parameters", "_estimator", "_display"},
    "_deployment": {"_encoding", "_engine"},
    "deployment": {"_deployment", "public"},  # public itself, and about all others
}
# Layer -> the only third parties it may import; a layer not named here is free.
THIRD_PARTIES = {
    "__init__": set(),
    "_version": set(),
    "exceptions": set(),
    "_engine": {"numpy", "torch", "threadpoolctl"},
}
# Third party -> the only layer that may import it.
HOME_OF = {"torch": "_engine"}


def layer_faults(package: Path) -> list[str]:
    """Read every module under the folder `package`; one sentence per wrong import."""
    faults = []
    for path in sorted(package.rglob("*.py")):
        own = path.relative_to(package).with_suffix("").parts
        for line, name in _imports(path, own):
            if reason := _refusal(_layer(own), name):
                faults.append(f"{'/'.join(own)}.py:{line} imports {name}: {reason}")
    return faults


def _refusal(layer: str, name: str) -> str:
    """Say why `layer` may not import the dotted `name`; empty if it may."""
    root, *rest = name.split(".")
    if root == PACKAGE:
        # Two modules for the public are two layers to each other: hence no `self` pass.
        target = _layer(tuple(rest) or ("__init__",))
        allowed = MAY_IMPORT[layer] | EVERYWHERE | ({layer} - {"public"})
        return "" if target in allowed else f"{layer} stands not above {target}"
    if root in sys.stdlib_module_names:
        return ""
    if layer != HOME_OF.get(root, layer):
        return f"{root} is for {HOME_OF[root]} alone"
    if root not in THIRD_PARTIES.get(layer, {root}):
        return f"{layer} may import {sorted(THIRD_PARTIES[layer])} alone"
    if root == "sklearn" and layer != "_sklearn" and _is_private(rest):
        return "private or experimental names come through _sklearn.py"
    return ""


def _is_private(parts: list[str]) -> bool:
    """Whether scikit-learn makes no promise about a name."""
    hidden = any(p.startswith("_") and not p.startswith("__") for p in parts)
    return hidden or parts[:1] in (["callback"], ["experimental"])


def _layer(parts: tuple[str, ...]) -> str:
    """Return the layer of a module, given by its path inside the package."""
    return parts[0] if parts[0] in MAY_IMPORT else "public"


def _imports(path: Path, own: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name), those inside functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unseen = _for_type_checkers(tree)
    for node in ast.walk(tree):
        if node in unseen:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = [PACKAGE, *own[: len(own) - node.level]] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from ((node.lineno, f"{base}.{a.name}") for a in node.names)


def _for_type_checkers(tree: ast.AST) -> set[ast.AST]:
    """Collect what stands under ``if TYPE_CHECKING``, which never runs."""
    return {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
