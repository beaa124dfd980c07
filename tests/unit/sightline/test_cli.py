"""The command as a shell meets it."""

import os
import subprocess
import sys
from importlib import metadata

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
