"""Fragments in `.changelog/`, from which towncrier builds CHANGELOG.md."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sightline.artifacts import ROOT

FOLDER = ROOT / ".changelog"
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]
FRAGMENTS = sorted(FOLDER.glob("*.md"))

NAME = re.compile(r"[a-z0-9-]+\.([a-z]+)\.md")
CODE = re.compile(r"`[^`]*`")
SENTENCE_END = re.compile(r"[.!?](?=\s|$)")


def has_known_type(name: str) -> bool:
    match = NAME.fullmatch(name)
    return match is not None and match[1] in {kind["directory"] for kind in CONFIG["type"]}


def sentences(text: str) -> int:
    """Return the number of sentences, or 0 if *text* does not end with one."""
    without_code = CODE.sub("x", text).strip()
    return len(SENTENCE_END.findall(without_code)) if without_code.endswith(".") else 0


def test_the_folder_holds_fragments_and_their_template_alone() -> None:
    others = set(FOLDER.iterdir()) - set(FRAGMENTS)

    assert others == {ROOT / CONFIG["template"]}
    assert [file.name for file in FRAGMENTS if not has_known_type(file.name)] == []


def test_a_fragment_is_one_or_two_sentences() -> None:
    counts = {file.name: sentences(file.read_text(encoding="utf-8")) for file in FRAGMENTS}

    assert {name: count for name, count in counts.items() if count not in (1, 2)} == {}


def test_towncrier_puts_every_fragment_into_the_changelog(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / ".changelog")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(ROOT / "CHANGELOG.md", tmp_path)
    (tmp_path / ".changelog" / "planted.fixed.md").write_text("A planted fault is fixed.\n")

    command = [sys.executable, "-m", "towncrier", "build", "--yes", "--version", "9.9.9"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    changelog = (tmp_path / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "- A planted fault is fixed.\n" in changelog.partition("## 9.9.9 (")[2]
    assert list((tmp_path / ".changelog").glob("*.md")) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [("Now `a. b` works.\n", 1), ("It works. So\ndoes this.\n", 2), ("No full stop\n", 0)],
)
def test_the_check_counts_sentences(text: str, count: int) -> None:
    assert sentences(text) == count


@pytest.mark.parametrize("name", ["a.news.md", "a.md", "A_b.added.md"])
def test_the_check_rejects_other_names(name: str) -> None:
    assert not has_known_type(name)
