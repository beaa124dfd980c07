"""Commands of the documentation work on a running stack."""

import subprocess

import pytest

from sightline.artifacts import ROOT
from tests.documents import Block, blocks
from tests.stacks import LocalStack

WITHIN_SECONDS = 90


def place(block: Block) -> str:
    return block.place


@pytest.mark.parametrize("block", blocks("sh system"), ids=place)
def test_a_command_of_the_documentation_works(stack: LocalStack, block: Block) -> None:
    result = subprocess.run(
        ["/bin/sh", "-euc", block.code],
        cwd=ROOT,
        env=dict(stack.environ),
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr
