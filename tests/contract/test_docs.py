"""The documentation is true: every block names its runner and runs, every link resolves."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml

from sightline.artefacts import ROOT
from tests.documents import RUNNERS, Block, blocks, pages

WITHIN_SECONDS = 60


def place(block: Block) -> str:
    return block.place


def links(page: Path) -> Iterator[str]:
    """Relative targets of the page's links, fragments cut off."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = (match.split("#")[0] for match in re.findall(r"\]\(([^)\s]+)\)", text))
    return (target for target in targets if target and "://" not in target)


def run(command: list[str], code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
        check=False,
    )


@pytest.mark.parametrize("block", blocks(), ids=place)
def test_a_code_block_names_a_runner_we_have(block: Block) -> None:
    assert block.runner in RUNNERS


@pytest.mark.parametrize("block", blocks("sh contract"), ids=place)
def test_a_shell_block_runs(block: Block) -> None:
    result = run(["/bin/sh", "-euc"], block.code)

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("block", blocks("python contract"), ids=place)
def test_a_python_block_runs(block: Block) -> None:
    result = run([sys.executable, "-c"], block.code)

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("block", blocks("promql contract"), ids=place)
def test_a_query_parses(block: Block) -> None:
    assert promql_parser.parse(block.code.strip()) is not None


@pytest.mark.parametrize("block", blocks("yaml contract"), ids=place)
def test_a_yaml_block_parses(block: Block) -> None:
    assert yaml.safe_load(block.code) is not None


@pytest.mark.parametrize("block", blocks("json contract"), ids=place)
def test_a_json_block_parses(block: Block) -> None:
    assert json.loads(block.code) is not None


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file(page: Path) -> None:
    missing = [target for target in links(page) if not (page.parent / target).exists()]

    assert missing == []
