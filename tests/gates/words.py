"""Prose: one word for one idea, and code blocks that run."""

import contextlib
import io
import re
import traceback
from pathlib import Path

# Word -> the twins that may not stand for it.
TWINS = {
    "gate": r"switch(es)?|toggles?",
    "mask": r"selection vectors?|stencils?",
    "score": r"gate (logit|parameter|value|weight)s?|mask (logit|weight)s?",
    "group": r"bundles?",
    "open/closed": r"(alive|dead|active|inactive) gates?|gates? (is|are) (on|off)",
    "path": r"trajector(y|ies)|regulari[sz]ation path",
    "support": r"active set|selected set",
    "column": r"predictors?|covariates?",
    "penalty": r"sparsity (weight|strength)|l0 (weight|strength)",
}
# A block of Python and, if it follows at once, the text that it prints.
BLOCK = re.compile(
    r"^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?",
    flags=re.MULTILINE | re.DOTALL,
)


def twin_faults(path: Path) -> list[str]:
    """Find twins of our words in a text."""
    text = path.read_text(encoding="utf-8")
    return [
        f"{path.name}:{line_of(text, found.start())}: {found[0]!r} should be {word!r}"
        for word, twins in TWINS.items()
        for found in re.finditer(rf"\b({twins})\b", text, flags=re.IGNORECASE)
    ]


def block_faults(path: Path) -> list[str]:
    """Run the Python blocks of a markdown file, one after the other, as one script.

    Where a block of text follows, it must be what was printed.
    """
    text = path.read_text(encoding="utf-8")
    names: dict[str, object] = {"__name__": path.name}
    for block in BLOCK.finditer(text):
        # Empty lines before it, so that a traceback names the line of the file.
        source = "\n" * line_of(text, block.start()) + block[1]
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile(source, str(path), "exec"), names)
        except Exception:
            return [f"{path.name}: {traceback.format_exc(limit=-3)}"]
        if block[2] and block[2].split() != printed.getvalue().split():
            line = line_of(text, block.start(2))
            return [f"{path.name}:{line}: printed was {printed.getvalue()!r}"]
    return []


def line_of(text: str, position: int) -> int:
    """Return the number of the line that holds a position, from 1."""
    return text.count("\n", 0, position) + 1
