"""What waits for a module acts when it is imported: once, and not before."""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from instrumentation._support.on_import import call_when_imported


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module that nobody imported yet."""
    (tmp_path / "late_client.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = list(sys.meta_path)
    yield "late_client"
    sys.modules.pop("late_client", None)
    sys.meta_path[:] = before


def test_everybody_who_waits_is_told_once(module: str) -> None:
    told: list[str] = []
    call_when_imported(module, lambda: told.append("first"))
    call_when_imported(module, lambda: told.append("second"))

    importlib.reload(importlib.import_module(module))

    assert sorted(told) == ["first", "second"]


def test_who_only_looks_for_a_module_does_not_end_the_wait(module: str) -> None:
    told: list[str] = []
    call_when_imported(module, lambda: told.append("imported"))

    spec = importlib.util.find_spec(module)

    assert spec is not None
    assert spec.loader is not None
    assert told == []
    assert importlib.import_module(module).value == 1
    assert told == ["imported"]


def test_a_module_that_fails_is_waited_for_again(module: str, tmp_path: Path) -> None:
    told: list[str] = []
    call_when_imported(module, lambda: told.append("imported"))
    (tmp_path / "late_client.py").write_text("raise ImportError\n")
    with pytest.raises(ImportError):
        importlib.import_module(module)
    (tmp_path / "late_client.py").write_text("value = 22\n")
    importlib.invalidate_caches()

    assert importlib.import_module(module).value == 22
    assert told == ["imported"]
