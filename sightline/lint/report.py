"""The command ``sightline lint``: read the files, apply every rule, print the findings."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from sightline.errors import ConfigurationError
from sightline.grafana.dashboard import Dashboard
from sightline.lint import alerting, board, exclusions, links, panels, rule_file, targets, templates
from sightline.lint.board import Board
from sightline.lint.finding import Finding, Rule
from sightline.lint.rule_file import Json, RuleFile
from sightline.printable import printable_lines

Document = TypeVar("Document")
Subject = TypeVar("Subject")

DASHBOARD_RULES: Final[tuple[Rule[Board], ...]] = (
    *templates.RULES,
    *panels.RULES,
    *targets.RULES,
    *links.RULES,
)
FILE_RULES: Final[tuple[Rule[RuleFile], ...]] = alerting.RULES

JSON: Final = frozenset({".json"})
YAML: Final = frozenset({".yml", ".yaml", ".rules"})

UNREADABLE: Final = "yaml/parse"


def main(paths: Sequence[str]) -> int:
    """Lint *paths* and print a report; return 0 without findings, else 1.

    Raises:
        ConfigurationError: A path does not exist, or contains nothing to lint.
    """
    run = Run.of(_files(paths))
    if not run.linted:
        raise ConfigurationError(
            f"{', '.join(paths)}: no dashboard and no rule file: expected such files or folders"
        )
    findings = run.findings()
    for finding in findings:
        print(printable_lines(str(finding)))
    print(_summary(run.linted, findings))
    return 1 if findings else 0


def lint(files: Iterable[Path]) -> list[Finding]:
    """Return the findings in *files*; links and recorded names may span files."""
    return Run.of(files).findings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Files that are linted together."""

    dashboards: dict[Path, Dashboard]
    rule_files: dict[Path, Json]
    unreadable: tuple[Finding, ...]

    @classmethod
    def of(cls, files: Iterable[Path]) -> "Run":
        """Read the dashboards and rule files among *files*; skip others."""
        files = list(files)
        unreadable: list[Finding] = []
        dashboards = _read(files, JSON, board.read, unreadable)
        rule_files = _read(files, YAML, rule_file.read, unreadable)
        return cls(dashboards=dashboards, rule_files=rule_files, unreadable=tuple(unreadable))

    @property
    def linted(self) -> int:
        """Number of linted files."""
        return len(self.dashboards) + len(self.rule_files) + len(self.unreadable)

    def findings(self) -> list[Finding]:
        """Apply every rule."""
        siblings = {one.uid: one for one in self.dashboards.values() if one.uid}
        recorded = frozenset(
            name for document in self.rule_files.values() for name in rule_file.records(document)
        )
        findings = list(self.unreadable)
        for path, dashboard in self.dashboards.items():
            board = Board(path=path, dashboard=dashboard, siblings=siblings)
            findings += _apply(DASHBOARD_RULES, board, path, dashboard.title)
        for path, document in self.rule_files.items():
            file = RuleFile(path=path, json=document, recorded=recorded)
            findings += _apply(FILE_RULES, file, path, path.name)
        return findings


def _read(
    files: Iterable[Path],
    suffixes: frozenset[str],
    read: Callable[[Path], Document | None],
    unreadable: list[Finding],
) -> dict[Path, Document]:
    """Apply *read* to the files with one of *suffixes*."""
    documents: dict[Path, Document] = {}
    for path in files:
        if path.suffix not in suffixes:
            continue
        try:
            document = read(path)
        except ValueError as error:
            unreadable.append(Finding(path=path, place="", rule=UNREADABLE, message=str(error)))
            continue
        if document is not None:
            documents[path] = document
    return documents


def _apply(
    rules: Sequence[Rule[Subject]], subject: Subject, path: Path, title: str
) -> Iterator[Finding]:
    """Yield the findings in one file that its ``.lint`` file does not exclude."""
    excluding = exclusions.nearest(path)
    for rule in rules:
        for place, message in rule.check(subject):
            finding = Finding(path=path, place=place, rule=rule.name, message=message)
            if not (excluding and excluding.excluded(finding, title)):
                yield finding


def _files(paths: Sequence[str]) -> Iterator[Path]:
    for path in map(Path, paths):
        if not path.exists():
            raise ConfigurationError(
                f"{path}: no such file: expected a dashboard, a rule file or a folder"
            )
        yield from sorted(path.rglob("*")) if path.is_dir() else [path]


def _summary(linted: int, findings: Sequence[Finding]) -> str:
    files = f"{linted} {'file' if linted == 1 else 'files'}"
    if not findings:
        return f"{files}, no findings"
    found = f"{len(findings)} {'finding' if len(findings) == 1 else 'findings'} in {files}"
    counted = Counter(finding.rule for finding in findings).most_common()
    return f"{found}: " + ", ".join(f"{times} {rule}" for rule, times in counted)
