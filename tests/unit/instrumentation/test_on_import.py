"""A function registered for a module runs once, when the module is imported."""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from instrumentation._support.on_import import call_when_imported
from instrumentation.testing import Recording


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Name of a module that is not imported yet."""
    (tmp_path / "late_client.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = list(sys.meta_path)
    yield "late_client"
    sys.modules.pop("late_client", None)
    sys.meta_path[:] = before


def test_every_registered_function_runs_once(module: str) -> None:
    called: list[str] = []
    call_when_imported(module, lambda: called.append("first"))
    call_when_imported(module, lambda: called.append("second"))

    importlib.reload(importlib.import_module(module))

    assert sorted(called) == ["first", "second"]


def test_finding_a_module_without_importing_it_runs_nothing(module: str) -> None:
    called: list[str] = []
    call_when_imported(module, lambda: called.append("imported"))

    spec = importlib.util.find_spec(module)

    assert spec is not None
    assert spec.loader is not None
    assert called == []
    assert importlib.import_module(module).value == 1
    assert called == ["imported"]


def test_the_functions_run_at_the_import_after_a_failed_one(module: str, tmp_path: Path) -> None:
    called: list[str] = []
    call_when_imported(module, lambda: called.append("imported"))
    (tmp_path / "late_client.py").write_text("raise ImportError\n")
    with pytest.raises(ImportError):
        importlib.import_module(module)
    (tmp_path / "late_client.py").write_text("value = 22\n")
    importlib.invalidate_caches()

    assert importlib.import_module(module).value == 22
    assert called == ["imported"]


def test_a_cancelled_function_does_not_run(module: str) -> None:
    called: list[str] = []
    before = list(sys.meta_path)
    cancel = call_when_imported(module, lambda: called.append("imported"))

    cancel()
    cancel()

    assert sys.meta_path == before
    assert importlib.import_module(module).value == 1
    assert called == []


@pytest.fixture
def no_clients() -> Iterator[None]:
    """No HTTP client is imported."""
    before = {name: sys.modules.pop(name, None) for name in ("aiohttp", "httpx", "requests")}
    yield
    sys.modules.update({name: module for name, module in before.items() if module})


@pytest.mark.usefixtures("no_clients")
def test_a_client_that_is_imported_after_the_test_is_not_patched(telemetry: Recording) -> None:
    before = list(sys.meta_path)

    telemetry.instrument(FastAPI())
    assert len(sys.meta_path) == len(before) + 3

    telemetry.close()
    assert sys.meta_path == before
