"""Contract of the runbooks: one per alert, equal sections, queries of the alert, no demo outside.

Each runbook addresses a reader who has never seen the service.
"""

import re
from pathlib import Path

import pytest

from sightline.artifacts import ROOT
from sightline.mixin import catalogue

PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
SECTIONS = [
    *("Meaning", "Impact", "Is it a false alarm?", "Diagnosis", "Remedy"),
    "Verify the recovery",
]
TITLE = re.compile(r"^## (.+)$", re.MULTILINE)
DEMO = re.compile(
    r"\n<details>\n<summary>See it fire in the demo</summary>\n\n.+\n\n</details>\n\Z", re.DOTALL
)
QUERY = re.compile(r"```promql contract\n(.+?)\n```", re.DOTALL)
PLACEHOLDER = re.compile(r'="([A-Z][A-Z_]*)"')
REPLACED = re.compile(r"^Replace ((?:[A-Z_]+(?:, | and )?)+) with the labels? ", re.MULTILINE)
OF_THE_DEMO = re.compile(
    r"\.venv/|sightline |localhost|TRAFFIC_RATE|[`\"](?:gateway|orders|users)[`\"]"
)
MAX_LINES = 90


def stem(page: Path) -> str:
    return page.stem


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def section(page: Path, title: str) -> str:
    """Return the text of the section *title*."""
    parts = TITLE.split(DEMO.sub("", text(page)))
    return dict(zip(parts[1::2], parts[2::2], strict=True))[title]


def labels(alert: str) -> set[str]:
    """Return the labels of *alert*: those of a target, and those that its rules and texts name."""
    named = [each for each in catalogue.alerts() if each.name == alert]
    exprs = " ".join(each.expr for each in named)
    texts = " ".join(each.summary + each.description for each in named)
    grouped = " ".join(re.findall(r"(?:by|on) \(([\w, ]+)\)", exprs))
    return {"job", "instance", *re.findall(r"\w+", grouped), *re.findall(r"\$labels\.(\w+)", texts)}


def test_each_alert_has_a_runbook() -> None:
    assert {page.stem for page in PAGES} == {alert.name for alert in catalogue.alerts()}


@pytest.mark.parametrize("page", PAGES, ids=stem)
def test_a_runbook_has_the_sections_in_order(page: Path) -> None:
    assert text(page).startswith(f"# {page.stem}\n\n## ")
    assert TITLE.findall(text(page)) == SECTIONS
    assert text(page).count("\n") <= MAX_LINES


@pytest.mark.parametrize("page", PAGES, ids=stem)
def test_demo_commands_are_in_the_folded_part_only(page: Path) -> None:
    assert DEMO.search(text(page))
    assert OF_THE_DEMO.findall(DEMO.sub("", text(page))) == []


@pytest.mark.parametrize("page", PAGES, ids=stem)
def test_queries_are_in_the_diagnosis_and_name_their_placeholders(page: Path) -> None:
    queries = QUERY.findall(section(page, "Diagnosis"))
    placeholders = set(PLACEHOLDER.findall(" ".join(queries)))
    replaced = REPLACED.search(section(page, "Diagnosis"))

    assert QUERY.findall(DEMO.sub("", text(page))) == queries != []
    assert set(re.findall("[A-Z_]+", replaced[1] if replaced else "")) == placeholders
    assert {placeholder.lower() for placeholder in placeholders} <= labels(page.stem)


@pytest.mark.parametrize("page", PAGES, ids=stem)
def test_the_remedy_has_steps_and_commands_for_each_platform(page: Path) -> None:
    remedy = section(page, "Remedy")

    assert remedy.strip().startswith("1. ")
    assert "\n| action | containers | Kubernetes | systemd |\n" in remedy


@pytest.mark.parametrize("page", PAGES, ids=stem)
def test_no_runbook_silences_the_watchdog(page: Path) -> None:
    assert not re.search(r"silence add.*Watchdog|amtool silence", text(page))
