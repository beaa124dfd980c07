"""The command as a shell meets it."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest


@pytest.mark.parametrize("words", [("slo", "explain"), ("lint", "prometheus/rules/demo")], ids=str)
def test_a_closed_pipe_ends_the_command_without_output(words: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    command = subprocess.run(
        [sys.executable, "-m", "sightline", *words],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    os.close(writing)
    assert (command.stderr, command.returncode) == ("", 141)


def test_version_prints_the_version_of_the_package() -> None:
    command = subprocess.run(
        [sys.executable, "-m", "sightline", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert command.stdout == f"sightline {metadata.version('sightline-stack')}\n"


@pytest.fixture
def dashboard(tmp_path: Path) -> Path:
    """Return a dashboard with findings in a panel with an accent."""
    path = tmp_path / "shop.json"
    path.write_text('{"title": "Shop", "panels": [{"title": "Café"}]}', encoding="utf-8")
    return path


def test_letters_that_the_output_lacks_are_escaped(dashboard: Path) -> None:
    command = subprocess.run(
        [sys.executable, "-m", "sightline", "lint", dashboard],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (command.stderr, command.returncode) == ("", 1)
    assert 'panel ? "Caf\\xe9"' in command.stdout


def test_a_closed_output_leaves_the_exit_status(dashboard: Path) -> None:
    command = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m sightline lint "$1" >&-', sys.executable, dashboard],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert (command.stderr, command.returncode) == ("", 1)
