"""What happens to a decoded request, whichever way it came: stored and counted, or refused."""

from collections.abc import Callable
from typing import Final

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from starlette.concurrency import run_in_threadpool

from sightline.tracestore.keys import remove_refused
from sightline.tracestore.otlp import span_count
from sightline.tracestore.own_metrics import OwnMetrics
from sightline.tracestore.writer import NotStored, QueueFull, Writer

Decoder = Callable[[bytes], TracesData]

OK: Final = 0
INVALID_ARGUMENT: Final = 3
UNAVAILABLE: Final = 14
"""Codes of google.rpc.Status."""

_LARGE_BYTES: Final = 256 * 1024
"""A larger body is decoded aside, so that others are answered meanwhile."""


class Refused(Exception):  # noqa: N818  the sender may come again, answered with 503
    """Something was not stored."""


class KeyTooLong(Exception):  # noqa: N818  as Refused
    """A span is longer than Jaeger's index allows."""


class Receiver:
    """Takes requests of one transport."""

    def __init__(self, writer: Writer, metrics: OwnMetrics, *, transport: str) -> None:
        self._writer = writer
        self._metrics = metrics
        self._transport = transport

    async def receive(self, body: bytes, decode: Decoder) -> None:
        """Return once *body* is stored.

        Raises:
            MalformedRequest: *decode* cannot read it.
            Refused: Not all of it was stored; the message gives the reason.
        """
        if len(body) > _LARGE_BYTES:
            request, reasons = await run_in_threadpool(_decoded, body, decode)
        else:
            request, reasons = _decoded(body, decode)
        spans = span_count(request)
        try:
            await self._writer.write(request, size_bytes=len(body))
        except (QueueFull, NotStored) as error:
            self._metrics.refused(self._transport, spans, error)
            raise Refused(f"failed to export traces: {error}") from error
        if reasons:
            # Jaeger counts the whole request as refused, although it has stored the other spans.
            too_long = KeyTooLong("\n".join(reasons))
            self._metrics.refused(self._transport, spans + len(reasons), too_long)
            raise Refused(str(too_long)) from too_long
        self._metrics.stored(self._transport, spans)


def _decoded(body: bytes, decode: Decoder) -> tuple[TracesData, list[str]]:
    """Return what is to be stored of *body*, and for each other span the reason."""
    request = decode(body)
    return request, remove_refused(request)
