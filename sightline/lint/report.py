"""The command: reads what the paths hold, asks every rule, prints what is to mend."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline.errors import ConfigurationError
from sightline.lint import alerting, board, exclusions, links, panels, rule_file, targets, templates
from sightline.lint.board import Board, Json
from sightline.lint.finding import Finding, Rule
from sightline.lint.rule_file import RuleFile
from sightline.printable import printable_lines

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
    """Lint *paths* and print a report; 0 when there is nothing to mend, 1 otherwise.

    Raises:
        ConfigurationError: A path does not exist, or nothing in it can be linted.
    """
    run = Run.of(_files(paths))
    if not run.linted:
        raise ConfigurationError(
            f"{', '.join(paths)}: no dashboard and no rule file: name some, or folders with some"
        )
    findings = run.findings()
    for finding in findings:
        print(printable_lines(str(finding)))  # noqa: T201  the command's answer
    print(_summary(run.linted, findings))  # noqa: T201  as above
    return 1 if findings else 0


def lint(files: Iterable[Path]) -> list[Finding]:
    """What is to mend in *files*; links and recorded names span all of them."""
    return Run.of(files).findings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is linted together."""

    boards: dict[Path, Json]
    rule_files: dict[Path, Json]
    unreadable: tuple[Finding, ...]

    @classmethod
    def of(cls, files: Iterable[Path]) -> "Run":
        """The dashboards and rule files among *files*; other files are passed over."""
        files = list(files)
        unreadable: list[Finding] = []
        boards = _read(files, JSON, board.read, unreadable)
        rule_files = _read(files, YAML, rule_file.read, unreadable)
        return cls(boards=boards, rule_files=rule_files, unreadable=tuple(unreadable))

    @property
    def linted(self) -> int:
        """How many files there was something to say about."""
        return len(self.boards) + len(self.rule_files) + len(self.unreadable)

    def findings(self) -> list[Finding]:
        """What every rule finds."""
        siblings = {str(document.get("uid")): document for document in self.boards.values()}
        recorded = frozenset(
            name for document in self.rule_files.values() for name in rule_file.records(document)
        )
        dashboards = [
            Board(path=path, json=document, siblings=siblings)
            for path, document in self.boards.items()
        ]
        rules = [
            RuleFile(path=path, json=document, recorded=recorded)
            for path, document in self.rule_files.items()
        ]
        return [
            *self.unreadable,
            *(finding for dashboard in dashboards for finding in _dashboard(dashboard)),
            *(finding for file in rules for finding in _rules(file)),
        ]


def _read(
    files: Iterable[Path],
    suffixes: frozenset[str],
    read: Callable[[Path], Json | None],
    unreadable: list[Finding],
) -> dict[Path, Json]:
    """What *read* finds in those of *files* that end in one of *suffixes*."""
    documents: dict[Path, Json] = {}
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


def _dashboard(dashboard: Board) -> Iterator[Finding]:
    excused = exclusions.around(dashboard.path)
    for rule in DASHBOARD_RULES:
        for place, message in rule.check(dashboard):
            finding = Finding(path=dashboard.path, place=place, rule=rule.name, message=message)
            if not (excused and excused.excuse(finding, str(dashboard.json.get("title")))):
                yield finding


def _rules(file: RuleFile) -> Iterator[Finding]:
    excused = exclusions.around(file.path)
    for rule in FILE_RULES:
        for place, message in rule.check(file):
            finding = Finding(path=file.path, place=place, rule=rule.name, message=message)
            if not (excused and excused.excuse(finding, file.path.name)):
                yield finding


def _files(paths: Sequence[str]) -> Iterator[Path]:
    for path in map(Path, paths):
        if not path.exists():
            raise ConfigurationError(f"{path}: no such file: name dashboards or rule files")
        yield from sorted(path.rglob("*")) if path.is_dir() else [path]


def _summary(linted: int, findings: Sequence[Finding]) -> str:
    files = f"{linted} {'file' if linted == 1 else 'files'}"
    if not findings:
        return f"{files}, nothing to mend"
    found = f"{len(findings)} {'finding' if len(findings) == 1 else 'findings'} in {files}"
    counted = Counter(finding.rule for finding in findings).most_common()
    return f"{found}: " + ", ".join(f"{times} {rule}" for rule, times in counted)
