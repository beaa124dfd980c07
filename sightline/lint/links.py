"""Rules on links between dashboards."""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from sightline.grafana.references import references
from sightline.lint.board import Board
from sightline.lint.finding import Found, Rule

_DASHBOARD: Final = re.compile(r"/d/[^/?#$]+")
"""Path to a dashboard with a fixed uid."""


def resolve(board: Board) -> Found:
    """Require links to existing dashboards and to variables that they have."""
    for url in sorted(set(_dashboard_urls(board.dashboard.raw))):
        parts = urlsplit(url)
        uid = parts.path.split("/")[2]
        target = board.siblings.get(uid)
        if target is None:
            yield "", f"link to {uid}: no linted dashboard has this uid"
            continue
        variables = {variable.name for variable in target.variables}
        for name in _variables_set(parts.query):
            if name not in variables:
                yield "", f"link to {uid} sets {name}: that dashboard has no such variable"


def _dashboard_urls(raw: object) -> Iterator[str]:
    """Yield every ``url`` in the JSON *raw* that leads to a dashboard."""
    stack = [raw]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack += one
        elif isinstance(one, Mapping):
            stack += one.values()
            url = one.get("url")
            if isinstance(url, str) and _DASHBOARD.match(url):
                yield url


def _variables_set(query: str) -> list[str]:
    named = [name.removeprefix("var-") for name, _ in parse_qsl(query) if name.startswith("var-")]
    return named + [one.name for one in references(query) if one.format == "queryparam"]


RULES: Final = (Rule(name="sightline-links", check=resolve),)
