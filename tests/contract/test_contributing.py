"""The pages of docs/contributing, followed as written in a copy of this repository.

``diff contributing`` blocks are applied and ``sh contributing`` blocks are run, in the order of the
page. Then the touched files are compared with the ``text files`` block.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.artifacts import ROOT
from tests.documents import Block, blocks

PAGES = sorted((ROOT / "docs" / "contributing").glob("*.md"))
WITHIN_SECONDS = 120

IGNORED = shutil.ignore_patterns(
    *(".git", ".venv", ".sightline", ".*_cache", ".hypothesis", "__pycache__", "node_modules"),
    "*.egg-info",
)
"""Files that git ignores, and git's own."""


def stem(page: Path) -> str:
    return page.stem


def steps(page: Path, *runners: str) -> list[Block]:
    return [block for block in blocks(*runners) if block.page == page]


def copy(folder: Path) -> Path:
    """Copy the repository with an environment of its own, whose packages are those of this one."""
    shutil.copytree(ROOT, folder, ignore=IGNORED)
    environment = folder / ".venv"
    environment.mkdir()
    for entry in (ROOT / ".venv").iterdir():
        (environment / entry.name).symlink_to(entry)
    for stamp in ("run", "dev"):
        (environment / f"{stamp}.stamp").unlink(missing_ok=True)
        (environment / f"{stamp}.stamp").touch()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file that git would track, by path."""
    found: dict[str, bytes] = {}
    for place, names, files in os.walk(folder):
        names[:] = set(names) - IGNORED(place, names)
        for name in set(files) - IGNORED(place, files):
            path = Path(place, name)
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def touched(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    """Return path and letter of each difference: M for modified, A for added, D for deleted."""
    modified = {f"M {path}" for path in before.keys() & after if before[path] != after[path]}
    added = {f"A {path}" for path in after.keys() - before}
    return modified | added | {f"D {path}" for path in before.keys() - after}


def hunks(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the old and the new text of each part of a ``diff contributing`` block."""
    for part in "\n".join(lines).split("\n@@\n"):
        rows = part.splitlines()
        assert all(row[:1] in {" ", "+", "-", ""} for row in rows), part
        old = [row[1:] for row in rows if not row.startswith("+")]
        new = [row[1:] for row in rows if not row.startswith("-")]
        yield "".join(f"{row}\n" for row in old), "".join(f"{row}\n" for row in new)


def apply(block: Block, folder: Path) -> None:
    """Change the file that the first line names. ``+++`` creates it, ``---`` changes it."""
    head, *lines = block.code.splitlines()
    path = folder / head[4:]
    if head.startswith("+++ "):
        path.write_text("".join(f"{line[1:]}\n" for line in lines), encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    for old, new in hunks(lines):
        assert text.count(old) == 1, f"{block.place}: {head[4:]} has not exactly one\n{old}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def run(block: Block, folder: Path) -> None:
    """Run the commands of *block* in *folder*."""
    inherited = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    environ = inherited | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    answer = subprocess.run(
        ["/bin/sh", "-euc", block.code],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
        check=False,
    )
    assert answer.returncode == 0, f"{block.place}\n{answer.stdout}\n{answer.stderr}"


RUNNERS = {"diff contributing": apply, "sh contributing": run}


@pytest.mark.parametrize("page", PAGES, ids=stem)
def test_the_page_as_written_touches_exactly_the_files_it_names(page: Path, tmp_path: Path) -> None:
    folder = copy(tmp_path / "sightline")
    before = contents(folder)

    for step in steps(page, *RUNNERS):
        RUNNERS[step.runner](step, folder)

    (listed,) = steps(page, "text files")
    assert touched(before, contents(folder)) == set(listed.code.splitlines())


def test_there_is_a_page_for_each_kind_of_change() -> None:
    assert [page.stem for page in PAGES] == [
        "add-a-metric",
        "add-a-panel",
        "add-an-alert",
        "add-an-http-client",
    ]


def test_the_check_finds_added_modified_and_deleted_files() -> None:
    before, after = {"a": b"1", "b": b"1", "c": b"1"}, {"a": b"1", "b": b"2", "d": b"1"}

    assert touched(before, after) == {"M b", "A d", "D c"}
