"""`OTLPExporter`: this package's encoder and transport for any OpenTelemetry SDK pipeline.

::

    provider.add_span_processor(BatchSpanProcessor(OTLPExporter()))

The SDK's processor drops spans when the collector is down for longer than one export. Prefer the
processor that `instrument` installs.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from instrumentation._export.base import create_transport
from instrumentation._export.encoder import SpanEncoder
from instrumentation._export.verdict import Accepted, Failed
from instrumentation._export.worker import Backoff, build_packet
from instrumentation._otlp.request import EncodedSpan, OriginEncoder
from instrumentation._settings.export import ExportSettings
from instrumentation._support.fork import register_after_fork

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.sdk.trace import ReadableSpan


class OTLPExporter(SpanExporter):
    """Exporter of spans to an OTLP collector.

    Arguments override the variables ``OTEL_EXPORTER_OTLP_…``.

    Args:
        endpoint: URL of the collector; for HTTP with its path, like
            ``http://localhost:4318/v1/traces``.
        headers: Headers of every request.
        timeout_seconds: Timeout of one `export` including retries.

    Raises:
        ConfigurationError: An environment variable has an invalid value.
    """

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
    ) -> None:
        environ = dict(os.environ)
        if endpoint is not None:
            environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = endpoint
        settings = ExportSettings.from_env(environ)
        settings = settings._replace(
            headers=settings.headers if headers is None else headers,
            timeout_seconds=timeout_seconds or settings.timeout_seconds,
        )
        self._settings = settings
        self._stopped = threading.Event()
        self._reset()
        register_after_fork(self._reset)

    def _reset(self) -> None:
        """Set the initial state; also in a forked child, which needs its own connection."""
        self._exporting = threading.RLock()
        self._busy = False
        self._transport = create_transport(self._settings)
        self._encode = SpanEncoder().encode
        self._origins = OriginEncoder()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send *spans*; retry until the timeout while the collector fails.

        Blocks for at most the timeout. Concurrent calls are serialized.

        Returns:
            SUCCESS only when the collector accepted all spans.
        """
        deadline = time.monotonic() + self._settings.timeout_seconds
        encoded = [found for span in spans if (found := self._encode_or_none(span)) is not None]
        taken = not encoded or self._export(build_packet(encoded, first=0).body, deadline)
        complete = taken and len(encoded) == len(spans)
        return SpanExportResult.SUCCESS if complete else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Stop immediately; an `export` in progress in another thread fails."""
        self._stopped.set()
        self._transport.abort()
        self._transport.close()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True: this exporter does not buffer."""
        del timeout_millis
        return True

    def _encode_or_none(self, span: ReadableSpan) -> EncodedSpan | None:
        """Return the encoded *span*, or None when it cannot be encoded."""
        try:
            origin = self._origins.encode(span.resource, span.instrumentation_scope)
            return origin, self._encode(span)
        except Exception:  # a span may contain anything
            return None

    def _export(self, body: bytes, deadline: float) -> bool:
        """Send *body* once no other thread is sending.

        The call fails in a finalizer or signal handler that interrupts this thread's own export,
        because the connection is in use.
        """
        if not self._exporting.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return False
        try:
            if self._busy:
                return False
            self._busy = True
            try:
                return self._send(body, deadline)
            finally:
                self._busy = False
        finally:
            self._exporting.release()

    def _send(self, body: bytes, deadline: float) -> bool:
        backoff = Backoff()
        while not self._stopped.is_set():
            verdict = self._transport.send(body, deadline)
            if not isinstance(verdict, Failed):
                return isinstance(verdict, Accepted) and not verdict.rejected
            pause = verdict.retry_after_seconds or backoff.next()
            if time.monotonic() + pause >= deadline:
                return False
            self._stopped.wait(pause)
        return False
