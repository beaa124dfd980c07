"""A dashboard's JSON as the rules see it. The JSON is foreign: only this module looks into it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promql_parser import Expr

from sightline.lint import promql

Json = dict[str, Any]

PROMETHEUS, LOKI, OTHER = "prometheus", "loki", "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A panel's query."""

    json: Json
    panel: Json

    @property
    def kind(self) -> str:
        """Which language it is in, by its data source or else its panel's."""
        source = self.json.get("datasource") or self.panel.get("datasource") or {}
        name = source.get("type", "") if isinstance(source, dict) else str(source).lower()
        if "loki" in name:
            return LOKI
        return PROMETHEUS if "prometheus" in name or self._asks_promql() else OTHER

    def _asks_promql(self) -> bool:
        source = self.json.get("datasource") or self.panel.get("datasource") or {}
        named = isinstance(source, dict) and source.get("type")
        return not named and "expr" in self.json

    @property
    def expr(self) -> str:
        """Its text."""
        return str(self.json.get("expr", ""))

    @property
    def place(self) -> str:
        """How to find it."""
        return f"{place(self.panel)} {self.json.get('refId', '')}".rstrip()

    def tree(self) -> Expr | None:
        """Its text parsed; None where it is no PromQL, which a rule of its own reports."""
        try:
            return promql.tree(self.expr)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard and those that are linted together with it."""

    path: Path
    json: Json
    siblings: dict[str, Json]
    """Every dashboard of the run by uid: where links may lead."""

    def panels(self) -> Iterator[Json]:
        """Every panel, those in folded rows too, rows left out."""
        return (panel for panel in self.everything() if panel.get("type") != "row")

    def everything(self) -> Iterator[Json]:
        """Rows and panels."""
        for panel in self.json.get("panels", []):
            yield panel
            yield from panel.get("panels", [])
        for row in self.json.get("rows", []):
            yield from row.get("panels", [])

    def targets(self) -> Iterator[Target]:
        """Every query of every panel."""
        return (
            Target(json=target, panel=panel)
            for panel in self.panels()
            for target in panel.get("targets", [])
        )

    def queries(self) -> Iterator[tuple[Target, Expr]]:
        """Every PromQL query that can be parsed."""
        for target in self.targets():
            tree = target.tree() if target.kind == PROMETHEUS and target.expr else None
            if tree is not None:
                yield target, tree

    def variables(self) -> list[Json]:
        """What the reader may choose."""
        return list(self.json.get("templating", {}).get("list", []))

    def sources(self) -> list[Json]:
        """The variables that choose a data source."""
        return [variable for variable in self.variables() if variable.get("type") == "datasource"]


def read(path: Path) -> Json | None:
    """The dashboard in *path*, wrapped as an API answers it or not; None for any other JSON.

    Raises:
        ValueError: It looks like a dashboard, but is no JSON.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    if '"panels"' not in text and '"rows"' not in text:
        return None
    document = json.loads(text)
    candidate = document.get("dashboard", document) if isinstance(document, dict) else {}
    found = isinstance(candidate, dict) and ("panels" in candidate or "rows" in candidate)
    return candidate if found else None


def place(panel: Json) -> str:
    """How a panel is named in a report."""
    return f'panel {panel.get("id", "?")} "{panel.get("title", "")}"'


def source(owner: Json) -> str:
    """The id of the data source that *owner* asks, in old and new spelling."""
    found = owner.get("datasource")
    return str(found.get("uid", "")) if isinstance(found, dict) else str(found or "")
