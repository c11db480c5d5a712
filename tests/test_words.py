"""The code in our texts runs, and one idea has one word."""

import pytest
from gates.words import BLOCK, block_faults, twin_faults
from paths import PROSE, ROOT, TEXTS, name_of


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_code_blocks_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # what a block writes is not left in the project
    assert block_faults(path) == []


def test_the_readme_shows_code():
    assert BLOCK.search((ROOT / "README.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PROSE, ids=name_of)
def test_one_word_for_one_idea(path):
    assert twin_faults(path) == []
