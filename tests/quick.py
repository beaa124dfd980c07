"""`make quick`: lint of the changed files, and the unit and contract tests of their rooms.

A file is changed if it is untracked or differs from the merge base with the main branch.
`make check` and `make test` are the complete versions.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sightline.artifacts import ROOT

MAIN_BRANCHES: Final = ("origin/main", "main", "HEAD")
"""Revisions to compare with; the first that exists is taken."""

UNIT: Final = Path("tests/unit")
CONTRACT: Final = Path("tests/contract")

ALWAYS: Final = ("imports", "language", "sizes")
"""Contract tests of every Python file."""

CONTRACTS: Final = {
    ".changelog": ("changelog", "language"),
    ".env": ("configuration", "compose", "ports"),
    "CHANGELOG.md": ("changelog",),
    "README.md": ("front_page", "language"),
    "demo_services": ("hosts",),
    "deploy": ("compose", "logs", "secure"),
    "docker-compose.yml": ("compose", "ports"),
    "docs": ("language",),
    "docs/runbooks": ("runbooks",),
    "grafana": ("dashboards", "dashboard_queries", "generated"),
    "instrumentation": ("configuration", "import_cost"),
    "instrumentation/conventions.py": ("alerts", "dashboards", "generated"),
    "instrumentation/service_metrics.py": ("alerts", "dashboards", "generated"),
    "prometheus": ("alerts", "generated", "prometheus"),
    "prometheus/tests": ("rules",),
    "sightline/grafana": ("dashboards", "dashboard_queries"),
    "sightline/lint": ("dashboards",),
    "sightline/mixin": ("alerts", "dashboards", "dashboard_queries", "generated", "runbooks"),
    "sightline/tracestore": ("store_imports",),
}
"""Contract tests of a file or folder, without ``tests/contract/test_``."""

PAGE_TESTS: Final = ("tests/contract/test_docs.py", "tests/contract/test_commands.py")
"""Contract tests with a case for each page, of which the changed ones run."""


def main(arguments: list[str]) -> int:
    """Check the files that changed since the revision in *arguments*; return an exit status."""
    changed = sorted(changed_files(arguments[0] if arguments else merge_base()))
    if not changed:
        sys.stderr.write("make quick: no file changed\n")
    checks = [*lint(changed), *test_runs(changed)]
    return max((_run(check) for check in checks), default=0)


def merge_base() -> str:
    """Return the commit at which this branch left the main branch."""
    found = (_git("merge-base", "HEAD", revision) for revision in MAIN_BRANCHES)
    return next(lines[0] for lines in found if lines)


def changed_files(base: str) -> set[Path]:
    """Return the paths that differ from *base*, relative to the root; removed ones, too."""
    differing = _git("diff", "--name-only", base)
    untracked = _git("ls-files", "--others", "--exclude-standard")
    return {Path(line) for line in [*differing, *untracked]}


def lint(changed: Iterable[Path]) -> Iterator[list[str]]:
    """Yield the lint commands of *changed*."""
    present = [path for path in changed if (ROOT / path).is_file()]
    python = [str(path) for path in present if path.suffix == ".py"]
    shell = [str(path) for path in present if path.suffix == ".sh" or path == Path(".ci/run")]
    if python:
        yield [_program("ruff"), "check", *python]
        yield [_program("ruff"), "format", "--check", *python]
    if shell:
        yield [_program("shellcheck"), *shell]


def test_runs(changed: Iterable[Path]) -> Iterator[list[str]]:
    """Yield the commands that run the tests of *changed*."""
    changed = list(changed)
    tests = sorted({str(test) for path in changed for test in tests_of(path)})
    pages = sorted(path.name for path in changed if path.suffix == ".md" and _exists(path))
    pytest = [_program("pytest"), "-q", "--no-header"]
    if tests:
        yield [*pytest, "-n", "2", "--dist", "loadfile", *tests]
    if pages:
        yield [*pytest, *PAGE_TESTS, "-k", " or ".join(pages)]


def tests_of(path: Path) -> Iterator[Path]:
    """Yield the unit and contract tests of *path*, which is relative to the root."""
    if path.is_relative_to("tests"):
        kept = path.is_relative_to(UNIT) or path.is_relative_to(CONTRACT)
        yield from [path] if kept and path.name.startswith("test_") and _exists(path) else []
    elif path.suffix == ".py":
        yield from unit_tests(path)
    names = {name for room in CONTRACTS if path.is_relative_to(room) for name in CONTRACTS[room]}
    for name in names.union(ALWAYS if path.suffix == ".py" else ()):
        yield CONTRACT / f"test_{name}.py"


def unit_tests(path: Path) -> list[Path]:
    """Return the unit tests of the module at *path*, or of its room if none names the module."""
    room = unit_room(path)
    if room is None:
        return []
    dotted = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    package, _, name = dotted.rpartition(".")
    spellings = (dotted, f"from {package} import {name}")
    tests = sorted((ROOT / room).rglob("test_*.py"))
    named = [
        test.relative_to(ROOT)
        for test in tests
        if test.stem == f"test_{path.stem.lstrip('_')}"
        or any(spelling in test.read_text(encoding="utf-8") for spelling in spellings)
    ]
    return named or [room]


def unit_room(path: Path) -> Path | None:
    """Return the deepest folder of unit tests that mirrors a folder of *path*."""
    folders = [folder for folder in path.parents if folder != Path()]
    for folder in folders:
        for mirrored in (folder, folder.relative_to(folder.parts[0])):
            if mirrored != Path() and _exists(UNIT / mirrored):
                return UNIT / mirrored
    return None


def _exists(path: Path) -> bool:
    return (ROOT / path).exists()


def _run(command: list[str]) -> int:
    sys.stderr.write(f"{' '.join(command)}\n")
    return subprocess.call(command, cwd=ROOT)


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _git(*arguments: str) -> list[str]:
    """Return the lines that git prints; none if it fails."""
    answer = subprocess.run(
        ["git", *arguments],  # noqa: S607  the git of the developer
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.splitlines() if answer.returncode == 0 else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
