"""OpenSLO 1.0: objectives by occurrences, with queries of Prometheus."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from sightline.mixin.slo import promql
from sightline.mixin.slo.building import located
from sightline.mixin.slo.document import Fields
from sightline.mixin.slo.indicators import query
from sightline.mixin.slo.objective import Indicator, Objective, decimal
from sightline.mixin.slo.promql import WINDOW

API_VERSION: Final = "openslo/v1"
_PREFIX: Final = "openslo/"
_PROMETHEUS: Final = frozenset({"prometheus", "Prometheus"})
_TIMESLICES: Final = ("timeSliceTarget", "timeSliceWindow")
_COMPOSITE: Final = ("indicator", "indicatorRef", "compositeWeight")
_COMPARISONS: Final = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Documents of a file to which objectives refer, by their names."""

    indicators: dict[str, Fields]
    sources: dict[str, Fields]


def is_openslo(document: Fields) -> bool:
    """Return true if *document* is OpenSLO's, in any version."""
    return "apiVersion" in document and document.text("apiVersion").startswith(_PREFIX)


def read(documents: Sequence[Fields]) -> Iterator[Objective]:
    """Yield the objectives of *documents*, with the indicators that they refer to.

    Raises:
        SloError: Names file, line and what is unknown or not supported.
    """
    slos: list[Fields] = []
    known = _Known(indicators={}, sources={})
    for document in documents:
        version, kind = document.text("apiVersion"), document.text("kind")
        if version != API_VERSION:
            raise document.problem(
                "apiVersion", f"{version} is not supported: expected {API_VERSION}"
            )
        match kind:
            case "SLO":
                slos.append(document)
            case "SLI":
                _add(known.indicators, document)
            case "DataSource":
                _add(known.sources, document)
            case "Service":
                pass
            case _:
                raise document.problem(
                    "kind",
                    f"kind {kind!r} is not supported: expected SLO, SLI, Service, DataSource",
                )
    for document in slos:
        yield from _objectives(document, known)


def _add(named: dict[str, Fields], document: Fields) -> None:
    name = document.section("metadata").text("name")
    if name in named:
        raise document.problem(
            "metadata", f"{name!r} is defined twice, first at {named[name].place}"
        )
    named[name] = document


def _objectives(document: Fields, known: _Known) -> Iterator[Objective]:
    metadata, spec = document.section("metadata"), document.section("spec")
    document.finish()
    name, labels = metadata.text("name"), metadata.labels("labels")
    metadata.ignore("displayName", "annotations")
    metadata.finish()
    service, period = spec.text("service"), _period(spec)
    _check_method(spec)
    body = _body(spec, known)
    targets = tuple(spec.sections("objectives"))
    for number, target in enumerate(targets, start=1):
        indicator = _indicator(body, target, known)
        ratio = _target(target)
        with located(target):
            found = Objective(
                service=service,
                name=name if len(targets) == 1 else f"{name}-{number}",
                objective=ratio,
                period=period,
                indicator=indicator,
                min_errors=0,
                labels=labels,
                place=target.place,
            )
        yield found
    spec.ignore("description")
    spec.finish()


def _period(spec: Fields) -> str:
    windows = tuple(spec.sections("timeWindow"))
    window = windows[0]
    if len(windows) > 1:
        raise spec.problem("timeWindow", "timeWindow: expected one window")
    if "calendar" in window or not window.flag("isRolling", default=True):
        raise window.problem(
            "", "timeWindow: calendar windows are not supported: expected isRolling"
        )
    duration = window.text("duration")
    window.finish()
    weeks, _, rest = duration.partition("w")
    return f"{int(weeks) * 7}d" if weeks.isdecimal() and not rest and "w" in duration else duration


def _check_method(spec: Fields) -> None:
    method = spec.text("budgetingMethod")
    if method != "Occurrences":
        raise spec.problem(
            "budgetingMethod",
            f"budgetingMethod {method!r} is not supported: expected Occurrences",
        )
    if "alertPolicies" in spec:
        raise spec.problem(
            "alertPolicies",
            "alertPolicies are not supported: expected none, because the alerts follow from the "
            "objective",
        )
    spec.ignore("alertPolicies")


