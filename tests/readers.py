"""Metrics that the committed rules, dashboards and runbooks read."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sightline.artifacts import DASHBOARDS, ROOT
from sightline.grafana.dashboard import Dashboard
from sightline.lint import promql
from tests import promtool
from tests.documents import blocks

RUNBOOKS = ROOT / "docs" / "runbooks"

_TEMPLATE_QUERY = re.compile("(?:query|printf) `(.+?)`")
_LABEL_VALUES = re.compile(r"label_values\((.+),[^,]+\)")
_NAME = re.compile(r"[a-z_][a-z0-9_:]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Rule, panel, variable, annotation or runbook, with the series that it reads."""

    kind: str
    name: str
    series: frozenset[str]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def series_of(expr: str) -> set[str]:
    """Return the series that *expr* selects by name."""
    found = {promql.metric(selector) for selector, _ in promql.selectors(promql.tree(expr))}
    return set(filter(_NAME.fullmatch, found)) | {name for name in found if name.isupper()}


def _reader(kind: str, name: str, exprs: Iterable[str]) -> Reader:
    series = frozenset(name for expr in exprs for name in series_of(expr))
    return Reader(kind=kind, name=name, series=series)


def rules() -> Iterator[Reader]:
    """Yield every alert, with the queries of its texts, and every recording rule."""
    for rule in promtool.rules("production"):
        texts = rule.get("annotations", {}).values()
        queries = [query for text in texts for query in _TEMPLATE_QUERY.findall(text)]
        name = rule.get("alert") or rule["record"]
        kind = "alert" if "alert" in rule else "recording rule"
        yield _reader(kind, name, [rule["expr"], *(query.replace("%s", "x") for query in queries)])


def panels(path: Path) -> Iterator[Reader]:
    """Yield every panel, variable and annotation of the dashboard *path*."""
    dashboard = Dashboard.read(path)
    for panel in dashboard.every_panel():
        exprs = [target.expr for target in panel.targets if target.expr]
        yield _reader("panel", f"{dashboard.uid}: {panel.title}", exprs)
    for variable in dashboard.variables:
        found = _LABEL_VALUES.findall(variable.query)
        yield _reader("variable", f"{dashboard.uid}: {variable.name}", found)
    for annotation in dashboard.annotations:
        exprs = [annotation.expr] if annotation.expr else []
        yield _reader("annotation", f"{dashboard.uid}: {annotation.name}", exprs)


def runbooks(known: Iterable[str]) -> Iterator[Reader]:
    """Yield every runbook, with the series of its queries and those of *known* in its text."""
    queries = [block for block in blocks("promql contract") if block.page.parent == RUNBOOKS]
    for page in sorted(RUNBOOKS.glob("*.md")):
        own = [block.code.strip() for block in queries if block.page == page]
        named = _NAME.findall(page.read_text(encoding="utf-8"))
        series = _reader("runbook", page.stem, own).series | set(known).intersection(named)
        yield Reader(kind="runbook", name=page.stem, series=frozenset(series))


@cache
def recorded() -> Mapping[str, frozenset[str]]:
    """Return the series that each recording rule reads, by the name that it records."""
    found: dict[str, frozenset[str]] = {}
    for reader in rules():
        if reader.kind == "recording rule":
            found[reader.name] = found.get(reader.name, frozenset()) | reader.series
    return found


def sources(series: Iterable[str]) -> set[str]:
    """Return *series* with each recorded one replaced by the series that it is made of."""
    found, seen, todo = set[str](), set[str](), list(series)
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in recorded():
            todo.extend(recorded()[name])
        else:
            found.add(name)
    return found


def readers(known: Iterable[str]) -> list[Reader]:
    """Return everything that reads a metric. See `runbooks` for *known*."""
    shown = [reader for path in sorted(DASHBOARDS.glob("*.json")) for reader in panels(path)]
    found = [*rules(), *shown, *runbooks(known)]
    return [reader for reader in found if reader.series]
