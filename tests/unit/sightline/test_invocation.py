"""Commands in messages run as they are printed."""

import ast
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.artifacts import ROOT
from sightline.invocation import command


def texts(module: ast.AST) -> Iterator[str]:
    """Every string of *module* but the documentation of its names."""
    documentation = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and id(node) not in documentation:
            yield str(node.value)


@pytest.mark.parametrize("folder", [ROOT, ROOT / "docs"], ids=str)
def test_a_printed_command_runs_from_where_it_was_printed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    printed = command("--version")

    words = shlex.split(printed.strip("`"))
    ran = subprocess.run(words, capture_output=True, text=True, check=False)

    assert ran.stdout.startswith("sightline ")


def test_from_the_checkout_it_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(sys.prefix).parent)

    assert command("up users") == f"`{Path(sys.prefix).name}/bin/sightline up users`"


def test_it_is_shorter_when_it_is_on_the_search_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{sys.prefix}/bin")

    assert command("down") == "`sightline down`"


@pytest.mark.parametrize(
    "module", sorted((ROOT / "sightline").rglob("*.py")), ids=lambda path: str(path.name)
)
def test_no_message_names_a_command_that_is_not_on_the_search_path(module: Path) -> None:
    written = "\n".join(texts(ast.parse(module.read_text(encoding="utf-8"))))

    assert "`sightline " not in written
