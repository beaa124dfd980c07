"""Commands of the documentation for the compose stack."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.artifacts import PROMETHEUS, ROOT
from sightline.environment import read_env_file
from tests.docker.engine import Project, run
from tests.documents import blocks

WITHIN_SECONDS = 240

PAGES = sorted({block.page for block in blocks("sh docker")})


def script(page: Path) -> str:
    """Return the commands of the page as one script."""
    return "\n".join(block.code for block in blocks("sh docker") if block.page == page)


def running_projects() -> set[str]:
    return set(run(["docker", "compose", "ls", "-a", "-q"]).split())


@pytest.fixture
def environ(stack: Project) -> Iterator[dict[str, str]]:
    """Environment in which `docker compose` without options applies to the stack of this run."""
    targets, projects = set((PROMETHEUS / "targets").iterdir()), running_projects()
    yield {
        **os.environ,
        **read_env_file(stack.env_file),
        **stack.environ,
        "COMPOSE_FILE": ":".join(map(str, stack.files)),
        "COMPOSE_PROJECT_NAME": stack.name,
        "STACK": stack.name,
    }
    for file in set((PROMETHEUS / "targets").iterdir()) - targets:
        file.unlink()
    for name in running_projects() - projects:
        run(["docker", "compose", "-p", name, "down", "-t", "2"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_succeed(environ: dict[str, str], page: Path) -> None:
    result = subprocess.run(
        ["/bin/sh", "-euc", script(page)],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr
