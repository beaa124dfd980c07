"""Limits of STYLE.md on the size of files and functions, and on lint exceptions."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sightline.artefacts import ROOT

SOURCE = ("demo_services", "instrumentation", "sightline")

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
MAX_TEST_LINES = 25

EXCEPTIONS: Mapping[str, str] = {
    "instrumentation/conventions.py": "one table of every metric; a reader searches one file",
}
"""Files that may be longer than `MAX_FILE_LINES`, each with the reason."""

MAX_NOQA = 38
"""Number of lint exceptions in source today. It only falls."""


def python_files(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def lines(source: str) -> int:
    return len(source.splitlines())


def long_functions(source: str) -> Iterator[str]:
    """Yield every function and test of *source* that is too long. Decorators do not count."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(end_lineno=int(last)) | ast.AsyncFunctionDef(end_lineno=int(last)):
                limit = MAX_TEST_LINES if node.name.startswith("test_") else MAX_FUNCTION_LINES
                if last - node.lineno >= limit:
                    yield f"{node.lineno}: {node.name}"


def test_a_file_has_at_most_400_lines() -> None:
    sizes = {
        str(path.relative_to(ROOT)): lines(path.read_text(encoding="utf-8"))
        for path in python_files(*SOURCE, "requirements", "tests")
    }

    too_long = {path for path, size in sizes.items() if size > MAX_FILE_LINES}

    assert too_long - EXCEPTIONS.keys() == set()
    assert EXCEPTIONS.keys() - sizes.keys() == set()


def test_a_function_has_at_most_50_lines_and_a_test_25() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{place}"
        for path in python_files(*SOURCE, "requirements", "tests")
        for place in long_functions(path.read_text(encoding="utf-8"))
    ]

    assert found == []


def test_the_source_has_no_more_lint_exceptions_than_today() -> None:
    """Hold the number of `noqa` comments. The goal is fewer than 40."""
    noqa = sum(path.read_text(encoding="utf-8").count("# noqa") for path in python_files(*SOURCE))

    assert noqa <= MAX_NOQA


@pytest.mark.parametrize(
    ("keyword", "name", "limit"),
    [
        ("def", "function", MAX_FUNCTION_LINES),
        ("async def", "coroutine", MAX_FUNCTION_LINES),
        ("def", "test_one", MAX_TEST_LINES),
    ],
)
def test_the_check_finds_a_planted_function(keyword: str, name: str, limit: int) -> None:
    fitting = f"{keyword} {name}():\n" + "    pass\n" * (limit - 1)

    assert list(long_functions(fitting)) == []
    assert list(long_functions(f"{fitting}    pass\n")) == [f"1: {name}"]
