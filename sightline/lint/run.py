"""Files that are linted together, and the rules for each kind of content."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from sightline.grafana.dashboard import Dashboard
from sightline.lint import (
    alerting,
    documents,
    drawing,
    exclusions,
    forms,
    layout,
    links,
    panels,
    provisioning,
    targets,
    templates,
)
from sightline.lint.board import Board
from sightline.lint.finding import Finding, Rule
from sightline.lint.provisioning import SourceFile
from sightline.lint.rule_file import RuleFile

Subject = TypeVar("Subject")

DASHBOARD_RULES: Final[tuple[Rule[Board], ...]] = (
    *templates.RULES,
    *panels.RULES,
    *targets.RULES,
    *links.RULES,
    *layout.RULES,
    *drawing.RULES,
)
PANEL_RULES: Final = tuple(rule for rule in DASHBOARD_RULES if rule.single)
"""Rules for a library panel, which has no dashboard around it."""
FILE_RULES: Final[tuple[Rule[RuleFile], ...]] = alerting.RULES
SOURCE_RULES: Final[tuple[Rule[SourceFile], ...]] = provisioning.RULES

MALFORMED: Final = "yaml/parse"
UNREAD: Final = "sightline-unread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Located(Generic[Subject]):
    """Content with its location."""

    path: Path
    where: str
    subject: Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Content of the linted files."""

    dashboards: list[Located[Dashboard]] = field(default_factory=list)
    panels: list[Located[Dashboard]] = field(default_factory=list)
    """Library panels, each in a dashboard of its own."""
    rule_files: list[Located[RuleFile]] = field(default_factory=list)
    source_files: list[Located[SourceFile]] = field(default_factory=list)
    unread: list[Finding] = field(default_factory=list)
    """Content that could not be read, except for what ``.lint`` files exclude."""
    skipped: list[Path] = field(default_factory=list)
    """Files with other content."""

    @classmethod
    def of(cls, files: Iterable[Path]) -> "Run":
        """Read *files*."""
        run = cls()
        for path in files:
            run._read(path)
        return run

    @property
    def linted(self) -> set[Path]:
        """Files of which something was read."""
        read = (self.dashboards, self.panels, self.rule_files, self.source_files)
        return {one.path for found in read for one in found}

    def findings(self) -> list[Finding]:
        """Apply every rule."""
        dashboards = [one.subject for one in self.dashboards]
        siblings = {dashboard.uid: dashboard for dashboard in dashboards if dashboard.uid}
        recorded = frozenset(name for one in self.rule_files for name in one.subject.records())
        findings = list(self.unread)
        for rules, boards in ((DASHBOARD_RULES, self.dashboards), (PANEL_RULES, self.panels)):
            for one in boards:
                board = Board(path=one.path, dashboard=one.subject, siblings=siblings)
                findings += _apply(rules, board, one, one.subject.title)
        for file in self.rule_files:
            whole = RuleFile(groups=file.subject.groups, recorded=recorded)
            findings += _apply(FILE_RULES, whole, file, file.path.name)
        for source in self.source_files:
            findings += _apply(SOURCE_RULES, source.subject, source, source.path.name)
        return findings

    def _read(self, path: Path) -> None:
        try:
            found = list(forms.parts(documents.read(path)))
            for part in found:
                self._record(path, part)
        except documents.UnreadableError as error:
            self._record(path, forms.Unread(where="", reason=str(error), malformed=True))
        except RecursionError:
            reason = "nested too deeply, or an alias in itself"
            self._record(path, forms.Unread(where="", reason=reason, malformed=True))
        else:
            if not found:
                self.skipped.append(path)

    def _record(self, path: Path, part: forms.Part | forms.Unread) -> None:
        match part:
            case forms.Unread():
                self._record_unread(path, part)
            case forms.Part(kind="dashboard"):
                dashboard = Dashboard.from_json(part.content)
                self.dashboards.append(Located(path=path, where=part.where, subject=dashboard))
            case forms.Part(kind="panel"):
                alone = Dashboard.from_json({"panels": [part.content]})
                self.panels.append(Located(path=path, where=part.where, subject=alone))
            case forms.Part(kind="rules"):
                groups = RuleFile.from_yaml(part.content)
                self.rule_files.append(Located(path=path, where=part.where, subject=groups))
            case forms.Part():
                sources = SourceFile(json=part.content)
                self.source_files.append(Located(path=path, where=part.where, subject=sources))

    def _record_unread(self, path: Path, part: forms.Unread) -> None:
        rule = MALFORMED if part.malformed else UNREAD
        finding = Finding(
            path=path, place=part.where, rule=rule, message=f"not read: {part.reason}"
        )
        excluding = exclusions.nearest(path)
        if not (excluding and excluding.excluded(finding, path.name)):
            self.unread.append(finding)


def lint(files: Iterable[Path]) -> list[Finding]:
    """Return the findings in *files*; links and recorded names may span files."""
    return Run.of(files).findings()


def _apply(
    rules: Sequence[Rule[Subject]], subject: Subject, one: Located[Any], title: str
) -> Iterator[Finding]:
    """Yield the findings in one part that the ``.lint`` file of its file does not exclude."""
    excluding = exclusions.nearest(one.path)
    for rule in rules:
        for place, message in rule.check(subject):
            where = ", ".join(filter(None, (one.where, place)))
            finding = Finding(path=one.path, place=where, rule=rule.name, message=message)
            if not (excluding and excluding.excluded(finding, title)):
                yield finding
