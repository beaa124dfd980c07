"""Span processor of this package: encodes ended spans in small batches and queues them for export.

The service's threads encode and append to a list; two background threads compress and send. Spans
wait in bounded memory, sending is retried, and each span is counted as exported, rejected, dropped
or queued.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from instrumentation._export.encoder import SpanEncoder
from instrumentation._export.metrics import DurationHistogram, ExportCollector, exporter_type
from instrumentation._export.processor import UNENCODABLE, ExportProcessor, ExportStats
from instrumentation._export.queue import PendingSpan, SpanQueue
from instrumentation._settings import export
from instrumentation._settings.export import ExportSettings, hide_credentials
from instrumentation._spans.span import RequestSpan
from instrumentation._support.fork import register_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.context import Context
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan, Span
    from prometheus_client.registry import CollectorRegistry

    from instrumentation._export.outage_log import OutageLog
    from instrumentation._export.verdict import Transport
    from instrumentation._export.worker import DurationObserver

_ABORT_RATIO: Final = 0.05
"""Share of a shutdown's timeout that is reserved for the sender to end an aborted attempt."""

_ENCODE_BATCH_SPANS: Final = 32
"""Batch size for encoding: with cold caches, half the cost per span is loading the code."""


def build(
    settings: ExportSettings, *, resource: Resource, registry: CollectorRegistry
) -> ExportProcessor:
    """Return the processor for *settings*; its metrics are registered on *registry*.

    Raises:
        ConfigurationError: A file or package that the settings require is missing.
    """
    if settings.exporters != (export.OTLP,):
        from instrumentation._export.stock import build_stock_processor

        return build_stock_processor(
            settings, lambda: build_queue_processor(settings, resource=resource, registry=registry)
        )
    return build_queue_processor(settings, resource=resource, registry=registry)


def build_queue_processor(
    settings: ExportSettings, *, resource: Resource, registry: CollectorRegistry
) -> QueueProcessor:
    """Return a `QueueProcessor` for *settings*; otherwise like `build`."""
    component_type = exporter_type(settings)
    processor = QueueProcessor(
        settings, resource=resource, observe=DurationHistogram(registry, component_type)
    )
    registry.register(ExportCollector(processor.stats, settings, component_type))
    return processor


