"""Newest releases of prometheus_client and OpenTelemetry, as the package index has them today.

The locks pin the releases of all other tests. Here a release of this morning fails the build before
it reaches a service.
"""

import os
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from sightline.artifacts import ROOT

TESTS = (
    "tests/contract/test_foreign_internals.py",
    "tests/contract/test_import_cost.py",
    "tests/integration/export",
    "tests/integration/instrumentation",
    "tests/unit/export",
    "tests/unit/instrumentation",
)
"""Tests of everything that uses the two libraries, with and without their private names."""

LIBRARIES = sorted(
    each.name
    for each in distributions()
    if re.match(r"opentelemetry-|prometheus[-_]client", each.name)
)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Interpreter of an environment with the locked packages, but the newest `LIBRARIES`."""
    folder = tmp_path_factory.mktemp("newest") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    found = folder / "bin" / "python"
    locked = ROOT / "requirements" / "dev.lock"
    install(found, "--require-hashes", "-r", str(locked))
    install(found, "--no-build-isolation", "--no-deps", "--editable", str(ROOT))
    install(found, "--upgrade", *LIBRARIES)
    return found


def install(python: Path, *arguments: str) -> None:
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *arguments], check=True)


@pytest.mark.timeout(1200)
def test_the_newest_libraries_pass_the_tests_of_the_instrumentation(python: Path) -> None:
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    options = ["-q", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile"]
    tests = [str(python), "-m", "pytest", *options, *TESTS]

    finished = subprocess.run(tests, cwd=ROOT, env=environ, check=False)

    assert finished.returncode == 0
