"""Resources of Pyrra: `ServiceLevelObjective` with `ratio`, `latency` or `bool_gauge`."""

from collections.abc import Iterator
from typing import Final

from sightline.mixin.slo import promql
from sightline.mixin.slo.building import located
from sightline.mixin.slo.document import Fields
from sightline.mixin.slo.indicators import query
from sightline.mixin.slo.objective import Indicator, Notification, Objective
from sightline.mixin.slo.promql import WINDOW

API_VERSION: Final = "pyrra.dev/v1alpha1"
_KIND: Final = "ServiceLevelObjective"
_KINDS: Final = ("ratio", "latency", "bool_gauge")
_OWN: Final = "pyrra.dev/"
"""Prefix of labels and annotations that Pyrra copies to its alerts."""


def is_pyrra(document: Fields) -> bool:
    """Return true if *document* is Pyrra's."""
    return "apiVersion" in document and document.text("apiVersion") == API_VERSION


def read(document: Fields) -> Iterator[Objective]:
    """Yield the objective of *document*.

    Raises:
        SloError: Names file, line and what is unknown or not supported.
    """
    kind = document.text("kind")
    if kind != _KIND:
        raise document.problem("kind", f"kind {kind!r}: expected {_KIND}")
    metadata, spec = document.section("metadata"), document.section("spec")
    document.ignore("status")
    document.finish()
    name = metadata.text("name")
    indicator, service = _indicator(spec.section("indicator"))
    alerting = spec.optional_section("alerting")
    notification = Notification(
        enabled=not alerting.flag("disabled") and alerting.flag("burnrates", default=True),
        name=alerting.text("name", "ErrorBudgetBurn"),
        annotations=_copied(metadata, "annotations"),
    )
    missing = alerting.text("absentName", "SloDataMissing")
    absent = not alerting.flag("disabled") and alerting.flag("absent", default=True)
    alerting.finish()
    spec.ignore("description")
    ratio, period = spec.ratio("target") / 100, _period(spec)
    spec.finish()
    with located(spec):
        found = Objective(
            service=service or name,
            name=name,
            objective=ratio,
            period=period,
            indicator=indicator,
            min_errors=0,
            labels=_copied(metadata, "labels"),
            page=notification,
            ticket=notification,
            missing=missing if absent else "",
            place=spec.place,
        )
    yield found


def _copied(metadata: Fields, key: str) -> dict[str, str]:
    """Return the entries with Pyrra's prefix, without it."""
    return metadata.annotations(key, prefix=_OWN)


def _period(spec: Fields) -> str:
    text = spec.text("window")
    weeks = text.removesuffix("w")
    return f"{int(weeks) * 7}d" if weeks != text and weeks.isdecimal() else text


def _indicator(fields: Fields) -> tuple[Indicator, str]:
    """Return the indicator, and the job that its selector of all events names."""
    kinds = [kind for kind in _KINDS if kind in fields]
    if len(kinds) != 1 or len(fields.names()) != 1:
        found = ", ".join(fields.names())
        raise fields.problem(
            "", f"indicator {found} is not supported: expected ratio, latency or bool_gauge"
        )
    kind = fields.section(kinds[0])
    grouping = _grouping(kind)
    if kinds == ["bool_gauge"]:
        return _samples(kind, grouping)
    part, _ = _rate(kind, "errors" if kinds == ["ratio"] else "success", grouping)
    total, service = _rate(kind, "total", grouping)
    kind.finish()
    if kinds == ["ratio"]:
        return Indicator(kind="events", events=total, bad=part), service
    return Indicator(kind="events", events=total, good=part), service


def _grouping(fields: Fields) -> str:
    """Return the clause of the labels whose values have a budget each."""
    labels = fields.texts("grouping")
    for label in labels:
        if not promql.is_label(label) or label in {"job", "slo"}:
            raise fields.problem("grouping", f"grouping: {label!r} cannot be a label here")
    return f" by ({', '.join(labels)})" if labels else ""


def _samples(fields: Fields, by: str) -> tuple[Indicator, str]:
    """Return an indicator for which each sample is an event, good if it is 1."""
    metric, service = _metric(fields)
    good, events = (f"sum{by} ({name}_over_time({metric}[{WINDOW}]))" for name in ("sum", "count"))
    return Indicator(kind="events", events=events, good=good), service


def _rate(fields: Fields, key: str, by: str) -> tuple[str, str]:
    metric, service = _metric(fields.section(key))
    return f"sum{by} (rate({metric}[{WINDOW}]))", service


def _metric(section: Fields) -> tuple[str, str]:
    """Return the metric with its matchers, and the job among them."""
    metric = query(section, "metric", ranged=False)
    section.finish()
    if not promql.is_selector(metric):
        raise section.problem("metric", f"metric: {metric!r}: expected a metric with matchers")
    jobs = [value for label, value in promql.selector_labels(metric) if label == "job"]
    return metric, jobs[0] if jobs else ""
