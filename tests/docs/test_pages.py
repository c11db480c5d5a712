"""The pages of the site: each can be found, and each points to what is there.

None of this needs Sphinx: `make docs` builds the site, with warnings as errors.
"""

import re

import pytest
from paths import DOCS, PACKAGE_DIR, PAGES, ROOT, name_of

WRITTEN = [ROOT / "README.md", *sorted(ROOT.glob("C*.md")), *PAGES]
FENCE = re.compile(r"^(`{3,}|:{3,})(\S+)?(.*?)$\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
OPTION = re.compile(r"^:([\w-]+): *(.*)$", re.MULTILINE)
# Paths of files, from the root or, for modules, from the package.
FILE = re.compile(r"(?<![\w./])((?:docs|tests|_\w+)/[\w./-]*\w\.\w+)\b")
HOMES = (ROOT, PACKAGE_DIR)
# Python runs; text and what is typed in a shell do not, and say so.
LANGUAGES = {"python", "text", "console"}
# Written by the build, of which only the folder is known here.
BUILT = ("generated/", "gallery/")

every_page = pytest.mark.parametrize("page", WRITTEN, ids=name_of)


def directives(page, name):
    """Yield (argument, options, body) of each directive of a name."""
    for _, kind, argument, body in FENCE.findall(page.read_text(encoding="utf-8")):
        if kind == f"{{{name}}}":
            yield argument.strip(), dict(OPTION.findall(body)), OPTION.sub("", body)


def slugs(page):
    """List the anchors of the headings of a page."""
    lines = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in lines]


def test_every_page_is_reached_from_the_first():
    reached, ahead = set(), [DOCS / "index.md"]
    while ahead:
        page = ahead.pop()
        if page in reached:
            continue
        reached.add(page)
        for _, _, body in directives(page, "toctree"):
            for line in filter(None, map(str.strip, body.splitlines())):
                entry = line.partition("<")[2].rstrip(">") or line  # title <entry>
                target = (page.parent / entry).resolve()
                name = target.relative_to(DOCS).as_posix()
                if name.startswith(BUILT):
                    continue
                assert target.with_suffix(".md").exists(), f"{page}: no page {entry}"
                ahead.append(target.with_suffix(".md"))
    sources = {DOCS / "examples" / "data" / "SOURCES.md"}
    rendered = {page for page in PAGES if page.parent.name == "rendered"}
    assert set(PAGES) - reached - sources - rendered == set()


@every_page
def test_a_block_says_whether_it_runs(page):
    for _, language, _, _ in FENCE.findall(page.read_text(encoding="utf-8")):
        assert language in LANGUAGES or language.startswith("{"), language


@every_page
def test_links_and_pictures_lead_somewhere(page):
    for is_picture, words, target in LINK.findall(page.read_text(encoding="utf-8")):
        assert words, f"{target} has no words"
        path = target.partition("#")[0]
        if not path or "://" in path:
            continue
        there = (page.parent / path).resolve()
        if there.is_relative_to(DOCS / "gallery"):
            name = there.relative_to(DOCS / "gallery").with_suffix(".py")
            there = DOCS / "examples" / (name if name.stem != "index" else "")
        assert there.exists(), target
        assert not is_picture or there.is_file()


@every_page
def test_anchors_are_headings(page):
    for _, _, target in LINK.findall(page.read_text(encoding="utf-8")):
        path, hash_, anchor = target.partition("#")
        if not hash_ or "://" in path:
            continue
        there = (page.parent / path).resolve() if path else page
        assert anchor in slugs(there), target


@every_page
def test_files_that_are_named_exist(page):
    names = FILE.findall(page.read_text(encoding="utf-8"))
    assert [n for n in names if not any((home / n).exists() for home in HOMES)] == []


@every_page
def test_what_is_shown_of_the_code_is_there(page):
    for path, options, _ in directives(page, "literalinclude"):
        source = (page.parent / path).read_text(encoding="utf-8")
        for option in ("start-at", "end-before"):
            start = options.get(option, "").strip('"')
            assert start in source, f"{path}: {option} {start!r}"
        name = options.get("pyobject")
        assert name is None or re.search(rf"^(class|def) {name}\b", source, re.M)


def test_some_source_is_shown():
    page = DOCS / "how" / "extending.md"
    paths = [path for path, _, _ in directives(page, "literalinclude")]
    shown = {path.rpartition("/")[2] for path in paths}
    assert {"losses.py", "granularity.py", "columns.py"} <= shown
