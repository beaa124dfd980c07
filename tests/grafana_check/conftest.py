"""Grafana's definitions, installed from the committed lock."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def node() -> str:
    """Path of Node, after the packages of package-lock.json are installed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    assert node, "node: not on PATH: install Node 20 or newer"
    assert npm, "npm: not on PATH: it comes with Node"
    if not (HERE / "node_modules").exists():
        subprocess.run([npm, "ci"], cwd=HERE, check=True, capture_output=True)
    return node


def check(node: str, *dashboards: Path) -> subprocess.CompletedProcess[str]:
    """Run check.mjs on *dashboards*."""
    command: list[str | Path] = [node, HERE / "check.mjs", *dashboards]
    return subprocess.run(command, capture_output=True, text=True, check=False)
