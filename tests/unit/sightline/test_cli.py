"""The command as a shell meets it."""

import os
import subprocess
import sys
from importlib import metadata

import pytest


@pytest.mark.parametrize("words", [("slo", "explain"), ("lint", "prometheus/rules/demo")], ids=str)
def test_a_reader_that_goes_away_ends_the_command_quietly(words: tuple[str, ...]) -> None:
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


def test_the_version_is_that_of_the_installed_package() -> None:
    command = subprocess.run(
        [sys.executable, "-m", "sightline", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert command.stdout == f"sightline {metadata.version('sightline-stack')}\n"
