"""Files of Sloth: `prometheus/v1`, and the resource for Kubernetes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sightline.mixin.slo.building import located
from sightline.mixin.slo.document import Fields
from sightline.mixin.slo.indicators import query
from sightline.mixin.slo.objective import Indicator, Notification, Objective

VERSION: Final = "prometheus/v1"
API_VERSION: Final = "sloth.slok.dev/v1"
_KIND: Final = "PrometheusServiceLevel"
_PERIOD: Final = "30d"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """Keys that differ between the two forms."""

    slo_plugins: str
    error_ratio_query: str
    error_query: str
    total_query: str
    page_alert: str
    ticket_alert: str


_FILE: Final = _Names(
    slo_plugins="slo_plugins",
    error_ratio_query="error_ratio_query",
    error_query="error_query",
    total_query="total_query",
    page_alert="page_alert",
    ticket_alert="ticket_alert",
)
_RESOURCE: Final = _Names(
    slo_plugins="sloPlugins",
    error_ratio_query="errorRatioQuery",
    error_query="errorQuery",
    total_query="totalQuery",
    page_alert="pageAlert",
    ticket_alert="ticketAlert",
)


def is_sloth(document: Fields) -> bool:
    """Return true if *document* is Sloth's."""
    if "version" in document:
        return document.text("version") == VERSION
    return "apiVersion" in document and document.text("apiVersion") == API_VERSION


def read(document: Fields) -> Iterator[Objective]:
    """Yield the objectives of *document*.

    Raises:
        SloError: Names file, line and the key that is unknown or not supported.
    """
    if "version" in document:
        yield from _service(document, _FILE)
        document.finish()
        return
    if document.text("kind") != _KIND:
        raise document.problem("kind", f"kind: expected {_KIND}")
    document.ignore("metadata", "status")
    spec = document.section("spec")
    document.finish()
    yield from _service(spec, _RESOURCE)
    spec.finish()


def _service(fields: Fields, names: _Names) -> Iterator[Objective]:
    _reject_plugins(fields, names.slo_plugins)
    service, labels = fields.text("service"), fields.labels("labels")
    for slo in fields.sections("slos"):
        yield _objective(slo, names, service, labels)


def _objective(slo: Fields, names: _Names, service: str, labels: Mapping[str, str]) -> Objective:
    _reject_plugins(slo, "plugins")
    name = slo.text("name")
    slo.ignore("description")
    own = {"sloth_id": f"{service}-{name}", "sloth_service": service, "sloth_slo": name}
    alerting = slo.optional_section("alerting")
    ratio, indicator = slo.ratio("objective") / 100, _indicator(slo.section("sli"), names)
    labels = {**own, **labels, **slo.labels("labels")}
    page = _notification(alerting, names.page_alert, "page")
    ticket = _notification(alerting, names.ticket_alert, "ticket")
    with located(slo):
        found = Objective(
            service=service,
            name=name,
            objective=ratio,
            period=_PERIOD,
            indicator=indicator,
            min_errors=0,
            labels=labels,
            page=page,
            ticket=ticket,
            hold=False,
            place=slo.place,
        )
    alerting.finish()
    slo.finish()
    return found


def _notification(alerting: Fields, key: str, severity: str) -> Notification:
    """Return name and texts; those of one severity override those of both."""
    name = alerting.text("name", "ErrorBudgetBurn")
    labels, annotations = alerting.labels("labels"), alerting.annotations("annotations")
    alert = alerting.optional_section(key)
    title = f"({severity}) {{{{ $labels.sloth_service }}}} {{{{ $labels.sloth_slo }}}} SLO error "
    found = Notification(
        enabled=not alert.flag("disable"),
        name=name,
        labels={"sloth_severity": severity, **labels, **alert.labels("labels")},
        annotations={
            "title": title + "budget burn rate is too fast.",
            **annotations,
            **alert.annotations("annotations"),
        },
    )
    alert.finish()
    return found


def _indicator(sli: Fields, names: _Names) -> Indicator:
    if "plugin" in sli:
        plugin = sli.section("plugin").text("id", "")
        raise sli.problem(
            "plugin",
            f"sli.plugin {plugin!r} is not supported, because it is a Go program that Sloth runs: "
            "expected the queries that it returns, as events or raw",
        )
    kinds = [kind for kind in ("raw", "events") if kind in sli]
    if len(kinds) != 1:
        raise sli.problem("", "sli: expected exactly one of events, raw")
    fields = sli.section(kinds[0])
    if kinds == ["raw"]:
        found = Indicator(kind="raw", events="", ratio=query(fields, names.error_ratio_query))
    else:
        found = Indicator(
            kind="events",
            events=query(fields, names.total_query),
            bad=query(fields, names.error_query),
        )
    fields.finish()
    sli.finish()
    return found


def _reject_plugins(fields: Fields, key: str) -> None:
    if key in fields:
        raise fields.problem(
            key,
            f"{key} is not supported, because SLO plugins are Go programs that Sloth runs: "
            "expected no plugins; the rules of objectives cannot be changed",
        )
    fields.ignore(key)
