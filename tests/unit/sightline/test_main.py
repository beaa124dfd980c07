"""The command line without the dependencies of its extra."""

import os
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from sightline.artifacts import ROOT

BLOCKED = """
import sys

blocked = set(sys.argv.pop(1).split(","))

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if {name, name.partition(".")[0]} & blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
from sightline.__main__ import main
sys.exit(main())
"""


def names(requirements: list[str]) -> set[str]:
    return {Requirement(requirement).name for requirement in requirements}


def modules_of_extra(extra: str) -> set[str]:
    """Return the modules that *extra* adds to the base installation."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    added = names(project["optional-dependencies"][extra]) - names(project["dependencies"])
    return {
        module
        for module, distributions in metadata.packages_distributions().items()
        if added & {name.lower().replace("_", "-") for name in distributions}
    } - {"opentelemetry"}


def run(blocked: set[str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BLOCKED, ",".join(blocked), *words]
    environ = {**os.environ, "SIGHTLINE_STATE": "/dev/null/none"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environ
    )


@pytest.mark.parametrize(
    "words",
    [
        *(("up",), ("down",), ("status",), ("doctor",), ("--help",), ("amtool",), ("lint",)),
        *(("slo", "build", "prometheus/slos.yaml"), ("check",)),
    ],
    ids=lambda words: words[0],
)
def test_without_the_extra_a_command_is_one_line_that_names_it(words: tuple[str, ...]) -> None:
    done = run(modules_of_extra("stack"), *words)

    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert line.startswith("sightline: this command needs ")
    assert line.endswith("run: pip install 'sightline-stack[stack]'")


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("promql_parser", ("lint",)),
        ("yaml", ("slo", "build", "prometheus/slos.yaml")),
        ("starlette", ("check",)),
        ("rich", ("doctor",)),
    ],
)
def test_a_dependency_that_is_imported_late_is_named(module: str, words: tuple[str, ...]) -> None:
    done = run({module}, *words)

    (line,) = done.stderr.splitlines()
    assert f"this command needs {module}" in line


def test_an_error_of_our_own_modules_keeps_its_traceback() -> None:
    done = run({"sightline.cli"}, "status")

    assert "Traceback" in done.stderr