def _target(target: Fields) -> Fraction:
    target.ignore("displayName")
    for key in target.names():
        if key in _TIMESLICES or key in _COMPOSITE:
            raise target.problem(key, f"{key} of an objective is not supported: expected target")
    if "targetPercent" in target and "target" in target:
        raise target.problem("target", "expected exactly one of target, targetPercent")
    if "targetPercent" in target:
        ratio = target.ratio("targetPercent") / 100
    else:
        ratio = target.ratio("target")
    target.finish()
    return ratio


def _body(spec: Fields, known: _Known) -> Fields:
    """Return the specification of the indicator of an objective."""
    if "indicator" in spec:
        found = spec.section("indicator")
        found.ignore("metadata")
    else:
        name = spec.text("indicatorRef")
        if name not in known.indicators:
            raise spec.problem(
                "indicatorRef", f"indicatorRef {name!r}: expected an SLI of this file"
            )
        found = known.indicators[name]
        found.ignore("apiVersion", "kind", "metadata")
    body = found.section("spec")
    found.finish()
    return body


def _indicator(body: Fields, target: Fields, known: _Known) -> Indicator:
    kinds = [kind for kind in ("ratioMetric", "thresholdMetric") if kind in body]
    if len(kinds) != 1:
        raise body.problem("", "expected exactly one of ratioMetric, thresholdMetric")
    body.ignore("description")
    metric = body.section(kinds[0])
    body.finish()
    if kinds == ["thresholdMetric"]:
        return _threshold(metric, target, known)
    for key in ("op", "value"):
        if key in target:
            raise target.problem(key, f"{key} of an objective requires a thresholdMetric")
    return _raw(metric, known) if "raw" in metric else _ratio(metric, known)


def _threshold(metric: Fields, target: Fields, known: _Known) -> Indicator:
    """Return an indicator for which each evaluation is an event."""
    value = _query(metric, known)
    operator = target.text("op")
    if operator not in _COMPARISONS:
        raise target.problem("op", f"op {operator!r}: expected one of {', '.join(_COMPARISONS)}")
    limit = decimal(target.ratio("value"))
    good = f"({value}) {_COMPARISONS[operator]} bool {limit}"
    return Indicator(kind="events", events=f"({value}) * 0 + 1", good=good)


def _raw(ratio: Fields, known: _Known) -> Indicator:
    kind = ratio.text("rawType")
    if kind not in {"success", "failure"}:
        raise ratio.problem("rawType", f"rawType {kind!r}: expected success or failure")
    ratio.ignore("counter")
    stored = _query(ratio.section("raw"), known)
    ratio.finish()
    return Indicator(
        kind="raw", events="", ratio=stored if kind == "failure" else f"1 - ({stored})"
    )


def _ratio(ratio: Fields, known: _Known) -> Indicator:
    counter = ratio.flag("counter", default=True)
    kinds = [kind for kind in ("good", "bad") if kind in ratio]
    if len(kinds) != 1:
        raise ratio.problem("", "ratioMetric: expected exactly one of good, bad")
    part, total = (_rate(ratio.section(key), known, counter=counter) for key in (kinds[0], "total"))
    ratio.finish()
    if kinds == ["good"]:
        return Indicator(kind="events", events=total, good=part)
    return Indicator(kind="events", events=total, bad=part)


def _rate(metric: Fields, known: _Known, *, counter: bool) -> str:
    """Return a query of events per second. A counter without a range becomes its rate."""
    text = _query(metric, known)
    if WINDOW in text:
        return text
    found = promql.rate_of_counter(text) if counter else None
    if found is None:
        raise metric.problem(
            "metricSource",
            f"query: {text!r}: expected a counter, its sum, or {WINDOW} as the range",
        )
    return found


def _query(metric: Fields, known: _Known) -> str:
    """Return the query of a metric in Prometheus."""
    source = metric.section("metricSource")
    metric.finish()
    kind = _type(source, known)
    if kind not in _PROMETHEUS:
        raise source.problem("type", f"type {kind!r} is not supported: expected Prometheus")
    spec = source.section("spec")
    source.finish()
    text = query(spec, "query", ranged=False)
    spec.finish()
    return text


def _type(source: Fields, known: _Known) -> str:
    """Return the type of the metric source, its own or that of its data source."""
    name = source.text("metricSourceRef", "none")
    if "type" in source or "metricSourceRef" not in source:
        return source.text("type")
    source.ignore("type")
    if name not in known.sources:
        raise source.problem(
            "metricSourceRef",
            f"metricSourceRef {name!r}: expected a DataSource of this file, or a type",
        )
    return known.sources[name].section("spec").text("type")
