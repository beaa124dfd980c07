"""`sightline export` as an installation from the wheel runs it, away from the checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest
import yaml

from sightline.artifacts import ROOT
from sightline.export.settings import read
from sightline.mixin.adoption_reference import SCHEMA
from tests.documents import blocks
from tests.exports import adopt, alerts, contents, export

PAGE = ROOT / "docs" / "how-to" / "existing-installation.md"


def code(runner: str) -> list[str]:
    """Return the blocks of *runner* on the page."""
    return [each.code for each in blocks(runner) if each.page == PAGE]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the content of the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def test_the_page_works_as_written_without_a_checkout(installed: Path, tmp_path: Path) -> None:
    commands = "".join(code("sh export"))
    adopt(tmp_path, code("yaml adoption")[0])

    subprocess.run(
        ["/bin/sh", "-euc", commands.replace("sightline ", f"{sys.executable} -m sightline ")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
    )

    assert len(list(alerts(tmp_path / "out"))) > 40
    assert contents(tmp_path / "out") == contents(export(tmp_path / "sightline.yaml"))


@pytest.mark.parametrize("text", [each.code for each in blocks("yaml adoption")])
def test_every_adoption_file_in_the_documentation_is_accepted(text: str, tmp_path: Path) -> None:
    read(adopt(tmp_path, text))

    jsonschema.validate(yaml.safe_load(text), json.loads(SCHEMA.read_text()))
