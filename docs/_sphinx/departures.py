"""Where the code departs from the paper: collected from its ``NOTE[DIFF]`` marks.

A mark stands in a docstring or in a comment. What follows it, up to the end of the
paragraph and of the list that belongs to it, is the note.
"""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

MARK = "NOTE[DIFF]"


@dataclass(frozen=True)
class Departure:
    """One mark: where it stands, what the file is about, and what it says."""

    path: str
    topic: str
    text: str


def departures_page(package: Path) -> str:
    """Return the departures as Markdown; there must be some."""
    found = departures(package)
    if not found:
        raise ValueError(f"No {MARK} in {package}: the page of departures is empty.")
    return "\n".join(f"## {d.topic}\n\n`{d.path}`\n\n{d.text}\n" for d in found)


def departures(package: Path) -> list[Departure]:
    """Collect the marks of all modules of a package, in the order of their paths."""
    found = []
    for path in sorted(package.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if MARK not in source:
            continue
        name = path.relative_to(package.parent).as_posix()
        notes = list(_notes(source))
        if not notes:
            raise ValueError(f"{name} has a {MARK} that is in no docstring or comment.")
        topic = (ast.get_docstring(ast.parse(source)) or name).splitlines()[0]
        found += [Departure(name, topic.rstrip("."), note) for note in notes]
    return found


def _notes(source: str) -> Iterator[str]:
    for text in [*_docstrings(source), *_comments(source)]:
        for after in text.split(MARK)[1:]:
            yield _as_markdown(_paragraphs(after.strip()))


def _docstrings(source: str) -> Iterator[str]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            yield text


def _comments(source: str) -> Iterator[str]:
    """Yield runs of comments that each stand on lines of their own."""
    run: list[str] = []
    last = -1
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or token.line.lstrip()[0] != "#":
            continue
        if token.start[0] != last + 1 and run:
            yield "\n".join(run)
            run = []
        run.append(token.string.removeprefix("#").removeprefix(" "))
        last = token.start[0]
    if run:
        yield "\n".join(run)


def _paragraphs(text: str) -> list[str]:
    """Take the first paragraph, and what a colon at its end announces."""
    blocks = text.split("\n\n")
    taken = [blocks[0]]
    for block in blocks[1:]:
        is_listed = block.startswith(("* ", "- ", " "))
        if not is_listed or not taken[0].endswith(":"):
            break
        taken.append(block)
    return taken


def _as_markdown(blocks: list[str]) -> str:
    """Turn the reStructuredText of our docstrings into Markdown."""
    lines = []
    literal = False
    for block in blocks:
        if literal:
            lines.append(f"```text\n{dedent(block)}\n```")
            literal = False
            continue
        literal = block.endswith("::")
        plain = block.removesuffix(":") if literal else block
        lines.append(plain.replace("``", "`"))
    return "\n\n".join(lines)
