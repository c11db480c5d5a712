"""Where things are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE_DIR = ROOT / "sklearn_binmask"
DOCS = ROOT / "docs"
# What `make docs` writes.
BUILT = {"_build", "gallery", "generated"}
PAGES = sorted(
    path
    for path in DOCS.rglob("*.md")
    if BUILT.isdisjoint(path.relative_to(DOCS).parts[:1])
)
# Texts for users: their code blocks run and their words are ours.
TEXTS = sorted([ROOT / "README.md", *PAGES])
PROSE = [*TEXTS, *sorted(ROOT.glob("C*.md")), *sorted(PACKAGE_DIR.rglob("*.py"))]


def name_of(path: Path) -> str:
    """Name a test's parameter by its path inside the project."""
    return path.relative_to(ROOT).as_posix()
