"""Messages carry the trace context."""

from typing import Any

import pytest

from instrumentation import Settings
from instrumentation._setup.recording import recording
from instrumentation.messaging import Channel
from instrumentation.testing import Recording

Anything = Any
"""Values that brokers' clients return for headers."""


@pytest.fixture
def orders(telemetry: Recording) -> Channel:
    return Channel(telemetry.telemetry, system="kafka", destination="orders")


def test_the_span_of_processing_links_to_the_sender(telemetry: Recording, orders: Channel) -> None:
    headers: dict[str, str] = {}
    with orders.sending(headers):
        pass
    with orders.processing(headers):
        pass

    sent, processed = telemetry.spans
    assert (sent.name, sent.kind) == ("send orders", "PRODUCER")
    assert (processed.name, processed.kind) == ("process orders", "CONSUMER")
    assert processed.trace_id != sent.trace_id
    assert processed.links == (sent.span_id,)


def test_pairs_of_kafka_clients_carry_the_trace(telemetry: Recording, orders: Channel) -> None:
    headers = [("TraceParent", b"of an earlier hop"), ("tenant", b"blue")]
    with orders.sending(headers):
        pass
    with orders.processing(headers):
        pass

    sent, processed = telemetry.spans
    traceparent = f"00-{sent.trace_id}-{sent.span_id}-01".encode()
    assert headers == [("tenant", b"blue"), ("traceparent", traceparent)]
    assert processed.links == (sent.span_id,)


@pytest.mark.parametrize("headers", [None, [], {}, [("traceparent", None)]])
def test_a_message_without_a_trace_is_processed(
    telemetry: Recording, orders: Channel, headers: Anything
) -> None:
    with orders.processing(headers):
        pass

    (span,) = telemetry.spans
    assert span.links == ()


def test_invalid_headers_lose_the_link_but_not_the_message() -> None:
    broken: Anything = 7
    with recording(Settings.from_env({"OTEL_TRACES_EXPORTER": "none"})) as (spans, telemetry):
        orders = Channel(telemetry, system="kafka", destination="orders")
        with orders.sending(broken), orders.processing(broken):
            pass

        failures = telemetry.registry.get_sample_value(
            "sightline_internal_errors_total", {"operation": "message_context"}
        )
    assert failures == 2.0
    assert len(spans.finished()) == 2


def test_messages_are_counted_on_both_sides(telemetry: Recording, orders: Channel) -> None:
    headers: dict[str, str] = {}
    with orders.sending(headers):
        pass
    with orders.processing(headers):
        pass

    assert telemetry.metric("messaging_client_sent_messages_total") == 1
    assert telemetry.metric("messaging_client_consumed_messages_total") == 1
    assert telemetry.metric("messaging_process_duration_seconds_count") == 1


def test_an_exception_is_raised_unchanged_and_recorded(
    telemetry: Recording, orders: Channel
) -> None:
    with pytest.raises(LookupError, match="no such order"), orders.processing({}):
        raise LookupError("no such order")

    (span,) = telemetry.spans
    failed = telemetry.metric("messaging_client_consumed_messages_total", error_type="LookupError")
    assert (span.status, span.attributes["error.type"]) == ("ERROR", "LookupError")
    assert failed == 1
