"""Jaeger's Monitor tab: `/api/metrics/...` from the span metrics in Prometheus.

Source: Jaeger, `internal/storage/metricstore/prometheus/metricstore/reader.go`.
"""

import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sightline.jaeger_names import SPAN_METRICS_CALLS, SPAN_METRICS_DURATION
from sightline.tracestore.query.api_v1 import failure
from sightline.tracestore.query.parameters_v1 import (
    MILLISECOND,
    bool_parameter,
    invalid,
    time_parameter,
)
from sightline.tracestore.query.responses import BadParameter, json_answer, with_bad_request
from sightline.tracestore.query.values import (
    NANOSECONDS,
    rfc3339,
)
from sightline.tracestore.storage.attributes import JSON, non_finite_text

CALLS: Final = f"{SPAN_METRICS_CALLS}_total"
DURATIONS: Final = f"{SPAN_METRICS_DURATION}_bucket"

MAX_SERVICES: Final = 100
"""Services of one request."""

_TIMEOUT_SECONDS: Final = 10
_LOOKBACK: Final = NANOSECONDS["h"]
_STEP: Final = 5 * NANOSECONDS["s"]
_RATE: Final = 10 * NANOSECONDS["m"]
"""Defaults. Source: `defaultMetricsQuery…Duration` of query_parser.go."""

_KINDS: Final = ("unspecified", "internal", "server", "client", "producer", "consumer")

Family = dict[str, JSON]


class PrometheusFailed(Exception):
    """Prometheus did not answer, or rejected the query."""


@dataclass(frozen=True, slots=True)
class Window:
    """Services and time range of a request; times in nanoseconds."""

    matchers: str
    by_operation: bool
    end: int
    lookback: int
    step: int
    rate: int

    @property
    def labels(self) -> str:
        """Labels of the grouping."""
        return "service_name,span_name" if self.by_operation else "service_name"


class Monitor:
    """Handlers of `/api/metrics/...`."""

    def __init__(self, prometheus_url: str) -> None:
        self._url = prometheus_url.rstrip("/")

    def routes(self) -> list[Route]:
        """Return every route of the Monitor tab."""
        return [
            Route("/api/metrics/latencies", with_bad_request(self.latencies, failure)),
            Route("/api/metrics/calls", with_bad_request(self.calls, failure)),
            Route("/api/metrics/errors", with_bad_request(self.errors, failure)),
        ]

    async def latencies(self, request: Request) -> Response:
        """Answer with a quantile of the durations in milliseconds."""
        value = request.query_params.get("quantile", "")
        try:
            quantile = float(value)
        except ValueError as error:
            raise invalid("quantile", error) from error
        return await run_in_threadpool(self._latencies, window(request.query_params), quantile)

    async def calls(self, request: Request) -> Response:
        """Answer with calls per second."""
        return await run_in_threadpool(self._calls, window(request.query_params))

    async def errors(self, request: Request) -> Response:
        """Answer with the ratio of failed calls, 0 to 1."""
        return await run_in_threadpool(self._errors, window(request.query_params))

    def _latencies(self, asked: Window, quantile: float) -> Response:
        rates = f"rate({DURATIONS}{{{asked.matchers}}}[{asked.rate // MILLISECOND}ms])"
        query = f"histogram_quantile({quantile:.2f}, sum({rates}) by ({asked.labels},le))"
        help_ = f"{quantile:.2f}th quantile latency, grouped by service"
        return self._answer("service_latencies", help_, asked, query)

    def _calls(self, asked: Window) -> Response:
        help_ = "calls/sec, grouped by service"
        return self._answer("service_call_rate", help_, asked, _call_rate(asked))

    def _errors(self, asked: Window) -> Response:
        """Return the ratio of failed calls; 0 if no call failed or none was made."""
        calls, failed = _call_rate(asked), _call_rate(asked, 'status_code="STATUS_CODE_ERROR",')
        query = f"{failed} / ({calls} > 0) or {calls} * 0"
        help_ = (
            "error rate, computed as a fraction of errors/sec over calls/sec, grouped by service"
        )
        return self._answer("service_error_rate", help_, asked, query)

    def _answer(self, name: str, help_: str, asked: Window, query: str) -> Response:
        if asked.by_operation:
            name, help_ = name.replace("service", "service_operation"), f"{help_} & operation"
        try:
            metrics = [_metric(series) for series in self._range(query, asked)]
        except PrometheusFailed as error:
            return failure(f"failed executing metrics query: {error}", 500)
        return json_answer({"name": name, "type": "GAUGE", "help": help_, "metrics": metrics})

    def _range(self, query: str, asked: Window) -> list[Mapping[str, Any]]:
        parameters = {
            "query": query,
            "start": (asked.end - asked.lookback) / NANOSECONDS["s"],
            "end": asked.end / NANOSECONDS["s"],
            "step": max(asked.step / NANOSECONDS["s"], 0.001),
        }
        url = f"{self._url}/api/v1/query_range"
        try:
            with urlopen(url, urlencode(parameters).encode(), timeout=_TIMEOUT_SECONDS) as answer:
                result: list[Mapping[str, Any]] = json.load(answer)["data"]["result"]
                return result
        except HTTPError as error:
            raise PrometheusFailed(error.read(2000).decode(errors="replace")) from error
        except (URLError, OSError, ValueError, LookupError) as error:
            raise PrometheusFailed(f"{url}: {error}") from error


