"""Pages written from the code: reference, departures, tables of benchmarks."""

import sys

import pytest
from paths import DOCS, PACKAGE_DIR

import sklearn_binmask
from sklearn_binmask import deployment, exceptions

PUBLIC = [name for name in sklearn_binmask.__all__ if not name.startswith("__")]
ESTIMATORS = [name for name in PUBLIC if hasattr(getattr(sklearn_binmask, name), "fit")]


@pytest.fixture(scope="module")
def pages():
    sys.path.insert(0, str(DOCS / "_sphinx"))
    try:
        import pages

        return pages
    finally:
        sys.path.remove(str(DOCS / "_sphinx"))


@pytest.fixture(scope="module")
def departures(pages):
    return sys.modules["departures"]


@pytest.fixture(scope="module")
def reference(pages):
    return pages.reference_pages(DOCS)


def test_every_public_name_has_a_page(reference):
    names = [f"sklearn_binmask.{name}.rst" for name in PUBLIC]
    errors = [f"sklearn_binmask.exceptions.{name}.rst" for name in exceptions.__all__]
    assert {*names, *errors} <= reference.keys()
    for page in reference.keys() - {"reference.rst"}:
        assert f"   {page.removesuffix('.rst')}\n" in reference["reference.rst"]


def test_a_constant_is_told_by_its_comment(reference):
    assert "TRUSTED_TYPES" not in deployment.__doc__
    assert "* - TRUSTED_TYPES\n     - What skops finds" in reference["reference.rst"]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_html_view_links_to_the_page(reference, name):
    link = getattr(sklearn_binmask, name)()._get_doc_link()
    folder, page = link.split("/")[-2:]
    assert folder == "generated"
    assert page.replace(".html", ".rst") in reference


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_page_shows_the_methods_written_here_and_names_the_others(reference, name):
    page = reference[f"sklearn_binmask.{name}.rst"]
    assert page.index("automethod:: fit\n") < page.index("automethod:: report\n")
    assert "automethod:: get_params" not in page
    assert "`get_params`" in page


def test_a_page_leads_to_the_gallery_where_it_is_shown(reference):
    assert "minigallery" in reference["sklearn_binmask.PathDisplay.rst"]
    assert "minigallery" not in reference["sklearn_binmask.exceptions.FileError.rst"]


def test_a_page_of_what_is_no_longer_public_goes(pages, tmp_path):
    (tmp_path / "docs" / "benchmarks").mkdir(parents=True)
    (tmp_path / "docs" / "examples").mkdir()
    (tmp_path / "sklearn_binmask").symlink_to(PACKAGE_DIR)
    folder = tmp_path / "docs" / "generated"
    folder.mkdir()
    (folder / "sklearn_binmask.Gone.rst").touch()
    pages.write_pages(tmp_path / "docs")
    assert not (folder / "sklearn_binmask.Gone.rst").exists()
    written = (folder / "reference.rst").stat().st_mtime_ns
    pages.write_pages(tmp_path / "docs")
    assert (folder / "reference.rst").stat().st_mtime_ns == written


# --- departures ---------------------------------------------------------------------


def package(folder, source):
    """Write a package of one module."""
    home = folder / "toy"
    home.mkdir()
    (home / "part.py").write_text(source, encoding="utf-8")
    return home


def test_a_mark_in_a_docstring_brings_its_list_and_its_formula(departures, tmp_path):
    source = (
        '"""What it is.\n\nNOTE[DIFF] We differ in ``two``:\n\n* one::\n\n      a = b\n'
        '\n* another.\n\nNothing more.\n"""\n'
    )
    (found,) = departures.departures(package(tmp_path, source))
    assert (found.path, found.topic) == ("toy/part.py", "What it is")
    assert found.text == (
        "We differ in `two`:\n\n* one:\n\n```text\na = b\n```\n\n* another."
    )


def test_a_mark_in_a_comment_ends_with_the_comment(departures, tmp_path):
    source = "# before\n\n# NOTE[DIFF] We differ,\n# for a reason.\nx = 1  # no\n"
    (found,) = departures.departures(package(tmp_path, source))
    assert found.text == "We differ,\nfor a reason."


def test_no_mark_at_all_is_refused(departures, tmp_path):
    home = package(tmp_path, '"""Nothing."""\n')
    with pytest.raises(ValueError, match="the page of departures is empty"):
        departures.departures_page(home)


def test_a_mark_where_nobody_reads_it_is_refused(departures, tmp_path):
    with pytest.raises(ValueError, match="no docstring or comment"):
        departures.departures(package(tmp_path, 'x = "NOTE[DIFF] in a string"\n'))


def test_the_marks_of_the_package_are_all_found(departures):
    n_marks = sum(
        path.read_text(encoding="utf-8").count("NOTE[DIFF]")
        for path in PACKAGE_DIR.rglob("*.py")
    )
    assert len(departures.departures(PACKAGE_DIR)) == n_marks > 0


# --- tables -------------------------------------------------------------------------


def test_tables_are_listed_by_name_and_missed_in_words(pages, tmp_path):
    assert pages.tables_page(tmp_path / "none") == pages.NO_TABLES
    for name in ("b.md", "a.md", "picture.png"):
        (tmp_path / name).touch()
    text = pages.tables_page(tmp_path)
    assert "\n\n/benchmarks/rendered/a\n/benchmarks/rendered/b\n" in text
    assert "picture" not in text
