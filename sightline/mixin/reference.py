"""Reference pages of metrics, dashboards, alerts and the adoption file."""

from collections.abc import Iterable, Iterator
from typing import Final

from instrumentation.conventions import METRICS
from instrumentation.metric import Metric
from sightline.mixin import adoption_reference, catalogue, dashboards, foreign
from sightline.mixin.config import DEMO, PRODUCTION
from sightline.mixin.grafana.dashboard import Dashboard
from sightline.mixin.grafana.panels import Panel

_HEAD: Final = "<!-- DO NOT EDIT: written by `make generate` from {source}. -->\n\n"

_KINDS: Final = {
    "bargauge": "bars",
    "gauge": "dial",
    "heatmap": "heatmap",
    "nodeGraph": "map",
    "stat": "number",
    "state-timeline": "bands",
    "table": "table",
    "timeseries": "curves",
    "traces": "waterfall",
}
"""Names of panel plugins for readers."""


def files() -> dict[str, str]:
    """Return the text of each page by its path from the root of the repository."""
    return {
        "docs/reference/metrics.md": _page("instrumentation/conventions.py", _metrics()),
        "docs/reference/dashboards.md": _page("sightline/mixin/dashboards", _dashboards()),
        "docs/reference/alerts.md": _page("sightline/mixin/alerts", _alerts()),
        "docs/reference/adoption.md": _page(adoption_reference.SOURCE, _adoption()),
    }


def _page(source: str, blocks: Iterable[str]) -> str:
    return _HEAD.format(source=source) + "\n\n".join(blocks) + "\n"


def _metrics() -> Iterator[str]:
    yield "# Metrics"
    yield (
        "Metrics of services at `/metrics`, with the names that Prometheus uses.\n"
        "A counter has `_total` appended, a histogram `_bucket`, `_count` and `_sum`.\n"
        "*From the start* means that series exist at 0 before the first event, "
        "so that rates include the first event."
    )
    emitters = {
        "instrumentation": "Emitted by the library, in every service that calls `instrument()`",
        "services": "Emitted by services that use the feature",
    }
    for emitter, title in emitters.items():
        yield f"## {title}"
        yield _table(
            ("Metric", "Type", "Unit", "Labels", "From the start", "Description"),
            (_metric(metric) for metric in METRICS.values() if metric.emitter == emitter),
        )
    yield "## Metrics of other programs that rules and dashboards read"
    yield _table(
        ("Metric", "Emitted by"),
        ((f"`{name}`", source) for source, names in foreign.SOURCES.items() for name in names),
    )


def _metric(metric: Metric) -> tuple[str, ...]:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    started = "yes" if metric.precreated else ""
    return (f"`{metric.name}`", metric.type, f"`{metric.unit}`", labels, started, metric.help)


def _dashboards() -> Iterator[str]:
    yield "# Dashboards"
    yield (
        f"{len(dashboards.ALL)} dashboards answer one question each.\n"
        "They are in `grafana/dashboards/` and load into any Grafana with a Prometheus "
        "data source; traces need a Jaeger data source."
    )
    yield _table(
        ("Dashboard", "Question", "Variables", "Panels"),
        (
            (
                f"[{dashboard.title}](#{dashboard.title.lower().replace(' ', '-')})",
                dashboard.description,
                ", ".join(f"`{variable.name}`" for variable in dashboard.variables),
                str(sum(1 for _ in _panels(dashboard))),
            )
            for dashboard in dashboards.ALL
        ),
    )
    for dashboard in dashboards.ALL:
        yield f"## {dashboard.title}"
        yield dashboard.description
        for row in dashboard.rows:
            yield f"### {dashboard.title}: {row.title}"
            yield _table(
                ("Panel", "Type", "Content, and how a problem appears"),
                (
                    (panel.title, _KINDS[panel.kind], panel.description)
                    for line in row.lines
                    for panel in line
                ),
            )


def _alerts() -> Iterator[str]:
    yield "# Alerts"
    yield (
        "Alerts of `prometheus/rules/production/`, symptoms first. "
        f"The demo has the same alerts with durations divided by {DEMO.speed}.\n"
        "`critical` wakes someone, `warning` is a ticket, `info` and `none` never notify.\n"
        "*For* is the duration of the condition before the alert fires, "
        "*Keep* the duration without it before the alert resolves."
    )
    for file in catalogue.rule_files(PRODUCTION):
        if file.alerts:
            yield f"## {file.subject.removesuffix('.')}"
            yield _table(
                ("Alert", "Severity", "For", "Keep", "Reason for threshold and durations"),
                dict.fromkeys(
                    (
                        f"[{alert.name}](../runbooks/{alert.name}.md)",
                        alert.severity,
                        alert.hold,
                        alert.keep,
                        alert.why,
                    )
                    for alert in file.alerts
                ),
            )


def _panels(dashboard: Dashboard) -> Iterator[Panel]:
    return (panel for row in dashboard.rows for line in row.lines for panel in line)


def _adoption() -> Iterator[str]:
    for text, rows in adoption_reference.blocks():
        yield text
        yield _table(("Key", "Type", "Meaning"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
