"""Common part of both receivers: decode a request, write it, count it."""

from collections.abc import Callable
from typing import Final

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from starlette.concurrency import run_in_threadpool

from sightline.tracestore.ingest.key_limit import remove_refused
from sightline.tracestore.ingest.metrics import IngestMetrics
from sightline.tracestore.ingest.otlp import span_count
from sightline.tracestore.ingest.writer import NotStored, QueueFull, Writer

Decoder = Callable[[bytes], TracesData]

OK: Final = 0
INVALID_ARGUMENT: Final = 3
UNAVAILABLE: Final = 14
"""Codes of google.rpc.Status."""

_LARGE_BYTES: Final = 256 * 1024
"""Larger bodies are decoded in a thread, so that the event loop stays responsive."""


class Refused(Exception):
    """At least one span was not stored."""


class KeyTooLong(Exception):
    """A span exceeds the key size of Jaeger's index."""


class Receiver:
    """Receiver of one transport, ``http`` or ``grpc``."""

    def __init__(self, writer: Writer, metrics: IngestMetrics, *, transport: str) -> None:
        self._writer = writer
        self._metrics = metrics
        self._transport = transport

    async def receive(self, body: bytes, decode: Decoder) -> None:
        """Return after *body* is on disk.

        Raises:
            MalformedRequest: *decode* rejects it.
            Refused: At least one span was not stored; the message gives the reason.
        """
        if len(body) > _LARGE_BYTES:
            request, reasons = await run_in_threadpool(_decode, body, decode)
        else:
            request, reasons = _decode(body, decode)
        spans = span_count(request)
        try:
            await self._writer.write(request, size_bytes=len(body))
        except (QueueFull, NotStored) as error:
            self._metrics.refused(self._transport, spans, error)
            raise Refused(f"failed to export traces: {error}") from error
        if reasons:
            # As in Jaeger, every span of the request counts as refused, although some are stored.
            too_long = KeyTooLong("\n".join(reasons))
            self._metrics.refused(self._transport, spans + len(reasons), too_long)
            raise Refused(str(too_long)) from too_long
        self._metrics.stored(self._transport, spans)


def _decode(body: bytes, decode: Decoder) -> tuple[TracesData, list[str]]:
    """Return the storable part of *body*, and a reason for each span removed from it."""
    request = decode(body)
    return request, remove_refused(request)
