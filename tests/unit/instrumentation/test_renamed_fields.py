"""A release of prometheus_client or OpenTelemetry with other private names changes no result."""
# ruff: noqa: SLF001  the fields are private

import json
import math
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, TracerProvider
from prometheus_client import CollectorRegistry, Counter, Histogram

from instrumentation._spans.delegating_span import DelegatingSpan
from instrumentation._spans.sanitizer import Sanitizer
from instrumentation._spans.sdk_access import has_private_fields, replace_class
from instrumentation._support.prometheus_client_access import (
    format_float,
    go_float,
    has_collector_fields,
    has_histogram_fields,
    has_value_fields,
)
from instrumentation.settings import Limits
from tests.renaming import ACCESS, package_of, private_names

ACTS = Path(__file__).parent / "renamed_acts.py"
RENAMED: dict[str, list[str]] = {
    **{name: [package_of(name), *private_names(name)] for name in ACCESS},
    "Histogram._buckets": ["prometheus_client", "_buckets"],
    "undocumented names": ["prometheus_client", "MutexValue", "floatToGoString"],
}


@cache
def report(package: str = "prometheus_client", *names: str) -> dict[str, Any]:
    """Return the samples and spans of a service after *package* renamed *names*."""
    printed = subprocess.check_output([sys.executable, str(ACTS), package, *names], text=True)
    found: dict[str, Any] = json.loads(printed)
    return found


FACTS = {
    "prometheus_client": ["collectors", "histograms", "values"],
    "opentelemetry-api": ["providers", "status"],
    "opentelemetry-sdk": ["spans"],
}
"""Facts that `renamed_acts.py` reports, by distribution."""


def test_the_installed_releases_have_all_private_names() -> None:
    assert report()["private"] == [fact for facts in FACTS.values() for fact in facts]


@pytest.mark.parametrize(("distribution", "facts"), FACTS.items())
def test_a_renamed_name_is_not_used(distribution: str, facts: list[str]) -> None:
    used = report(*RENAMED[distribution])["private"]

    assert set(report()["private"]) - set(used) == set(facts)


@pytest.mark.parametrize("names", RENAMED.values(), ids=RENAMED)
@pytest.mark.parametrize("part", ["text", "open_metrics", "spans", "exported"])
def test_renamed_fields_change_no_result(names: list[str], part: str) -> None:
    assert report(*names)[part] == report()[part] != []


def test_a_provider_that_does_not_show_its_processors_is_not_adopted() -> None:
    assert report()["adopted"] == ["GET"]
    assert report(*RENAMED["opentelemetry-sdk"])["adopted"] == []


@pytest.mark.parametrize(
    "value", [0.0, 0.005, 1.0, 2.5, 999999.0, 1e6, 1048576.0, 1e7, 1.5e15, 1e16, -1e7]
)
def test_numbers_are_written_as_prometheus_client_writes_them(value: float) -> None:
    assert go_float(value) == format_float(value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_infinite_numbers_are_written_as_prometheus_client_writes_them(value: float) -> None:
    assert go_float(value) == format_float(value)


def test_the_check_of_histograms_sees_a_missing_field() -> None:
    histogram = Histogram("probe", "Help.", ["label"], buckets=[1], registry=None)

    assert has_histogram_fields(histogram)
    del histogram._upper_bounds
    assert not has_histogram_fields(histogram)


def test_the_check_of_values_sees_another_value() -> None:
    counter = Counter("probe", "Help.", registry=None)

    assert not has_value_fields(counter)
    counter.inc()
    assert has_value_fields(counter)


def test_the_check_of_registries_sees_a_missing_field() -> None:
    registry = CollectorRegistry()

    assert has_collector_fields(registry)
    del registry._collector_to_names
    assert not has_collector_fields(registry)


def test_the_check_of_spans_sees_a_missing_field() -> None:
    span = ReadableSpan("probe", resource=Resource({}), attributes={"key": 1})

    assert has_private_fields(span)
    del span._events
    assert not has_private_fields(span)


def started() -> trace.Span:
    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    return provider.get_tracer("test").start_span("span")


class Slotted(Span):
    """Span whose instances have another layout."""

    __slots__ = ("more",)


def test_a_span_with_another_layout_keeps_its_class() -> None:
    assert not replace_class(started(), Slotted)


def test_a_delegating_span_limits_its_input() -> None:
    inner: Any = started()
    limits = Limits.from_env({"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "64"})
    span = DelegatingSpan(inner, Sanitizer(limits))

    span.update_name("n" * 5000)
    span.set_attribute("key", "v" * 5000)
    span.set_attributes({"other": "v" * 5000})
    span.add_event("e" * 5000, {"key": "v" * 5000})
    span.add_link(trace.SpanContext(1, 2, is_remote=True), {"key": "v" * 5000})
    span.set_status(trace.StatusCode.ERROR, "s" * 5000)
    span.record_exception(LookupError("x" * 5000))
    span.end()

    assert not span.is_recording()
    assert span.get_span_context() is inner.get_span_context()
    assert span.to_json() == inner.to_json()
    assert len(inner.to_json()) < 5000


def test_a_release_without_the_log_modules_is_a_configuration_error() -> None:
    program = (
        "import sys; sys.modules['opentelemetry.sdk._logs'] = None; import instrumentation as i\n"
        "try: i.Settings; import instrumentation._logging.export\n"
        "except i.ConfigurationError as error: print(error)"
    )

    printed = subprocess.check_output([sys.executable, "-c", program], text=True)

    assert printed.startswith("OTEL_LOGS_EXPORTER='otlp': this release of opentelemetry-sdk has no")
