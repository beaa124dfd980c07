"""Every command that a page prints can be run as it is printed, from the checkout."""

import argparse
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from itertools import dropwhile, takewhile
from pathlib import Path

import pytest

from sightline import cli, new_alert, tools
from sightline.artifacts import ROOT
from sightline.binaries import find
from sightline.config import Config
from sightline.slo import command as slo
from sightline.viewer import check
from tests.documents import Command, commands, pages

PROVIDED = {
    "apt": "every Debian and Ubuntu",
    "apt-get": "every Debian and Ubuntu",
    "cd": "the shell",
    "chcon": "coreutils",
    "chmod": "coreutils",
    "cp": "coreutils",
    "curl": "Debian's package curl",
    "df": "coreutils",
    "docker": "Docker Engine with its compose plugin",
    "git": "Debian's package git",
    "granian": "the service's own requirements",
    "gunicorn": "the service's own requirements",
    "hypercorn": "the service's own requirements",
    "jaeger": "a Jaeger that the reader installed",
    "kill": "the shell",
    "kubectl": "a Kubernetes that the reader has",
    "ls": "coreutils",
    "pip": "the service's own environment",
    "printf": "the shell",
    "python": "the service's own environment",
    "python3": "Debian's package python3",
    "rm": "coreutils",
    "sqlite3": "Debian's package sqlite3",
    "sudo": "Debian's package sudo",
    "ulimit": "the shell",
    "uv": "pip install uv",
    "uvicorn": "the service's own requirements",
}
"""Programs that the reader's machine has or can get, with what provides each."""

ELSEWHERE = {
    "amtool": ".venv/bin/sightline amtool",
    "promtool": ".venv/bin/sightline promtool",
    "py-spy": ".venv/bin/py-spy",
    "pytest": ".venv/bin/pytest",
    "sightline": ".venv/bin/sightline",
}
"""Programs that are not on the search path, with what a page writes instead."""

PARSERS: dict[str, Callable[[], argparse.ArgumentParser]] = {
    "check": check.parser,
    "new": new_alert.parser,
    "slo": slo.parser,
}
"""Subcommands with a parser of their own."""

PROGRAMS = {*PROVIDED, *ELSEWHERE, "make", "sh"}
FILE = re.compile(r"[\w.-]+(/[\w.-]+)+")
MADE_BY_THE_READER = (".sightline/", "deploy/compose/secrets", "prometheus/targets/services-")


def complaints(command: Command) -> Iterator[str]:
    """Yield the reasons why *command* does not run as printed."""
    program, *words = command.words
    if program in ELSEWHERE and words:
        yield f"{program} is not on the search path: write {ELSEWHERE[program]}"
    elif program == "make":
        yield from (f"no target {word}" for word in words if not ("=" in word or word in targets()))
    elif program == ".venv/bin/sightline":
        yield from refused(words)
    elif program == ".venv/bin/python" and words[0] == "-m" and not find_spec(words[1]):
        yield f"no module {words[1]}"
    yield from (f"no file {word}" for word in command.words if FILE.fullmatch(word) and lost(word))


@cache
def targets() -> frozenset[str]:
    """Targets of the Makefile."""
    return frozenset(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def lost(word: str) -> bool:
    """Tell whether *word* is a path into this checkout at which nothing is."""
    ours = (ROOT / word.split("/", maxsplit=1)[0]).is_dir() and not word.startswith(
        MADE_BY_THE_READER
    )
    return ours and not (ROOT / word).exists()


def refused(words: list[str]) -> Iterator[str]:
    """Yield the errors of `sightline`, or of the tool that it executes, for *words*."""
    if words[0] in tools.TOOLS:
        yield from unknown_to_tool(words[0], words[1:])
        return
    own = words[0] in PARSERS
    parser = PARSERS[words[0]]() if own else cli.parser()
    try:
        parser.parse_args(words[1:] if own else words)
    except SystemExit as end:
        yield from [f"status {end.code} of {words}"] if end.code else []


def unknown_to_tool(tool: str, words: list[str]) -> Iterator[str]:
    """Subcommand and flags among *words* that the help of *tool* does not know."""
    spoken = dropwhile(lambda word: word.startswith("-"), words)
    subcommand = tuple(takewhile(re.compile("[a-z][a-z-]*").fullmatch, spoken))
    flags = [word.split("=")[0] for word in words if word.startswith("--")]
    said = usage(tool, subcommand)
    if not said.startswith(f"usage: {' '.join((tool, *subcommand))} "):
        yield f"no subcommand {subcommand}"
    yield from (f"no flag {flag}" for flag in flags if flag not in said)


@cache
def usage(tool: str, subcommand: tuple[str, ...]) -> str:
    """Help of a subcommand."""
    program = find(tool, Config.from_env(os.environ)).path
    asked = [str(program), *subcommand, "--help"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    return said.stdout + said.stderr


PAGES = [
    page
    for page in pages("docs", "deploy")
    if page.parent.name != "contributing"
    and page.name not in {"CHANGELOG.md", "adoption.md", "existing-installation.md"}
]
"""Pages with commands of a checkout. Other tests run those of docs/contributing, and of the pages
for an installed package. The changelog tells of commands of earlier releases."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_can_be_run_as_it_is_printed(page: Path) -> None:
    found = [
        f"{page.relative_to(ROOT)}:{command.line}: {complaint}"
        for command in commands(page, PROGRAMS)
        for complaint in complaints(command)
    ]

    assert found == []


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("amtool silence query", "amtool is not on the search path"),
        ("make tea", "no target tea"),
        (".venv/bin/sightline up --sideways", "status 2"),
        (".venv/bin/sightline slo backtest --until 7d", "status 2"),
        (".venv/bin/sightline amtool silence frob", "no subcommand"),
        (".venv/bin/sightline promtool test rules --fast", "no flag --fast"),
        (".venv/bin/python -m tests.nothing", "no module tests.nothing"),
        ("sh deploy/compose/nothing.sh", "no file deploy/compose/nothing.sh"),
    ],
)
def test_the_check_sees_a_command_that_cannot_run(
    tmp_path: Path, typed: str, complaint: str
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Type `{typed}`.\n")

    (command,) = commands(page, PROGRAMS)

    assert complaint in "".join(complaints(command))


def test_the_check_reads_blocks_prompts_variables_and_long_lines(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```text\n$ A=1 make \\\n  up\nmake down   stop it\nnothing\n```\n")

    assert [command.words for command in commands(page, PROGRAMS)] == [
        ("make", "up"),
        ("make", "down"),
    ]
