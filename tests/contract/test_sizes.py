"""Limits of STYLE.md on the size of files and functions, and on lint exceptions."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from sightline.artefacts import ROOT

SOURCE = ("demo_services", "instrumentation", "sightline")

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50

EXCEPTIONS: Mapping[str, str] = {
    "instrumentation/conventions.py": "one table of every metric; a reader searches one file",
}
"""Files that may be longer than `MAX_FILE_LINES`, each with the reason."""

MAX_NOQA = 248
"""Number of lint exceptions in source today. It only falls."""


def python_files(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def lines(source: str) -> int:
    return len(source.splitlines())


def long_functions(source: str) -> Iterator[str]:
    """Yield every function of *source* that is too long. Decorators do not count."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(end_lineno=int(last)) | ast.AsyncFunctionDef(end_lineno=int(last)):
                if last - node.lineno >= MAX_FUNCTION_LINES:
                    yield f"{node.lineno}: {node.name}"


def test_a_file_has_at_most_400_lines() -> None:
    sizes = {
        str(path.relative_to(ROOT)): lines(path.read_text(encoding="utf-8"))
        for path in python_files(*SOURCE, "tests")
    }

    too_long = {path for path, size in sizes.items() if size > MAX_FILE_LINES}

    assert too_long - EXCEPTIONS.keys() == set()
    assert EXCEPTIONS.keys() - sizes.keys() == set()


def test_a_function_has_at_most_50_lines() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{place}"
        for path in python_files(*SOURCE, "tests")
        for place in long_functions(path.read_text(encoding="utf-8"))
    ]

    assert found == []


def test_the_source_has_no_more_lint_exceptions_than_today() -> None:
    """Hold the number of `noqa` comments. The goal is fewer than 40."""
    noqa = sum(path.read_text(encoding="utf-8").count("# noqa") for path in python_files(*SOURCE))

    assert noqa <= MAX_NOQA


def test_the_check_counts_the_lines_of_a_planted_function() -> None:
    body = "    pass\n" * (MAX_FUNCTION_LINES - 1)

    assert list(long_functions(f"def fits():\n{body}")) == []
    assert list(long_functions(f"async def long():\n{body}    pass\n")) == ["1: long"]
