"""`OTLPExporter`: our encoder and transport in anybody's OpenTelemetry set-up.

::

    provider.add_span_processor(BatchSpanProcessor(OTLPExporter()))

Behind the SDK's processor a collector that is away for longer than one export costs spans; whoever
can should use ours, which is what `instrument` does.
"""

import os
import threading
import time
from collections.abc import Mapping, Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from instrumentation._export.base import transport_for
from instrumentation._export.encoder import SpanEncoder
from instrumentation._export.verdict import Accepted, Failed
from instrumentation._export.worker import Pauses, packet
from instrumentation._otlp.request import EncodedSpan, OriginEncoder
from instrumentation._settings.export import ExportSettings
from instrumentation._support.fork import in_child


class OTLPExporter(SpanExporter):
    """Sends spans to an OTLP collector; what is not given comes from ``OTEL_EXPORTER_OTLP_…``.

    Args:
        endpoint: URL that takes the spans, over HTTP with its path, like
            ``http://localhost:4318/v1/traces``.
        headers: Sent with every export.
        timeout_seconds: Longest one `export` may take, retries included.

    Raises:
        ConfigurationError: A variable says something we cannot use.
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
        in_child(self._reset)

    def _reset(self) -> None:
        """Begin with a connection of our own: at the start, and in a forked child."""
        self._exporting = threading.RLock()
        self._busy = False
        self._transport = transport_for(self._settings)
        self._encode = SpanEncoder().encode
        self._origins = OriginEncoder()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send *spans*, again while the collector fails and time is left.

        Several threads may call it, and take turns.

        Returns:
            SUCCESS only when the collector took all of them.
        """
        deadline = time.monotonic() + self._settings.timeout_seconds
        encoded = [found for span in spans if (found := self._encoded(span)) is not None]
        taken = not encoded or self._export(packet(encoded, first=0).body, deadline)
        complete = taken and len(encoded) == len(spans)
        return SpanExportResult.SUCCESS if complete else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Stop at once: an `export` that still runs in another thread fails."""
        self._stopped.set()
        self._transport.abort()
        self._transport.close()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """True: nothing waits here."""
        del timeout_millis
        return True

    def _encoded(self, span: ReadableSpan) -> EncodedSpan | None:
        """None where the span cannot be encoded: it costs itself, not its batch."""
        try:
            origin = self._origins.encode(span.resource, span.instrumentation_scope)
            return origin, self._encode(span)
        except Exception:  # noqa: BLE001  a span may hold anything
            return None

    def _export(self, body: bytes, deadline: float) -> bool:
        """Send *body* when it is this thread's turn.

        A finalizer or signal handler that exports in the middle of its own thread's turn fails:
        the connection is in use.
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
        pauses = Pauses()
        while not self._stopped.is_set():
            verdict = self._transport.send(body, deadline)
            if not isinstance(verdict, Failed):
                return isinstance(verdict, Accepted) and not verdict.rejected
            pause = verdict.retry_after_seconds or pauses.next()
            if time.monotonic() + pause >= deadline:
                return False
            self._stopped.wait(pause)
        return False
