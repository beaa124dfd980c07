"""The command ``sightline lint``: print the findings and how much was read."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from sightline.errors import ConfigurationError
from sightline.lint import documents
from sightline.lint.finding import Finding
from sightline.lint.run import Run
from sightline.printable import printable

FOUND: Final = 1
"""Exit status with findings."""
NOT_READ: Final = 2
"""Exit status if something could not be read, also with findings."""


def main(paths: Sequence[str]) -> int:
    """Lint *paths* and print a report; return the exit status, 0 without findings.

    Raises:
        ConfigurationError: A path does not exist, or contains nothing to lint.
    """
    run = Run.of(_files(paths))
    if not run.linted and not run.unread:
        raise ConfigurationError(
            f"{', '.join(paths)}: no dashboards, rules or data sources: expected such files "
            "or folders"
        )
    findings = run.findings()
    for finding in findings:
        print(printable(str(finding)))
    print(_summary(run, findings))
    if run.unread:
        return NOT_READ
    return FOUND if findings else 0


def _files(paths: Sequence[str]) -> Iterator[Path]:
    """Yield files given by name, and those with a known suffix in folders, each once."""
    seen: set[str] = set()
    for path in map(Path, paths):
        if not _exists(path):
            raise ConfigurationError(
                f"{path}: no such file: expected a dashboard, a rule file or a folder"
            )
        for file in _below(path) if path.is_dir() else [path]:
            real = os.path.realpath(file)
            if real not in seen:
                seen.add(real)
                yield file


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error


def _below(folder: Path) -> Iterator[Path]:
    """Yield files and broken links, which are reported, but no pipes or devices."""
    return (
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in documents.SUFFIXES and (path.is_file() or not path.exists())
    )


def _summary(run: Run, findings: Sequence[Finding]) -> str:
    counted = Counter(finding.rule for finding in findings).most_common()
    rules = ", ".join(f"{times} {rule}" for rule, times in counted)
    files = _count(len(run.linted), "file")
    found = f"{_count(len(findings), 'finding')} in {files}: {rules}"
    unread = len({finding.path for finding in run.unread})
    others = (
        f"{_count(unread, 'file')} not read or not completely" if unread else "",
        f"{_count(len(run.skipped), 'file')} with other content skipped" if run.skipped else "",
    )
    return "; ".join(filter(None, (found if findings else f"{files}, no findings", *others)))


def _count(number: int, name: str) -> str:
    return f"{number} {name if number == 1 else f'{name}s'}"
