"""Zero-code instrumentation: ``python -m instrumentation -- uvicorn apps:untouched``."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import Collector
from tests.integration.instrumentation.conftest import running


def test_a_service_without_code_changes_is_traced(collector: Collector) -> None:
    with running("untouched", collector, before=("instrumentation", "--")) as service:
        service.client.get("/items/1")
        service.client.get("/warehouse/stock/3")

        names = [span.name for span in service.server_spans(2)]
    assert names == ["GET /items/{item_id}", "GET /warehouse/stock/{item_id}"]


def under_zero_code(
    *command: str, environ: dict[str, str] | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run *command* with zero-code instrumentation and return its output."""
    return subprocess.run(
        [sys.executable, "-m", "instrumentation", "--", *command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(environ or {})},
        cwd=folder,
    )


@pytest.mark.parametrize("command", [[], ["--help"], ["no-such-command"]])
def test_the_usage_is_printed_if_the_command_cannot_run(command: list[str]) -> None:
    shown = under_zero_code(*command)

    assert shown.returncode == 1
    assert "usage: python -m instrumentation -- COMMAND" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_python_is_the_current_interpreter() -> None:
    shown = under_zero_code("python", "-c", "import sys; print(sys.prefix)", environ={"PATH": ""})

    assert shown.stdout == f"{sys.prefix}\n"


def test_the_users_sitecustomize_runs_as_well(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.mine = 'it ran'\n")

    shown = under_zero_code(
        "python",
        "-c",
        "import sys; print(sys.mine, type(sys.meta_path[0]).__module__)",
        environ={"PYTHONPATH": str(tmp_path)},
    )

    assert shown.stdout == "it ran instrumentation._support.on_import\n"


def test_a_child_process_without_starlette_imports_no_telemetry() -> None:
    shown = under_zero_code("python", "-c", "import sys; print(*sys.modules)")

    assert {"prometheus_client", "opentelemetry", "starlette"}.isdisjoint(shown.stdout.split())


def test_a_child_process_without_sightline_is_unaffected(tmp_path: Path) -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', HOOK], check=True)"
    hook = "import sitecustomize; print('goes on')"

    shown = under_zero_code("python", "-c", child.replace("HOOK", repr(hook)), folder=tmp_path)

    assert (shown.stdout, shown.stderr) == ("goes on\n", "")
