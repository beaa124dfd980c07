"""Limits of STYLE.md on the size of files and functions, and on lint exceptions."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sightline.artifacts import ROOT

SOURCE = ("demo_services", "instrumentation", "sightline")
ROOMS = sorted(
    path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")
)
"""Every folder: source, tests, requirements, deploy and those to come."""

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
MAX_TEST_LINES = 25

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


def long_files(sources: Mapping[str, str]) -> set[str]:
    """Return the paths of *sources*, by path, that are too long."""
    return {path for path, source in sources.items() if lines(source) > MAX_FILE_LINES}


def test_a_file_has_at_most_400_lines() -> None:
    sources = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in python_files(*ROOMS)
    }

    assert long_files(sources) == set()


def test_the_check_finds_a_planted_file() -> None:
    fitting = "pass\n" * MAX_FILE_LINES

    assert long_files({"a.py": fitting, "b.py": f"{fitting}pass\n"}) == {"b.py"}


@pytest.mark.parametrize("room", [*SOURCE, "deploy", "requirements", "tests"])
def test_every_room_with_python_files_is_measured(room: str) -> None:
    assert room in ROOMS
    assert python_files(room)


def test_a_function_has_at_most_50_lines_and_a_test_25() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{place}"
        for path in python_files(*ROOMS)
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
