"""Each alert has a page, and each page tells how to look, act, silence and see."""

import re
from pathlib import Path

import pytest

from sightline.artefacts import ROOT
from sightline.mixin import catalogue

PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
SECTIONS = ["Look", "Do", "Silence", "See it fire"]


def stem(page: Path) -> str:
    return page.stem


def test_alerts_and_pages_are_the_same() -> None:
    assert {page.stem for page in PAGES} == {alert.name for alert in catalogue.alerts()}


@pytest.mark.parametrize("page", PAGES, ids=stem)
def test_a_page_has_its_sections_in_order(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert text.startswith(f"# {page.stem}\n\n")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == SECTIONS


@pytest.mark.parametrize("page", PAGES, ids=stem)
def test_a_page_offers_a_query_and_a_silence_of_its_alert(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert "```promql contract\n" in text
    assert f"silence add alertname={page.stem}" in text
