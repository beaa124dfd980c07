"""Indicators of the short form: ``http``, ``grpc``, ``messages``, ``database``, ``freshness``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from instrumentation import conventions, service_metrics
from sightline.mixin import queries
from sightline.mixin.queries import NO_FAILURE, join_matchers, selector
from sightline.mixin.slo import promql
from sightline.mixin.slo.document import Fields
from sightline.mixin.slo.objective import Indicator
from sightline.mixin.slo.promql import SECONDS, WINDOW

COMPARABLE: Final = "job_slo:instance_events:comparable"
"""Recorded instances whose new series began at 0, by service and kind of indicator."""

_GRPC_ERRORS: Final = "DATA_LOSS|DEADLINE_EXCEEDED|INTERNAL|UNAVAILABLE|UNIMPLEMENTED|UNKNOWN"
"""Source: OpenTelemetry semantic conventions, status codes that are errors of an RPC server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Histogram:
    """Histogram of durations, and the labels by which events are errors or are left out."""

    metric: str
    errors: str
    """Label that has the outcome."""
    default: str
    """Pattern of an error, unless the objective has one."""
    excluded: Mapping[str, str]
    """Label by the key that leaves its values out."""
    only: Mapping[str, str]
    """Label by the key that selects its values."""
    also: tuple[str, ...] = ()
    """Matchers of more errors."""
    streams: str = ""
    """Label of events that are judged by their error alone, if the objective names some."""
    degraded: str = ""
    """Counter of events that succeeded without one of their dependencies."""


