"""Counts of README.md: `make generate` writes them, and the artifacts confirm them."""

import re
from pathlib import Path

import pytest

from sightline.artifacts import DASHBOARDS, ROOT
from sightline.grafana.dashboard import Dashboard
from sightline.mixin import counts
from tests import promtool

README = (ROOT / "README.md").read_text(encoding="utf-8")
WORDS = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
COUNTED = re.compile(
    rf"\b(?:\d+|{WORDS}) (?:alerts|dashboards|panels|rules|tests)\b", re.IGNORECASE
)


def alerts(profile: str) -> set[str]:
    return {rule["alert"] for rule in promtool.rules(profile) if "alert" in rule}


def panels(dashboard: Path) -> int:
    return len(list(Dashboard.read(dashboard).every_panel()))


def hand_written_counts(text: str) -> list[str]:
    """Return the counts of *text* that are not between markers."""
    return COUNTED.findall(counts.MARKED.sub("N", text))


def test_the_committed_pages_contain_the_current_counts() -> None:
    pages = {name: (ROOT / name).read_text(encoding="utf-8") for name in counts.PAGES}

    assert {name: counts.updated(pages[name], counts.counts()) for name in pages} == pages


@pytest.mark.parametrize("profile", ["demo", "production"])
def test_the_counts_are_those_of_the_files(profile: str) -> None:
    files = list(DASHBOARDS.glob("*.json"))

    assert counts.counts() == {
        "alerts": len(alerts(profile)),
        "dashboards": len(files),
        "panels": sum(map(panels, files)),
    }


def test_every_count_of_the_readme_has_markers() -> None:
    assert hand_written_counts(README) == []
    assert {match[2] for match in counts.MARKED.finditer(README)} == set(counts.counts())


def test_the_check_finds_a_count_without_markers() -> None:
    text = "58 alerts, Nine dashboards, <!-- count: panels -->3<!-- end --> panels"

    assert hand_written_counts(text) == ["58 alerts", "Nine dashboards"]