def window(parameters: QueryParams) -> Window:
    """Return the services and time range of *parameters*.

    Raises:
        BadParameter: A value is invalid, or the service is missing.
    """
    services = parameters.getlist("service")
    if not services:
        problem = "please provide at least one service name"
        raise invalid("service", BadParameter(problem))
    if len(services) > MAX_SERVICES:
        raise BadParameter(f"{len(services)} services: expected at most {MAX_SERVICES}")
    by_operation = bool_parameter(parameters, "groupByOperation")
    kinds = "|".join(map(_kind, dict.fromkeys(parameters.getlist("spanKind")) or ["server"]))
    names = "|".join(map(re.escape, services))
    return Window(
        matchers=f"service_name=~{_promql_string(names)}, span_kind=~{_promql_string(kinds)}",
        by_operation=by_operation,
        end=time_parameter(parameters, "endTs", MILLISECOND, time.time_ns()),
        lookback=time_parameter(parameters, "lookback", MILLISECOND, _LOOKBACK),
        step=time_parameter(parameters, "step", MILLISECOND, _STEP),
        rate=time_parameter(parameters, "ratePer", MILLISECOND, _RATE),
    )


def _promql_string(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _kind(name: str) -> str:
    if name not in _KINDS:
        raise invalid("spanKind", BadParameter(f"unsupported span kind: '{name}'"))
    return f"SPAN_KIND_{name.upper()}"


def _call_rate(asked: Window, matcher: str = "") -> str:
    rates = f"rate({CALLS}{{{matcher}{asked.matchers}}}[{asked.rate // MILLISECOND}ms])"
    return f"sum({rates}) by ({asked.labels})"


def _metric(series: Mapping[str, Any]) -> Family:
    shown = {"service_name": "service_name", "span_name": "operation"}
    labels = [
        {"name": shown[name], "value": series["metric"][name]}
        for name in shown
        if name in series["metric"]
    ]
    points = [_point(*value) for value in series["values"]]
    return {"labels": labels, "metricPoints": points}


def _point(seconds: float, value: str) -> Family:
    number = float(value)
    shown: JSON = number if math.isfinite(number) else non_finite_text(number)
    timestamp = rfc3339(round(seconds * 1000) * MILLISECOND)
    return {"gaugeValue": {"doubleValue": shown}, "timestamp": timestamp}
