"""A service that nobody touched: ``python -m instrumentation -- uvicorn apps:untouched``."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import Collector
from tests.integration.instrumentation.conftest import running


def test_an_untouched_service_is_traced_and_measured(collector: Collector) -> None:
    with running("untouched", collector, before=("instrumentation", "--")) as service:
        service.client.get("/items/1")
        service.client.get("/warehouse/stock/3")

        names = [span.name for span in service.server_spans(2)]
    assert names == ["GET /items/{item_id}", "GET /warehouse/stock/{item_id}"]


def under_zero_code(
    *command: str, environ: dict[str, str] | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """What *command* says when it is started without a line of its own."""
    return subprocess.run(
        [sys.executable, "-m", "instrumentation", "--", *command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(environ or {})},
        cwd=folder,
    )


@pytest.mark.parametrize("command", [[], ["--help"], ["no-such-command"]])
def test_without_a_command_that_runs_the_usage_is_shown(command: list[str]) -> None:
    shown = under_zero_code(*command)

    assert shown.returncode == 1
    assert "usage: python -m instrumentation -- COMMAND" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_python_is_the_one_that_was_asked() -> None:
    shown = under_zero_code("python", "-c", "import sys; print(sys.prefix)", environ={"PATH": ""})

    assert shown.stdout == f"{sys.prefix}\n"


def test_a_sitecustomize_of_the_users_own_runs_as_well(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.mine = 'it ran'\n")

    shown = under_zero_code(
        "python",
        "-c",
        "import sys; print(sys.mine, type(sys.meta_path[0]).__module__)",
        environ={"PYTHONPATH": str(tmp_path)},
    )

    assert shown.stdout == "it ran instrumentation._support.on_import\n"


def test_every_other_python_below_pays_nothing() -> None:
    shown = under_zero_code("python", "-c", "import sys; print(*sys.modules)")

    assert {"prometheus_client", "opentelemetry", "starlette"}.isdisjoint(shown.stdout.split())


def test_a_python_without_sightline_goes_on_without_a_word(tmp_path: Path) -> None:
    alone = "import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', HOOK], check=True)"
    hook = "import sitecustomize; print('goes on')"

    shown = under_zero_code("python", "-c", alone.replace("HOOK", repr(hook)), folder=tmp_path)

    assert (shown.stdout, shown.stderr) == ("goes on\n", "")
