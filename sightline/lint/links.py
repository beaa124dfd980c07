"""Rules on ways from one dashboard to another."""

import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from sightline.lint.board import Board
from sightline.lint.finding import Rule

_ADDRESS: Final = re.compile(r'"url": "(?P<url>/d/[^"]+)"')


def resolve(dashboard: Board) -> Iterator[tuple[str, str]]:
    """A link leads to a dashboard that exists, and sets variables that it has."""
    for url in sorted({found["url"] for found in _ADDRESS.finditer(json.dumps(dashboard.json))}):
        parts = urlsplit(url)
        uid = parts.path.split("/")[2]
        target = dashboard.siblings.get(uid)
        if target is None:
            yield "", f"link to {uid}: no dashboard of this run has that uid"
            continue
        variables = {item["name"] for item in target.get("templating", {}).get("list", [])}
        for name in _set(parts.query):
            if name not in variables:
                yield "", f"link to {uid} sets {name}: that dashboard has no such variable"


def _set(query: str) -> list[str]:
    plain = [name.removeprefix("var-") for name, _ in parse_qsl(query) if name.startswith("var-")]
    return plain + re.findall(r"\$\{(\w+):queryparam\}", query)


RULES: Final = (Rule(name="sightline-links", check=resolve),)
