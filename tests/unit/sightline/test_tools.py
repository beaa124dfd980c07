"""`sightline amtool` and `sightline promtool`, with programs that show their arguments."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """#!/bin/sh
[ "$*" != --version ] || { echo "NAME, version VERSION"; exit; }
printf '%s\\n' "$@"
exit 7
"""


def run(tmp_path: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a machine with both tools only."""
    for name, version in (("amtool", "0.28.0"), ("promtool", "3.5.0")):
        program = PROGRAM.replace("NAME", name).replace("VERSION", version)
        (tmp_path / name).write_text(program)
        (tmp_path / name).chmod(0o755)
    places = {"PATH": f"{tmp_path}:/bin", "SIGHTLINE_STATE": str(tmp_path / "state")}
    return subprocess.run(
        [sys.executable, "-m", "sightline", *words],
        env={**os.environ, **places, "ALERTMANAGER_PORT": "29093", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        (("amtool", "alert", "query"), "--alertmanager.url=http://localhost:29093 alert query"),
        (("amtool", "--alertmanager.url=http://a", "alert"), "--alertmanager.url=http://a alert"),
        (("promtool", "check", "rules", "--help"), "check rules --help"),
    ],
    ids=str,
)
def test_a_tool_gets_its_arguments_and_the_address_of_the_stack(
    tmp_path: Path, words: tuple[str, ...], reported: str
) -> None:
    assert run(tmp_path, *words).stdout.split() == reported.split()


def test_the_status_of_the_tool_is_that_of_the_command(tmp_path: Path) -> None:
    assert run(tmp_path, "amtool", "alert").returncode == 7


def test_a_missing_tool_is_reported_without_a_traceback(tmp_path: Path) -> None:
    empty = str(tmp_path / "empty")

    missing = run(tmp_path, "amtool", PATH=empty, XDG_CACHE_HOME=empty, SIGHTLINE_OFFLINE="true")

    assert missing.returncode == 1
    assert missing.stderr.startswith("sightline: amtool not found. Tried:\n  PATH: ")
