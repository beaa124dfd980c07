"""A dashboard in a lint run, and its queries."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from promql_parser import Expr

from sightline.grafana.dashboard import LIBRARY_PANEL, LOKI, PROMETHEUS, Dashboard, Panel, Target
from sightline.lint import logql, promql


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query and its panel."""

    panel: Panel
    target: Target

    @property
    def is_promql(self) -> bool:
        """The data source is Prometheus, or unknown and the query has an ``expr``."""
        kind = self.target.source.type
        unknown = not kind and "expr" in self.target.raw and not self.is_logql
        return PROMETHEUS in kind or unknown

    @property
    def is_logql(self) -> bool:
        """The data source is Loki, or unknown and the query is LogQL."""
        kind = self.target.source.type
        return LOKI in kind or (not kind and self.tree() is None and logql.resembles(self.expr))

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

    def panels(self) -> Iterator[Panel]:
        """Yield every panel, except for those whose content is in Grafana's library."""
        return (one for one in self.dashboard.every_panel() if one.type != LIBRARY_PANEL)

    def queries(self) -> Iterator[Query]:
        """Yield every query of every panel."""
        return (
            Query(panel=panel, target=target) for panel in self.panels() for target in panel.targets
        )

    def parsed_queries(self) -> Iterator[tuple[Query, Expr]]:
        """Yield every valid PromQL query with its syntax tree."""
        for query in self.queries():
            tree = query.tree() if query.is_promql and query.expr else None
            if tree is not None:
                yield query, tree


def place(panel: Panel) -> str:
    """Name a panel in a report."""
    return f'panel {panel.id or "?"} "{panel.title}"'
