"""Metrics that are counted from spans."""

from collections.abc import Callable

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status, TracesData
from prometheus_client.exposition import generate_latest as text_format
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.registry import CollectorRegistry
from prometheus_client.samples import Exemplar, Sample

from sightline.tracestore.ingest.span_metrics import LONGEST_LABEL, SpanMetrics
from tests.unit.tracestore.spans import MILLISECOND, attributes, request, span

CALLS = "traces_span_metrics_calls_total"
BUCKET = "traces_span_metrics_duration_milliseconds_bucket"


class Clock:
    """Clock that the test advances."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metrics(clock: Clock) -> SpanMetrics:
    return SpanMetrics(clock=clock)


def samples(metrics: SpanMetrics, name: str) -> list[Sample]:
    """Samples as a scraper of OpenMetrics reads them, after a flush."""
    metrics.flush()
    registry = CollectorRegistry()
    registry.register(metrics)
    text = generate_latest(registry).decode()  # type: ignore[no-untyped-call]  # not typed
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]  # nor is this
    return [sample for family in families for sample in family.samples if sample.name == name]


def test_a_new_series_is_exported_as_0_first(metrics: SpanMetrics) -> None:
    metrics.record(request(span(1), span(2)))
    first, second = samples(metrics, CALLS), samples(metrics, CALLS)
    metrics.record(request(span(3)))
    third = samples(metrics, CALLS)

    assert [found[0].value for found in (first, second, third)] == [0, 2, 3]


def test_a_series_has_the_labels_of_jaeger(metrics: SpanMetrics) -> None:
    failed = Status(code=Status.STATUS_CODE_ERROR)
    metrics.record(
        request(
            span(1, "GET /", status=failed), service_namespace="shops", service_instance_id="shop-1"
        )
    )

    (found,) = samples(metrics, CALLS)
    assert found.labels.pop("collector_instance_id")
    assert found.labels == {
        "service_name": "shop",
        "span_name": "GET /",
        "span_kind": "SPAN_KIND_SERVER",
        "status_code": "STATUS_CODE_ERROR",
        "otel_scope_name": "spanmetricsconnector",
        "otel_scope_version": "",
        "otel_scope_schema_url": "",
        "job": "shops/shop",
        "instance": "shop-1",
    }


def test_durations_are_counted_in_buckets_with_an_exemplar(metrics: SpanMetrics) -> None:
    start = 10**18
    sent = span(0xABC, start_time_unix_nano=start, end_time_unix_nano=start + 7 * MILLISECOND)
    metrics.record(request(sent))
    samples(metrics, BUCKET)

    buckets = {found.labels["le"]: found for found in samples(metrics, BUCKET)}
    assert [buckets[le].value for le in ("5.0", "10.0", "25.0", "+Inf")] == [0, 1, 1, 1]
    exemplar = buckets["10.0"].exemplar
    assert isinstance(exemplar, Exemplar)
    assert exemplar.labels == {"trace_id": f"{0xABC:032x}", "span_id": f"{0xABC:016x}"}
    assert exemplar.value == 7.0


def test_a_series_ends_five_minutes_after_its_last_call(metrics: SpanMetrics, clock: Clock) -> None:
    metrics.record(request(span(1, "old")))
    clock.seconds += 200
    metrics.record(request(span(2, "new")))
    clock.seconds += 101

    assert [found.labels["span_name"] for found in samples(metrics, CALLS)] == ["new"]


def test_operations_without_room_share_one_series() -> None:
    metrics = SpanMetrics(max_bytes=50_000)
    metrics.record(request(*(span(number, f"GET /{number}") for number in range(10))))
    samples(metrics, CALLS)

    found = {s.labels["span_name"]: s for s in samples(metrics, CALLS)}
    values = [sample.value for name, sample in found.items() if name != "__overflow__"]
    assert values == [1] * len(values)
    assert 2 < len(values) < 8
    assert found["__overflow__"].value == 10 - len(values)
    assert found["__overflow__"].labels["job"] == "__overflow__"


HOSTILE = {
    "long names": [request(span(n, f"{n} {'n' * 60_000}")) for n in range(1, 300)],
    "long services": [request(span(n), service=f"{n} {'s' * 999}") for n in range(1, 300)],
    "escaped names": [request(span(n, f"{n} {chr(34) * 999}")) for n in range(1, 300)],
    "four bytes": [request(span(n, f"{n} {chr(0x1F600) * 999}")) for n in range(1, 300)],
    "many instances": [request(span(n), service_instance_id=f"{n}") for n in range(1, 1000)],
    "many attributes": [
        request(span(n), service_instance_id=f"{n}", **{f"k{i}": "v" * 300 for i in range(500)})
        for n in range(1, 9)
    ],
    "a long attribute each time": [request(span(1), a=f"{n}" * 300) for n in range(1, 300)],
    "every bucket": [
        request(span(n, f"{n % 400}", start_time_unix_nano=0, end_time_unix_nano=5**n % 10**14))
        for n in range(1, 3000)
    ],
}


@pytest.mark.parametrize("generate", [generate_latest, text_format], ids=["openmetrics", "text"])
@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE)
def test_a_scrape_is_at_most_two_megabytes(
    metrics: SpanMetrics, sent: list[TracesData], generate: Callable[[CollectorRegistry], bytes]
) -> None:
    for data in sent:
        metrics.record(data)
    metrics.flush()
    metrics.flush()
    registry = CollectorRegistry()
    registry.register(metrics)

    page = generate(registry)

    assert 5_000 < len(page) <= 2_000_000


def test_expired_series_make_room(clock: Clock) -> None:
    metrics = SpanMetrics(clock=clock, max_bytes=50_000)
    metrics.record(request(*(span(number, f"GET /{number}") for number in range(10))))
    clock.seconds += 301
    samples(metrics, CALLS)
    metrics.record(request(span(11, "new")))

    assert [found.labels["span_name"] for found in samples(metrics, CALLS)] == ["new"]


def test_spans_without_a_service_are_not_counted(metrics: SpanMetrics) -> None:
    nameless = request(span(1))
    nameless.resource_spans[0].resource.ClearField("attributes")
    metrics.record(nameless)

    assert samples(metrics, CALLS) == []


def test_other_resource_attributes_are_in_target_info(metrics: SpanMetrics) -> None:
    metrics.record(request(span(1), service_version="1.4.0", deployment_environment_name="demo"))

    (found,) = samples(metrics, "target_info")
    assert found.labels == {
        "job": "shop",
        "instance": "",
        "service_version": "1.4.0",
        "deployment_environment_name": "demo",
    }


def test_unknown_kinds_share_one_series(metrics: SpanMetrics) -> None:
    metrics.record(request(span(1, kind=98), span(2, kind=99)))

    (found,) = samples(metrics, CALLS)
    assert found.labels["span_kind"] == "SPAN_KIND_UNSPECIFIED"


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("größe", "gr__e"),
        ("1st", "key_1st"),
        ("__name__", "key___name__"),
        ("", "key_"),
        ("a b", "a_b"),
    ],
)
def test_any_resource_attribute_becomes_a_valid_label(
    metrics: SpanMetrics, key: str, label: str
) -> None:
    sent = request(span(1))
    sent.resource_spans[0].resource.attributes.extend(attributes({key: "value"}))
    metrics.record(sent)

    (found,) = samples(metrics, "target_info")
    assert found.labels[label] == "value"


def test_long_names_and_attributes_become_short_unique_labels(metrics: SpanMetrics) -> None:
    long = "n" * 60_000
    metrics.record(request(span(1, f"{long}1"), span(2, f"{long}2"), host_name=long))

    names = {found.labels["span_name"] for found in samples(metrics, CALLS)}
    (target,) = samples(metrics, "target_info")

    assert [len(name) for name in names] == [LONGEST_LABEL, LONGEST_LABEL]
    assert len(target.labels["host_name"]) == LONGEST_LABEL
