"""`requirements/install.sh`: what a machine lacks is named before anything is made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sightline.artifacts import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "requirements").mkdir()
    shutil.copy(ROOT / "requirements" / "install.sh", tmp_path / "requirements")
    return tmp_path


def python(path: Path, script: str) -> str:
    """A program called python that is not all it should be."""
    program = path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


def install(
    checkout: Path, interpreter: str, *, packages: str = "run", **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "requirements/install.sh", packages],
        cwd=checkout,
        env={**os.environ, "PYTHON": interpreter, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_python_is_named(checkout: Path) -> None:
    result = install(checkout, "/nowhere/python3")

    assert result.returncode == 1
    assert "/nowhere/python3: not found" in result.stderr
    assert "make PYTHON=" in result.stderr


def test_an_old_python_is_named_with_its_version(checkout: Path) -> None:
    old = python(checkout, 'case "$*" in *print*) echo 3.9 ;; *) exit 1 ;; esac')

    result = install(checkout, old)

    assert result.returncode == 1
    assert "is Python 3.9; Sightline needs 3.11 or newer" in result.stderr


def test_a_python_without_venv_is_told_which_package(checkout: Path) -> None:
    bare = python(checkout, f'case "$*" in *ensurepip*) exit 1 ;; esac; exec {sys.executable} "$@"')

    result = install(checkout, bare)

    assert result.returncode == 1
    assert "apt install python3-venv" in result.stderr
    assert not (checkout / ".venv").exists()


def test_what_only_the_tests_need_is_named_before_anything_is_made(checkout: Path) -> None:
    (checkout / "dirname").symlink_to("/usr/bin/dirname")

    result = install(checkout, sys.executable, packages="dev", PATH=str(checkout))

    assert result.returncode == 1
    assert "apt install curl" in result.stderr
    assert not (checkout / ".venv").exists()
