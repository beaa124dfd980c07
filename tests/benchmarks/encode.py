"""OTLP encoding of spans, next to the SDK's encoder on the same spans."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, TracerProvider
from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AnyValue

from instrumentation._export.encoder import SpanEncoder
from instrumentation._otlp.request import OriginEncoder, encode_request
from tests.benchmarks.rows import Row, cpu_medians

SPANS: Final = 512
ROUNDS: Final = 150

ATTRIBUTES: Final[dict[str, AnyValue]] = {
    "http.request.method": "GET",
    "url.path": "/orders/42",
    "url.scheme": "http",
    "url.query": "page=2",
    "server.address": "shop.example",
    "user_agent.original": "bench/1.0",
    "client.address": "192.0.2.7",
    "network.protocol.version": "1.1",
    "http.route": "/orders/{order_id}",
    "http.response.status_code": 200,
}
"""Ten attributes of a server span."""


def server_spans(count: int) -> list[ReadableSpan]:
    """Return ended spans of the SDK with ten attributes. One of them differs between spans."""
    paths = Random(7)  # noqa: S311  the same spans in every run
    provider = TracerProvider(resource=Resource({"service.name": "s"}), shutdown_on_exit=False)
    tracer = provider.get_tracer("bench", "1.0")
    return [
        _end(
            tracer.start_span(
                "GET /orders/{order_id}",
                kind=SpanKind.SERVER,
                attributes={**ATTRIBUTES, "url.path": f"/orders/{paths.randrange(100)}"},
            )
        )
        for _ in range(count)
    ]


def speed_up() -> float:
    """Return the CPU of the SDK's encoder divided by ours."""
    theirs, ours = _cpu()
    return theirs / ours


def rows() -> Iterator[Row]:
    """Yield the row of the table."""
    theirs, ours = _cpu()
    yield Row(
        figure="OTLP encode, a span with 10 attributes",
        goal="8 times less CPU",
        ours=f"{ours / SPANS * 1e6:.1f} µs, {theirs / ours:.1f} times less",
        peer=f"SDK encoder {theirs / SPANS * 1e6:.1f} µs",
    )


def _cpu() -> list[float]:
    spans = server_spans(SPANS)
    encoder, origins = SpanEncoder(), OriginEncoder()
    return cpu_medians(
        lambda: encode_spans(spans).SerializeToString(),
        lambda: _encode(spans, encoder, origins),
        rounds=ROUNDS,
    )


def _encode(spans: Sequence[ReadableSpan], encoder: SpanEncoder, origins: OriginEncoder) -> bytes:
    return encode_request(
        (origins.encode(span.resource, span.instrumentation_scope), encoder.encode(span))
        for span in spans
    )


def _end(span: object) -> ReadableSpan:
    assert isinstance(span, Span)
    span.end()
    return span._readable_span()  # noqa: SLF001  as the SDK does for processors