_HISTOGRAMS: Final = {
    "http": _Histogram(
        metric=conventions.HTTP_SERVER_REQUEST_DURATION_SECONDS,
        errors="http_response_status_code",
        default="5..",
        excluded={"exclude_routes": "http_route"},
        only={"routes": "http_route", "methods": "http_request_method"},
        also=(f'http_response_status_code=~"[1-3]..", error_type!~"{NO_FAILURE}"',),
        streams="http_route",
        degraded=f"{service_metrics.DEGRADED_RESPONSES}_total",
    ),
    "grpc": _Histogram(
        metric=conventions.RPC_SERVER_CALL_DURATION_SECONDS,
        errors="rpc_response_status_code",
        default=_GRPC_ERRORS,
        excluded={"exclude_methods": "rpc_method"},
        only={"methods": "rpc_method"},
    ),
    "messages": _Histogram(
        metric=conventions.MESSAGING_PROCESS_DURATION_SECONDS,
        errors="error_type",
        default=".+",
        excluded={"exclude_destinations": "messaging_destination_name"},
        only={"destinations": "messaging_destination_name"},
    ),
    "database": _Histogram(
        metric=conventions.DB_CLIENT_OPERATION_DURATION_SECONDS,
        errors="error_type",
        default=".+",
        excluded={"exclude_operations": "db_operation_name"},
        only={"operations": "db_operation_name", "collections": "db_collection_name"},
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Series that an objective judges."""

    service: str
    """Value of the label `job`."""
    by: tuple[str, ...]
    """Labels whose values have a budget each."""

    @property
    def job(self) -> str:
        """Matcher of the service."""
        return promql.matcher("job", [self.service])

    @property
    def aggregation(self) -> str:
        """Clause that aggregates to series with a budget each."""
        return f"by ({', '.join(self.by)})"


def indicator(subject: Subject, sli: Fields) -> Indicator:
    """Return the indicator of *subject* in *sli*, which has exactly one key.

    Raises:
        SloError: Names file, line and expectation.
    """
    readers: dict[str, Callable[[Subject, Fields], Indicator]] = {
        "events": _events,
        "freshness": _freshness,
        **{kind: _of_histogram(kind, histogram) for kind, histogram in _HISTOGRAMS.items()},
    }
    kinds = [kind for kind in readers if kind in sli]
    if len(kinds) != 1 or len(sli.names()) != 1:
        raise sli.problem("", f"sli: expected exactly one of {', '.join(sorted(readers))}")
    fields = sli.section(kinds[0])
    found = readers[kinds[0]](subject, fields)
    fields.finish()
    return found


def query(fields: Fields, key: str, *, ranged: bool = True) -> str:
    """Return the PromQL at *key*.

    Raises:
        SloError: It is not PromQL, or it has no `WINDOW`.
    """
    text = promql.normalize(fields.text(key))
    try:
        promql.check(text)
    except ValueError as error:
        raise fields.problem(key, f"{key}: {error}") from error
    if ranged and WINDOW not in text:
        raise fields.problem(key, f"{key}: {text!r}: expected {WINDOW} as the range in the query")
    return text


def _events(_subject: Subject, fields: Fields) -> Indicator:
    total = query(fields, "total")
    if "good" in fields:
        return Indicator(kind="events", events=total, good=query(fields, "good"))
    return Indicator(kind="events", events=total, bad=query(fields, "errors"))


def _freshness(subject: Subject, fields: Fields) -> Indicator:
    """Count each second: it is bad while the newest success is older than allowed."""
    limit = float(fields.ratio("older_than"))
    key = "age" if "age" in fields else "timestamp"
    metric = query(fields, key, ranged=False)
    if not promql.is_selector(metric) or "{" in metric:
        raise fields.problem(key, f"{key}: {metric!r}: expected the name of a metric")
    series, by = selector(metric, subject.job), subject.aggregation
    age = f"min {by} ({series})" if key == "age" else f"time() - max {by} ({series})"
    return Indicator(kind="freshness", events=f"({age}) * 0 + 1", bad=f"({age}) > bool {limit:g}")


def _of_histogram(kind: str, histogram: _Histogram) -> Callable[[Subject, Fields], Indicator]:
    def read(subject: Subject, fields: Fields) -> Indicator:
        where = join_matchers(subject.job, _where(fields, histogram))
        slow = "slower_than" in fields
        if histogram.degraded and "degraded" in fields:
            selectors = _degraded(histogram.degraded, fields, subject)
        else:
            selectors = (_fast if slow else _failed)(histogram, fields, where)
        counted = _counted(subject, kind, *selectors)
        count = f"{histogram.metric}_count"
        return Indicator(
            kind=kind,
            events=_counted(subject, kind, selector(count, where)),
            bad="" if slow else counted,
            good=counted if slow else "",
            counter=selector(count, subject.job),
        )

    return read


def _failed(histogram: _Histogram, fields: Fields, where: str) -> tuple[str, ...]:
    """Return the selectors of the events that failed."""
    pattern = fields.text("errors", histogram.default)
    _check(fields, "errors", pattern)
    outcomes = [f"{histogram.errors}=~{promql.quote(pattern)}", *histogram.also]
    return tuple(
        selector(f"{histogram.metric}_count", join_matchers(where, each)) for each in outcomes
    )


def _degraded(counter: str, fields: Fields, subject: Subject) -> tuple[str, ...]:
    """Return the selector of the events that lack a dependency, whatever selects all events."""
    pattern = fields.text("degraded")
    _check(fields, "degraded", pattern)
    matcher = f"dependency=~{promql.quote(pattern)}"
    return (selector(counter, join_matchers(subject.job, matcher)),)


def _fast(histogram: _Histogram, fields: Fields, where: str) -> tuple[str, ...]:
    """Return the selectors of the events within the threshold, and of streams without an error."""
    bound = _bound(fields, histogram.metric)
    streams = _patterns(fields, "streams") if histogram.streams else ""
    route = f"{histogram.streams}{{}}{promql.quote(streams)}"
    judged = join_matchers(where, route.format("!~")) if streams else where
    fast = selector(
        f"{histogram.metric}_bucket", join_matchers(judged, f'le=~"{_spellings(bound)}"')
    )
    if not streams:
        return (fast,)
    sound = f'error_type=~"{NO_FAILURE}", {histogram.errors}!~{promql.quote(histogram.default)}'
    sound = join_matchers(join_matchers(where, route.format("=~")), sound)
    return fast, selector(f"{histogram.metric}_count", sound)


def _counted(subject: Subject, kind: str, *selectors: str) -> str:
    """Return the events per second of the counters *selectors*, with those of new series."""
    comparable = selector(COMPARABLE, f'{subject.job}, sli="{kind}"')
    counted = queries.events(*selectors, by=subject.by, comparable=comparable, window=WINDOW)
    return f"{counted}\n/ {SECONDS}"


def _where(fields: Fields, histogram: _Histogram) -> str:
    matchers = [
        f"{label}{operator}{promql.quote(pattern)}"
        for keys, operator in ((histogram.only, "=~"), (histogram.excluded, "!~"))
        for key, label in keys.items()
        if (pattern := _patterns(fields, key))
    ]
    return ", ".join(matchers)


def _patterns(fields: Fields, key: str) -> str:
    """Return the patterns at *key* as one, after a check of each."""
    patterns = fields.texts(key)
    for pattern in patterns:
        _check(fields, key, pattern)
    return "|".join(patterns)


def _check(fields: Fields, key: str, pattern: str) -> None:
    try:
        promql.check_pattern(pattern)
    except ValueError as error:
        raise fields.problem(key, f"{key}: {error}") from error


def _bound(fields: Fields, metric: str) -> float:
    threshold = float(fields.ratio("slower_than"))
    bounds = conventions.METRICS[metric].buckets
    if threshold not in bounds:
        raise fields.problem(
            "slower_than",
            f"slower_than {threshold:g}: expected a bucket bound of {metric}, "
            f"one of {', '.join(f'{bound:g}' for bound in bounds)}",
        )
    return threshold


def _spellings(bound: float) -> str:
    """Return a pattern of the spellings of *bound*: ``1`` in some libraries, ``1.0`` in others."""
    return "|".join(dict.fromkeys((f"{bound!r}", f"{bound:g}"))).replace(".", "\\\\.")