class QueueProcessor(ExportProcessor):
    """Processor that encodes ended spans and queues them for two threads.

    The first span starts the threads. `on_end` never blocks.
    """

    def __init__(
        self, settings: ExportSettings, *, resource: Resource, observe: DurationObserver
    ) -> None:
        self._settings = settings
        self._resource = resource
        self._observe = observe
        self._encode = SpanEncoder().encode
        self._max_encode_spans = min(_ENCODE_BATCH_SPANS, settings.max_batch_spans)
        self._reset()
        register_after_fork(self._reset)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Do nothing: only ended spans are exported."""

    def on_end(self, span: ReadableSpan) -> None:
        """Queue *span* if it is sampled; never blocks or raises."""
        if type(span) is not RequestSpan:  # which is created only for sampled requests
            context = span.context
            if context is None or not context.trace_flags & 1:
                return
        self._ended.append(span)
        if len(self._ended) >= self._max_encode_spans or not self._queue.pending:
            self._encode_ended()
            if self._encode_errors:
                self._log_encode_errors()
            if not self._started:
                self._start()

    def _encode_ended(self) -> None:
        """Encode ended spans unless another thread is encoding; never blocks.

        A span that ends while another thread encodes is left to that thread, which checks for new
        spans after it released the lock.
        """
        while self._ended and self._encoding.acquire(blocking=False):
            try:
                self._drain_ended()
            finally:
                self._encoding.release()

    def _flush_encoder(self) -> None:
        """Encode all spans that ended before this call; wait for a thread that is encoding."""
        with self._encoding:
            self._drain_ended()
        self._encode_ended()

    def _drain_ended(self) -> None:
        while self._ended:
            self._queue.put(self._encode_batch())

    def _encode_batch(self) -> list[PendingSpan]:
        """Return the next encoded spans; count those that cannot be encoded."""
        encoded: list[PendingSpan] = []
        ended, encode = self._ended, self._encode
        while ended and len(encoded) < self._max_encode_spans:
            try:
                span = ended.popleft()
            except IndexError:  # a garbage collection ended a span here and encoded all of them
                break
            try:
                encoded.append((span.instrumentation_scope, encode(span)))
            except Exception as error:  # only the span that cannot be encoded is lost
                self._queue.drop_unqueued(UNENCODABLE)
                self._encode_errors.append(type(error).__name__)
        return encoded

    def _log_encode_errors(self) -> None:
        """Log spans that could not be encoded; a log handler must not run while a lock is held."""
        with suppress(IndexError):  # another thread emptied the deque
            while self._encode_errors:
                error_type = self._encode_errors.popleft()
                self._outage_log().spans_dropped(1, UNENCODABLE, error_type)

    def flush(self, timeout_seconds: float) -> bool:
        """See `ExportProcessor.flush`."""
        self._flush_encoder()
        return self._queue.flush(timeout_seconds)

    def shutdown_within(self, timeout_seconds: float) -> bool:
        """See `ExportProcessor.shutdown_within`."""
        ends_at = time.monotonic() + timeout_seconds
        self._flush_encoder()
        lost = self._queue.lost()
        self._queue.close(ends_at - timeout_seconds * _ABORT_RATIO)
        for work in self._unstarted:
            work()
        self._join_threads(ends_at - timeout_seconds * _ABORT_RATIO)
        if self._transport is not None:
            self._transport.abort()
        self._queue.abandon()
        self._flush_encoder()  # counts spans that ended during the shutdown as dropped
        self._join_threads(ends_at)
        return self._queue.lost() == lost

    def stats(self) -> ExportStats:
        """See `ExportProcessor.stats`."""
        self._flush_encoder()
        self._log_encode_errors()
        return self._queue.stats()

    def _join_threads(self, deadline: float) -> None:
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _reset(self) -> None:
        """Set the initial state; also in a forked child, because the parent exports the spans."""
        # Reentrant like the queue's lock: a garbage collection may end a span while it is held.
        self._start_lock = threading.RLock()
        self._started = False
        self._threads: list[threading.Thread] = []
        self._unstarted: list[Callable[[], None]] = []
        self._ended: deque[ReadableSpan] = deque()
        self._encoding = threading.RLock()
        self._encode_errors: deque[str] = deque(maxlen=_ENCODE_BATCH_SPANS)
        self._queue = SpanQueue(self._settings, flush_encoder=self._encode_ended)
        self._log: OutageLog | None = None
        self._transport = _transport_to_check(self._settings)

    def _start(self) -> None:
        with self._start_lock:
            if self._queue.closed or self._started:
                return
            self._started = True
            from instrumentation._export.worker import Packer, Sender

            if self._transport is None:
                self._transport = create_transport(self._settings)
            packer = Packer(self._queue, self._resource, max_spans=self._settings.max_batch_spans)
            sender = Sender(
                self._queue, self._transport, log=self._outage_log(), observe=self._observe
            )
            self._start_thread("span-packer", packer.run)
            self._start_thread("span-sender", sender.run)

    def _outage_log(self) -> OutageLog:
        if self._log is None:
            from instrumentation._export.outage_log import OutageLog

            self._log = OutageLog(hide_credentials(self._settings.endpoint))
        return self._log

    def _start_thread(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no thread can be started, or the interpreter is shutting down
            self._unstarted.append(work)
        else:
            self._threads.append(thread)


def _transport_to_check(settings: ExportSettings) -> Transport | None:
    """Return the transport if its creation can fail: that must happen at the start of the service.

    That of plain HTTP is created with the first span, because its modules take a millisecond.
    """
    is_plain = settings.endpoint.startswith("http://") and not settings.proxy
    return None if is_plain and settings.protocol != export.GRPC else create_transport(settings)


def create_transport(settings: ExportSettings) -> Transport:
    """Return the transport of the protocol.

    Raises:
        ConfigurationError: A file or package that the settings require is missing.
    """
    if settings.protocol == export.GRPC:
        from instrumentation._export.grpc import GrpcTransport

        return GrpcTransport(settings)
    from instrumentation._export.http import HttpTransport

    return HttpTransport(settings)
