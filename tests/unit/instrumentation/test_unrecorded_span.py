"""An unsampled request still propagates its trace."""

import asyncio

import pytest
from opentelemetry import trace

from instrumentation import Settings, TelemetryMiddleware, inject
from instrumentation._setup.recording import ENVIRON, recording
from instrumentation._support.asgi_types import Receive, Scope, Send
from tests.asgi import get

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE_ID}-b7ad6b7169203331-".encode()
BAGGAGE = (b"baggage", b"user=alice")
STATE = (b"tracestate", b"vendor=1")


class Service:
    """Service that records the headers of two downstream calls."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.sent = [{}, {}]
        inject(self.sent[0])
        await asyncio.to_thread(inject, self.sent[1])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def outgoing_headers(
    headers: list[tuple[bytes, bytes]], **environ: str
) -> tuple[list[dict[str, str]], int]:
    """Return the outgoing headers, and the number of recorded spans."""
    service = Service()
    with recording(Settings.from_env({**ENVIRON, **environ})) as (spans, telemetry):
        get(TelemetryMiddleware(service, telemetry), "/", headers=headers)
        return service.sent, len(spans.finished())


@pytest.mark.parametrize("more", [[], [BAGGAGE], [STATE]], ids=["plain", "baggage", "state"])
@pytest.mark.parametrize(("flags", "forwarded"), [(b"00", "00"), (b"02", "02"), (b"0a", "02")])
def test_an_unsampled_callers_trace_stays_unsampled(
    flags: bytes, forwarded: str, more: list[tuple[bytes, bytes]]
) -> None:
    (first, second), recorded = outgoing_headers([(b"traceparent", PARENT + flags), *more])

    version, trace_id, span_id, sampled = first["traceparent"].split("-")
    assert (version, trace_id, sampled) == ("00", TRACE_ID, forwarded)
    assert span_id != "b7ad6b7169203331"
    assert (second, recorded) == (first, 0)


def test_a_trace_that_is_not_sampled_at_its_root_stays_unsampled() -> None:
    (first, second), recorded = outgoing_headers([], OTEL_TRACES_SAMPLER="always_off")

    assert first["traceparent"].endswith("-00")
    assert (second, recorded) == (first, 0)


@pytest.mark.parametrize("value", [b"00-" + b"0" * 32 + PARENT[35:] + b"00", b"0" * 55, b"-" * 55])
def test_an_invalid_parent_is_ignored(value: bytes) -> None:
    (first, _), recorded = outgoing_headers([(b"traceparent", value)])

    assert first["traceparent"].endswith("-01")
    assert recorded == 1


def test_an_unsampled_caller_is_counted_as_a_span_that_was_started() -> None:
    with recording() as (_, telemetry):
        app = TelemetryMiddleware(Service(), telemetry)
        get(app, "/", headers=[(b"traceparent", PARENT + b"00")])
        labels = {"otel_span_parent_origin": "remote", "otel_span_sampling_result": "DROP"}
        counted = telemetry.registry.get_sample_value("otel_sdk_span_started_total", labels)

    assert counted == 1
    assert trace.get_current_span() is trace.INVALID_SPAN
