"""The command as a shell meets it."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("words", [("slo", "explain"), ("lint", "prometheus/rules/demo")], ids=str)
def test_a_reader_that_goes_away_ends_the_command_quietly(words: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    command = subprocess.run(
        [sys.executable, "-m", "sightline.cli", *words],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    os.close(writing)
    assert (command.stderr, command.returncode) == ("", 141)
