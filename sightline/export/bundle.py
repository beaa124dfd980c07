"""Rules, dashboards, Alertmanager's files and runbooks with the choices of an organization."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sightline import artifacts
from sightline.export import dashboards
from sightline.export.formats import Bundle, Files
from sightline.export.settings import Settings
from sightline.mixin import catalogue, rule_files
from sightline.mixin.adoption import Adoption
from sightline.mixin.model import Alert, Group, Record, RuleFile

WRITER: Final = "sightline export"


def build(settings: Settings) -> Bundle:
    """Return the files for *settings*.

    Raises:
        SloError: An objective cannot be used, or is defined twice.
    """
    return Bundle(
        rules=_rules(settings),
        dashboards=dashboards.files(settings.adoption),
        alertmanager=settings.routing,
        runbooks=_runbooks(settings.adoption),
    )


def _rules(settings: Settings) -> Files:
    adoption = settings.adoption
    profile = adoption.profile
    files = list(catalogue.shared_files(profile))
    if settings.objectives:
        files.append(catalogue.objective_file(settings.objectives, profile))
    return {
        file.name: rule_files.render(
            _adopted(file, adoption), profile, adoption.links, writer=WRITER
        )
        for file in files
        if file.name not in adoption.disabled
    }


def _adopted(file: RuleFile, adoption: Adoption) -> RuleFile:
    """Return *file* without disabled alerts, with the labels and thresholds of *adoption*."""
    groups = (replace(group, rules=tuple(_adopted_rules(group, adoption))) for group in file.groups)
    return replace(file, groups=tuple(group for group in groups if group.rules))


def _adopted_rules(group: Group, adoption: Adoption) -> Iterator[Record | Alert]:
    for rule in group.rules:
        if rule.name in adoption.disabled:
            continue
        match rule:
            case Alert():
                yield adoption.alert(rule)
            case Record():
                yield replace(rule, expr=adoption.promql(rule.expr))


def _runbooks(adoption: Adoption) -> Files:
    return {
        page.stem: adoption.histogram_queries(page.read_text(encoding="utf-8"))
        for page in sorted(artifacts.RUNBOOKS.glob("*.md"))
    }
