"""Sizes that keep a file readable in one sitting; complexity is ruff's (pyproject.toml)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.artefacts import ROOT

FILE_LINES = 400
FUNCTION_LINES = 50
TEST_LINES = 25

ROOMS = ("instrumentation", "demo_services", "sightline", "tests", "requirements")
MODULES = sorted(module for room in ROOMS for module in (ROOT / room).rglob("*.py"))


def name(module: Path) -> str:
    return str(module.relative_to(ROOT))


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return (
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def too_long(module: Path) -> list[str]:
    """Functions over their budget; a test's is smaller, for a test has no branches to explain."""
    budgets = {True: TEST_LINES, False: FUNCTION_LINES}
    return [
        f"{function.name}: {lines} lines"
        for function in functions(module)
        if (lines := (function.end_lineno or 0) - function.lineno + 1)
        > budgets[function.name.startswith("test_")]
    ]


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_file_is_read_in_one_sitting(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_function_does_one_thing(module: Path) -> None:
    assert too_long(module) == []
