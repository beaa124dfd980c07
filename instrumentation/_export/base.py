"""Finished spans on their way out: encoded where they end, a few at a time, sent by our threads.

The application pays for encoding and for two list appends. Whatever the collector does, spans wait
in bounded memory, are sent again, and every one of them is accounted for.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span
from prometheus_client.registry import CollectorRegistry

from instrumentation._export.encoder import SpanEncoder
from instrumentation._export.metrics import Durations, ExportCollector
from instrumentation._export.outage_log import OutageLog
from instrumentation._export.processor import ExportProcessor
from instrumentation._export.queue import UNENCODABLE, ExportStats, Pending, SpanQueue
from instrumentation._export.verdict import Transport
from instrumentation._settings import export
from instrumentation._settings.export import ExportSettings, without_credentials
from instrumentation._support.fork import in_child

if TYPE_CHECKING:
    from instrumentation._export.worker import Observe

_ABORT_RATIO: Final = 0.05
"""Share of a shutdown's time that is kept for the sender to notice that its attempt is aborted."""

_TOGETHER: Final = 32
"""Spans encoded in one go: half the cost of each is finding the encoder's code cold."""


def build(
    settings: ExportSettings, *, resource: Resource, registry: CollectorRegistry
) -> ExportProcessor:
    """The processor that *settings* ask for, its own metrics on *registry*.

    Raises:
        ConfigurationError: A file or package that the settings need is missing.
    """
    if settings.exporters != (export.OTLP,):
        from instrumentation._export.stock import stock  # noqa: PLC0415  seldom, and heavy

        return stock(settings, lambda: ours(settings, resource=resource, registry=registry))
    return ours(settings, resource=resource, registry=registry)


def ours(
    settings: ExportSettings, *, resource: Resource, registry: CollectorRegistry
) -> "QueueProcessor":
    """As `build`, with our own exporter."""
    transport = transport_for(settings)
    processor = QueueProcessor(
        settings, resource=resource, observe=Durations(registry, transport.component_type)
    )
    registry.register(ExportCollector(processor.stats, settings, transport.component_type))
    return processor


class QueueProcessor(ExportProcessor):
    """Encodes spans as they end and queues them for two threads, started by the first span."""

    def __init__(self, settings: ExportSettings, *, resource: Resource, observe: "Observe") -> None:
        self._settings = settings
        self._resource = resource
        self._observe = observe
        self._encode = SpanEncoder().encode
        self._together = min(_TOGETHER, settings.max_batch_spans)
        self._reset()
        in_child(self._reset)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing: only ended spans count."""

    def on_end(self, span: ReadableSpan) -> None:
        """Take a sampled span; never waits, never raises."""
        context = span.context
        if context is None or not context.trace_flags & 1:
            return
        self._ended.append(span)
        if len(self._ended) >= self._together or self._queue.idle:
            self._settle()
            if self._failures:
                self._report()
            if not self._started:
                self._start()

    def _settle(self) -> None:
        """Encode the spans that ended, unless another thread is at it; never waits.

        Who ends a span while another thread encodes leaves it to that one, which looks again
        after it let go.
        """
        while self._ended and self._encoding.acquire(blocking=False):
            try:
                self._encode_ended()
            finally:
                self._encoding.release()

    def _settle_all(self) -> None:
        """Encode every span that ended before, or wait until it is done."""
        with self._encoding:
            self._encode_ended()
        self._settle()

    def _encode_ended(self) -> None:
        while self._ended:
            self._queue.put(self._encoded())

    def _encoded(self) -> list[Pending]:
        """The next few spans; what cannot be encoded is counted."""
        encoded: list[Pending] = []
        while self._ended and len(encoded) < self._together:
            try:
                span = self._ended.popleft()
            except IndexError:  # a garbage collection ended a span in between, and settled
                break
            try:
                encoded.append((span.instrumentation_scope, self._encode(span)))
            except Exception as error:  # noqa: BLE001  a span may hold anything; it must cost itself only
                self._queue.lose(UNENCODABLE)
                self._failures.append(type(error).__name__)
        return encoded

    def _report(self) -> None:
        """Log spans that could not be encoded; a log handler must not run under a lock."""
        with suppress(IndexError):  # none is left
            while True:
                self._log.lost(1, UNENCODABLE, self._failures.popleft())

    def flush(self, timeout_seconds: float) -> bool:
        """See `ExportProcessor.flush`."""
        self._settle_all()
        return self._queue.flush(timeout_seconds)

    def shutdown_within(self, timeout_seconds: float) -> bool:
        """See `ExportProcessor.shutdown_within`."""
        ends_at = time.monotonic() + timeout_seconds
        self._settle_all()
        lost = self._queue.lost()
        self._queue.close(ends_at - timeout_seconds * _ABORT_RATIO)
        for work in self._idle:
            work()
        self._join(ends_at - timeout_seconds * _ABORT_RATIO)
        self._transport.abort()
        self._queue.abandon()
        self._settle_all()  # what ended meanwhile came too late
        self._join(ends_at)
        return self._queue.lost() == lost

    def stats(self) -> ExportStats:
        """See `ExportProcessor.stats`."""
        self._settle_all()
        self._report()
        return self._queue.stats()

    def _join(self, deadline: float) -> None:
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _reset(self) -> None:
        """Begin empty: at the start, and in a forked child, whose parent keeps the spans."""
        # Reentrant, as the queue's: a garbage collection may end a span in the middle of it.
        self._start_lock = threading.RLock()
        self._started = False
        self._threads: list[threading.Thread] = []
        self._idle: list[Callable[[], None]] = []
        self._ended: deque[ReadableSpan] = deque()
        self._encoding = threading.RLock()
        self._failures: deque[str] = deque(maxlen=_TOGETHER)
        self._queue = SpanQueue(self._settings, settle=self._settle)
        self._log = OutageLog(without_credentials(self._settings.endpoint))
        self._transport = transport_for(self._settings)

    def _start(self) -> None:
        with self._start_lock:
            if self._queue.closed or self._started:
                return
            self._started = True
            from instrumentation._export.worker import (  # noqa: PLC0415  no service starts by it
                Packer,
                Sender,
            )

            packer = Packer(self._queue, self._resource, max_spans=self._settings.max_batch_spans)
            sender = Sender(self._queue, self._transport, log=self._log, observe=self._observe)
            self._start_thread("span-packer", packer.run)
            self._start_thread("span-sender", sender.run)

    def _start_thread(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no thread to be had, or the interpreter is ending
            self._idle.append(work)
        else:
            self._threads.append(thread)


def transport_for(settings: ExportSettings) -> Transport:
    if settings.protocol == export.GRPC:
        from instrumentation._export.grpc import GrpcTransport  # noqa: PLC0415  needs an extra

        return GrpcTransport(settings)
    from instrumentation._export.http import HttpTransport  # noqa: PLC0415  as above

    return HttpTransport(settings)
