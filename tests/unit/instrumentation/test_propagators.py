"""OTEL_PROPAGATORS selects the headers that carry a trace."""

import asyncio
import json
from pathlib import Path

import pytest
from opentelemetry import baggage, context

from instrumentation import ConfigurationError, Settings, TelemetryMiddleware, inject
from instrumentation._setup.recording import ENVIRON, recording
from instrumentation._spans.propagators import Propagators
from instrumentation._support.asgi_types import Receive, Scope, Send
from instrumentation.testing import RecordedSpan
from tests.asgi import answer, scope

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
W3C = [(b"traceparent", f"00-{TRACE}-{SPAN}-01".encode()), (b"baggage", b"tenant=blue")]
SHOP = [(b"x-shop-trace", f"{TRACE}:{SPAN}".encode())]

PROPAGATOR = """
from opentelemetry import trace
from opentelemetry.propagators.textmap import TextMapPropagator


class Shop(TextMapPropagator):
    fields = {"X-Shop-Trace"}

    def extract(self, carrier, context=None, getter=None):
        for value in getter.get(carrier, "X-Shop-Trace") or ():
            ids = (int(part, 16) for part in value.split(":"))
            parent = trace.SpanContext(*ids, is_remote=True, trace_flags=trace.TraceFlags(1))
            context = trace.set_span_in_context(trace.NonRecordingSpan(parent), context)
        return context

    def inject(self, carrier, context=None, setter=None):
        found = trace.get_current_span(context).get_span_context()
        setter.set(carrier, "X-Shop-Trace", f"{found.trace_id:032x}:{found.span_id:016x}")
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package that provides the propagator ``shop``."""
    offers = tmp_path / "shop_propagator-1.0.dist-info"
    offers.mkdir()
    (offers / "METADATA").write_text("Name: shop-propagator\nVersion: 1.0\n")
    (offers / "entry_points.txt").write_text(
        "[opentelemetry_propagator]\nshop = shop_propagator:Shop\n"
    )
    (tmp_path / "shop_propagator.py").write_text(PROPAGATOR)
    monkeypatch.syspath_prepend(str(tmp_path))


async def service(scope: Scope, receive: Receive, send: Send) -> None:
    """App that answers with the headers of a downstream call."""
    del scope, receive
    headers: dict[str, str] = {}
    inject(headers)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(headers).encode()})


def call_with_headers(
    headers: list[tuple[bytes, bytes]], **environ: str
) -> tuple[RecordedSpan, set[str]]:
    """Return the span of a call, and the names of the headers of its downstream call."""
    with recording(Settings.from_env(ENVIRON | environ)) as (spans, telemetry):
        middleware = TelemetryMiddleware(service, telemetry)
        sent, _ = asyncio.run(
            answer(middleware, scope("/", headers=headers, client=("10.1.2.3", 1)))
        )
        (span,) = spans.finished()
    return span, set(json.loads(sent[1]["body"]))


@pytest.mark.parametrize(
    ("propagators", "parent", "names"),
    [
        ("", SPAN, {"traceparent", "baggage"}),
        ("tracecontext", SPAN, {"traceparent"}),
        ("baggage", "", {"baggage"}),
        ("none", "", set()),
    ],
)
def test_the_configured_formats_are_read_and_written(
    propagators: str, parent: str, names: set[str]
) -> None:
    span, written = call_with_headers(W3C, OTEL_PROPAGATORS=propagators)

    assert (span.parent_id, written) == (parent, names)


@pytest.mark.usefixtures("installed")
def test_a_propagator_of_another_package_carries_the_trace() -> None:
    span, written = call_with_headers(SHOP, OTEL_PROPAGATORS="tracecontext,shop")

    assert (span.trace_id, span.parent_id) == (TRACE, SPAN)
    assert written == {"traceparent", "x-shop-trace"}


@pytest.mark.usefixtures("installed")
def test_the_trace_of_an_untrusted_caller_is_linked_in_its_format() -> None:
    span, _ = call_with_headers(
        SHOP, OTEL_PROPAGATORS="shop", SIGHTLINE_TRUST_INCOMING="192.0.2.0/24"
    )

    assert (span.parent_id, span.links) == ("", (SPAN,))


@pytest.mark.usefixtures("installed")
def test_messages_outside_of_requests_carry_its_context_without_baggage() -> None:
    propagators = Propagators(["shop"])
    tenant = baggage.set_baggage("tenant", "blue", propagators.extract(SHOP, context.Context()))
    carrier = [(b"X-Shop-Trace", b"stale")]

    propagators.inject(carrier, tenant)

    assert carrier == SHOP


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("b3multi", "install opentelemetry-propagator-b3"),
        ("xray", "install opentelemetry-propagator-aws-xray"),
    ],
)
def test_a_propagator_that_is_not_installed_is_reported_with_its_package(
    name: str, step: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"OTEL_PROPAGATORS='{name}': .*; {step}$"):
        Propagators(Settings.from_env({"OTEL_PROPAGATORS": f"tracecontext,{name}"}).propagators)
