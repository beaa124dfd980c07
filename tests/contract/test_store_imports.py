"""Import rules inside the trace store: by folder, without a cycle."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from sightline.artifacts import ROOT

STORE = ROOT / "sightline" / "tracestore"

ALLOWED = {
    "storage": {"storage"},
    "ingest": {"ingest", "storage"},
    "query": {"query", "storage"},
}
"""Folders that a folder may import; the modules beside the folders may import all of them."""


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in STORE.rglob("*.py")}


def imported(path: Path) -> Iterator[str]:
    """Yield the modules of the store that *path* imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            yield from names or ({node.module} & MODULES.keys())


def folder(name: str) -> str:
    """Return the folder of the module *name*; empty for a module beside the folders."""
    first = name.removeprefix("sightline.tracestore").lstrip(".").partition(".")[0]
    return first if (STORE / first).is_dir() else ""


@pytest.mark.parametrize("room", ALLOWED)
def test_a_folder_imports_only_the_folders_below_it(room: str) -> None:
    found = {
        f"{name} imports {other}"
        for name, path in MODULES.items()
        if folder(name) == room
        for other in imported(path)
        if folder(other) not in ALLOWED[room]
    }

    assert found == set()


def test_modules_import_each_other_without_a_cycle() -> None:
    graph = {name: set(imported(path)) - {name} for name, path in MODULES.items()}

    assert list(TopologicalSorter(graph).static_order())


def test_every_folder_has_a_rule() -> None:
    assert {folder(name) for name in MODULES} - {""} == ALLOWED.keys()
