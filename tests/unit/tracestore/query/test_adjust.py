"""Warnings that Jaeger adds to a trace before display."""

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from sightline.tracestore.query.adjust import adjust, repair, repaired
from sightline.tracestore.storage.trace import StoredSpan, Trace

MILLISECOND = 10**6
NO_IDS = Span(name="no ids", end_time_unix_nano=1)


def span(number: int, start: int, end: int, parent: int = 0) -> Span:
    """Ids by number, times in milliseconds."""
    return Span(
        span_id=number.to_bytes(8, "big"),
        parent_span_id=parent.to_bytes(8, "big") if parent else b"",
        start_time_unix_nano=start * MILLISECOND,
        end_time_unix_nano=end * MILLISECOND,
    )


def stored(span: Span, host: str = "") -> StoredSpan:
    named = [KeyValue(key="host.name", value=AnyValue(string_value=host))] if host else []
    resource = Resource(attributes=named)
    origin = ResourceSpans(resource=resource, scope_spans=[ScopeSpans()])
    return StoredSpan.of(origin, "shop", span)


def warnings(*spans: StoredSpan) -> list[list[str]]:
    trace = adjust(repair(Trace(bytes(16), list(spans))))
    return [stored.warnings for stored in trace.spans]


def off_by(delta: str) -> list[str]:
    return [f"clock skew adjustment disabled; not applying calculated delta of {delta}"]


def test_a_child_within_its_parent_has_no_warning() -> None:
    assert warnings(stored(span(1, 0, 10)), stored(span(2, 3, 9, parent=1))) == [[], []]


def test_a_child_before_its_parent_has_a_warning_with_the_skew() -> None:
    found = warnings(stored(span(1, 50, 60)), stored(span(2, 0, 4, parent=1)))

    assert found == [[], off_by("53ms")]


def test_a_child_longer_than_its_parent_may_end_late_but_not_begin_early() -> None:
    late = warnings(stored(span(1, 50, 60)), stored(span(2, 55, 99, parent=1)))
    early = warnings(stored(span(1, 50, 60)), stored(span(2, 40, 99, parent=1)))

    assert (late, early) == ([[], []], [[], off_by("10ms")])


def test_spans_of_one_host_have_no_skew() -> None:
    found = warnings(stored(span(1, 50, 60), "here"), stored(span(2, 0, 4, parent=1), "here"))

    assert found == [[], []]


def test_descendants_on_a_skewed_host_inherit_the_skew() -> None:
    found = warnings(
        stored(span(1, 50, 60), "here"),
        stored(span(2, 0, 4, parent=1), "there"),
        stored(span(3, 1, 2, parent=2), "there"),
    )

    assert found == [[], off_by("53ms"), off_by("53ms")]


def test_a_missing_parent_and_a_duplicate_id_have_warnings() -> None:
    found = warnings(stored(span(2, 0, 1, parent=9)), stored(span(2, 0, 1, parent=9)))

    assert found == [
        ["parent span ID=0000000000000009 is not in the trace; skipping clock skew adjustment"],
        ["duplicate span IDs; skipping clock skew adjustment"],
    ]


def test_cycles_and_spans_without_ids_terminate() -> None:
    circle = [stored(span(1, 0, 1, parent=2)), stored(span(2, 0, 1, parent=1))]

    assert warnings(*circle, stored(span(3, 0, 1, parent=3)), stored(NO_IDS)) == [[], [], [], []]


def test_a_trace_may_be_very_deep() -> None:
    deep = [stored(span(number, 0, 10, parent=number - 1)) for number in range(1, 5000)]

    assert not any(warnings(*deep))


def test_a_span_without_duration_gets_one_nanosecond_and_a_warning() -> None:
    trace = repair(Trace(bytes(16), [stored(span(1, 5, 5))]))

    assert repaired(trace.spans[0]).end_time_unix_nano == 5 * MILLISECOND + 1
    assert trace.spans[0].warnings == [
        (
            "Negative duration detected, sanitizing end timestamp. "
            "Original end timestamp: 1970-01-01 00:00:00.005 +0000 UTC, "
            "adjusted to: 1970-01-01 00:00:00.005000001 +0000 UTC"
        )
    ]
