"""The documentation is true: every block names its runner and runs, every link resolves."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml

from sightline.artifacts import ROOT
from tests.documents import Block, blocks, pages

WITHIN_SECONDS = 60


def links(page: Path) -> Iterator[str]:
    """Relative targets of the page's links, fragments cut off."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = (match.split("#")[0] for match in re.findall(r"\]\(([^)\s]+)\)", text))
    return (target for target in targets if target and "://" not in target)


def runs(*command: str) -> Callable[[str], None]:
    """A check that *command* takes the code as its last argument and succeeds."""

    def check(code: str) -> None:
        result = subprocess.run(
            [*command, code],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=WITHIN_SECONDS,
            check=False,
        )
        assert result.returncode == 0, result.stderr

    return check


def nothing(_: str) -> None:
    """Check nothing: the block shows output, or another test runs it."""


CHECKS: dict[str, Callable[[str], object]] = {
    "sh contract": runs("/bin/sh", "-euc"),
    "python contract": runs(sys.executable, "-c"),
    "promql contract": promql_parser.parse,
    "yaml contract": yaml.safe_load,
    "json contract": json.loads,
    "sh system": nothing,
    "sh docker": nothing,
    "sh ci": nothing,
    "sh export": nothing,
    "yaml adoption": yaml.safe_load,
    "sh contributing": nothing,
    "diff contributing": nothing,
    "text files": nothing,
    "text": nothing,
}


@pytest.mark.parametrize("block", blocks(), ids=lambda block: block.place)
def test_a_code_block_names_its_runner_and_passes_it(block: Block) -> None:
    CHECKS[block.runner](block.code.strip())


def test_the_check_sees_a_broken_block() -> None:
    with pytest.raises(AssertionError):
        CHECKS["sh contract"]("exit 1")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file(page: Path) -> None:
    missing = [target for target in links(page) if not (page.parent / target).exists()]

    assert missing == []
