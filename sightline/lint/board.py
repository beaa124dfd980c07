"""A dashboard in a lint run, and its queries."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from promql_parser import Expr

from sightline.grafana.dashboard import LOKI, PROMETHEUS, Dashboard, Panel, Target
from sightline.lint import promql


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query and its panel."""

    panel: Panel
    target: Target

    @property
    def is_promql(self) -> bool:
        """The data source is Prometheus, or unknown and the query has an ``expr``."""
        kind = self.target.source.type
        return PROMETHEUS in kind or (not kind and "expr" in self.target.raw)

    @property
    def is_logql(self) -> bool:
        """The data source is Loki."""
        return LOKI in self.target.source.type

    @property
    def expr(self) -> str:
        """The expression."""
        return self.target.expr

    @property
    def place(self) -> str:
        """Location in a report."""
        return f"{place(self.panel)} {self.target.raw.get('refId', '')}".rstrip()

    def tree(self) -> Expr | None:
        """Parse the expression; None if it is not PromQL, which a separate rule reports."""
        try:
            return promql.tree(self.expr)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard file and the dashboards linted with it."""

    path: Path
    dashboard: Dashboard
    siblings: dict[str, Dashboard]
    """All dashboards of the run by uid: the valid targets of links."""

    def queries(self) -> Iterator[Query]:
        """Yield every query of every panel."""
        return (
            Query(panel=panel, target=target)
            for panel in self.dashboard.every_panel()
            for target in panel.targets
        )

    def parsed(self) -> Iterator[tuple[Query, Expr]]:
        """Yield every valid PromQL query with its syntax tree."""
        for query in self.queries():
            tree = query.tree() if query.is_promql and query.expr else None
            if tree is not None:
                yield query, tree


def read(path: Path) -> Dashboard | None:
    """Read a dashboard, also one wrapped in an API response; None for any other JSON.

    Raises:
        ValueError: The file looks like a dashboard but is not JSON.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    if '"panels"' not in text and '"rows"' not in text:
        return None
    document = json.loads(text)
    candidate = document.get("dashboard", document) if isinstance(document, dict) else {}
    found = isinstance(candidate, dict) and ("panels" in candidate or "rows" in candidate)
    return Dashboard.from_json(candidate) if found else None


def place(panel: Panel) -> str:
    """Name a panel in a report."""
    return f'panel {panel.id or "?"} "{panel.title}"'
