"""Contract of generated files: each is committed, and their folders hold no other."""

import json
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

import pytest
import yaml

from sightline.artifacts import ROOT
from sightline.mixin import catalogue, generated, rule_files
from sightline.mixin.config import PROFILES, Profile
from sightline.mixin.model import Alert, Group, Record, RuleFile

AT_ONCE = "0s"
"""Duration that is left out of a rule."""

PARSERS: Mapping[str, Callable[[str], object]] = {
    ".json": json.loads,
    ".yml": yaml.safe_load,
    ".yaml": yaml.safe_load,
}

GENERATED = generated.files()
DOCUMENTS = sorted(name for name in GENERATED if PurePath(name).suffix in PARSERS)
RULE_FILES = [(profile, file) for profile in PROFILES for file in catalogue.rule_files(profile)]


def parse(name: str, text: str) -> object:
    return PARSERS[PurePath(name).suffix](text)


def committed(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def words(text: str) -> str:
    """Return *text* with single spaces, as YAML folds it."""
    return " ".join(text.split())


def alert_values(alert: Alert, profile: Profile) -> dict[str, Any]:
    durations = {"for": alert.hold, "keep_firing_for": alert.keep}
    return {
        "alert": alert.name,
        "expr": profile.promql(alert.expr),
        **{name: profile.duration(value) for name, value in durations.items() if value != AT_ONCE},
        "labels": {"severity": alert.severity, **alert.labels},
        "annotations": {
            name: words(profile.promql(text)) for name, text in alert.annotations().items()
        },
    }


def record_values(record: Record, profile: Profile) -> dict[str, Any]:
    labels = {"labels": dict(record.labels)} if record.labels else {}
    return {"record": record.name, "expr": profile.promql(record.expr), **labels}


def group_values(group: Group, profile: Profile) -> dict[str, Any]:
    return {
        "name": group.name,
        "interval": profile.duration(group.interval),
        "rules": [
            alert_values(rule, profile) if isinstance(rule, Alert) else record_values(rule, profile)
            for rule in group.rules
        ],
    }


def folded(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return *document* with single spaces in its annotations."""
    for group in document["groups"]:
        for rule in group["rules"]:
            if "annotations" in rule:
                rule["annotations"] = {
                    name: words(text) for name, text in rule["annotations"].items()
                }
    return document


def test_committed_files_are_what_the_mixin_writes() -> None:
    assert {name: committed(name) for name in GENERATED} == GENERATED


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_committed_file_has_the_generated_values(name: str) -> None:
    assert parse(name, committed(name)) == parse(name, GENERATED[name])


@pytest.mark.parametrize(
    ("profile", "file"), RULE_FILES, ids=lambda value: getattr(value, "name", "")
)
def test_committed_rules_have_the_values_of_the_mixin(profile: Profile, file: RuleFile) -> None:
    document = yaml.safe_load(committed(rule_files.path(file, profile)))

    expected = {"groups": [group_values(group, profile) for group in file.groups]}

    assert folded(document) == expected


def test_every_folder_of_rules_and_dashboards_is_compared() -> None:
    folders = {str(PurePath(name).parent) for name in DOCUMENTS}

    assert folders == {
        *("grafana/dashboards", "prometheus/tests/rules/production"),
        *("prometheus/rules/demo", "prometheus/rules/production"),
    }


def test_generated_folders_hold_nothing_else() -> None:
    assert list(generated.stale(ROOT)) == []
