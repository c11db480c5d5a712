"""What the package promises: names, parameters and their defaults."""

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterable

from numpydoc.docscrape import FunctionDoc

# One word per idea, the same in every estimator. A new word is a decision.
WORDS = """
n_resamples resampling threshold max_false fdr
n_features_to_select min_features_to_select l0_penalty granularity sparsity task refit
mask_learning_rate mask_init numeric_encoding categorical_features feature_groups
mandatory_features device distributed n_jobs cv scoring rule n_members
hidden_layer_sizes activation alpha batch_size learning_rate learning_rate_init
max_iter tol
n_iter_no_change validation_fraction early_stopping warm_start random_state verbose
class_weight
"""
PARAMETERS = frozenset(WORDS.split())
HEAVY = ("numpy", "pandas", "scipy", "sklearn", "torch")


def name_faults(promised: Iterable[str], documented: str) -> list[str]:
    """Compare names with the first column of the table in a markdown text."""
    promised = {name for name in promised if not name.startswith("__")}
    written = set(re.findall(r"^\| `(\w+)` \|", documented, flags=re.MULTILINE))
    return [f"{name} is public but not documented" for name in promised - written] + [
        f"{name} is documented but not public" for name in written - promised
    ]


def parameter_faults(estimator: type) -> list[str]:
    """Refuse parameters outside the table of words, and catch-all ones."""
    parameters = inspect.signature(estimator).parameters.values()
    caught = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [
        f"{estimator.__name__}: {parameter} hides parameters from clone"
        for parameter in parameters
        if parameter.kind in caught
    ] + [
        f"{estimator.__name__}: {parameter.name} is not one of the words"
        for parameter in parameters
        if parameter.kind not in caught and parameter.name not in PARAMETERS
    ]


def default_faults(obj: type) -> list[str]:
    """Compare the defaults of a signature with those in the docstring."""
    documented = {
        parameter.name: _default_in(parameter.type)
        for parameter in FunctionDoc(obj)["Parameters"]
    }
    faults = []
    for name, parameter in inspect.signature(obj).parameters.items():
        is_required = parameter.default is inspect.Parameter.empty
        actual = None if is_required else repr(parameter.default)
        if name not in documented:
            faults.append(f"{obj.__name__}: {name} is not documented")
        elif documented[name] != actual:
            faults.append(
                f"{obj.__name__}: {name} defaults to {actual}, "
                f"its documentation says {documented[name]}"
            )
    return faults


def _default_in(type_text: str) -> str | None:
    """Read 'int, default=3' and write it as Python would: '3'."""
    found = re.search(r"default=(.+)$", type_text)
    if not found:
        return None
    try:
        return repr(ast.literal_eval(found[1]))
    except (SyntaxError, ValueError):
        return found[1]


def import_faults(module: str, heavy: Iterable[str] = HEAVY) -> list[str]:
    """Import a module in a fresh interpreter; name the heavy ones that came along."""
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    return [f"import {module} loads {name}" for name in heavy if name in loaded]
