"""Processors for other exporters: console, none, OpenTelemetry's OTLP exporters, and several.

They serve as a fallback and for comparison; the SDK does not report most of their losses.
"""

from __future__ import annotations

import sys
import threading
import time
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)

from instrumentation._export.console import ConsoleExporter
from instrumentation._export.processor import (
    DROP_REASONS,
    NO_SPANS,
    REFUSED,
    ExportProcessor,
    ExportStats,
)
from instrumentation._settings import export
from instrumentation._support.fork import ProcessLocal, new_lock, register_after_fork
from instrumentation.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

    from instrumentation._settings.export import ExportSettings

_MODULES: Final = MappingProxyType(
    {
        export.STOCK_HTTP: "opentelemetry.exporter.otlp.proto.http.trace_exporter",
        export.STOCK_GRPC: "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
    }
)


def build_stock_processor(
    settings: ExportSettings, queue_processor: Callable[[], ExportProcessor]
) -> ExportProcessor:
    """Return the processor for a list of exporters other than ``otlp`` alone.

    Args:
        settings: Names the exporters; stock exporters read the environment themselves.
        queue_processor: Creates the processor of this package, if the list names it.

    Raises:
        ConfigurationError: The package of a stock exporter is not installed.
    """
    processors = [
        queue_processor() if name == export.OTLP else _processor(name, settings)
        for name in settings.exporters
    ]
    return processors[0] if len(processors) == 1 else MultiProcessor(processors)


def _processor(name: str, settings: ExportSettings) -> ExportProcessor:
    if name == export.NONE:
        return NoExport()
    if name == export.CONSOLE:
        counted = _CountingExporter(lambda: ConsoleExporter(sys.stdout))
        return StockProcessor(SimpleSpanProcessor(counted), counted)
    counted = _CountingExporter(lambda: _stock_exporter(name))
    batches = BatchSpanProcessor(
        counted,
        schedule_delay_millis=settings.schedule_delay_seconds * 1000,
        max_export_batch_size=settings.max_batch_spans,
        max_queue_size=max(settings.max_queue_spans or 2048, settings.max_batch_spans),
    )
    return StockProcessor(batches, counted)


class NoExport(ExportProcessor):
    """Processor that discards spans."""

    def flush(self, timeout_seconds: float) -> bool:
        """Return True: no span is queued."""
        del timeout_seconds
        return True

    def shutdown_within(self, timeout_seconds: float) -> bool:
        """Return True: no span is queued."""
        del timeout_seconds
        return True

    def stats(self) -> ExportStats:
        """Return zero for every count."""
        return NO_SPANS


class MultiProcessor(ExportProcessor):
    """Processor that delegates to several processors; `stats` are those of the first."""

    def __init__(self, processors: Sequence[ExportProcessor]) -> None:
        self._processors = processors

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Delegate."""
        for processor in self._processors:
            processor.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Delegate."""
        for processor in self._processors:
            processor.on_end(span)

    def flush(self, timeout_seconds: float) -> bool:
        """Flush every processor; return whether all exported all spans in time."""
        return self._call_all(lambda each, left: each.flush(left), timeout_seconds)

    def shutdown_within(self, timeout_seconds: float) -> bool:
        """Shut down every processor; return whether none dropped a span."""
        return self._call_all(lambda each, left: each.shutdown_within(left), timeout_seconds)

    def stats(self) -> ExportStats:
        """Return the statistics of the first exporter."""
        return self._processors[0].stats()

    def _call_all(
        self, ask: Callable[[ExportProcessor, float], bool], timeout_seconds: float
    ) -> bool:
        """Call *ask* for each processor with the time that the previous ones left."""
        deadline = time.monotonic() + timeout_seconds
        answers = [ask(each, max(0.0, deadline - time.monotonic())) for each in self._processors]
        return all(answers)


class StockProcessor(ExportProcessor):
    """Adapter of an SDK processor; calls that ignore their timeout run in a thread."""

    def __init__(self, inner: SpanProcessor, exporter: _CountingExporter) -> None:
        self._inner = inner
        self._exporter = exporter
        self._lock = new_lock()
        self._accepted = 0
        register_after_fork(self._reset_counts)

    def _reset_counts(self) -> None:
        """Count only the spans of the forked child; the parent exports the others."""
        self._accepted = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Delegate."""
        self._inner.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Count and delegate a sampled span."""
        context = span.context
        if context is not None and context.trace_flags.sampled:
            with self._lock:
                self._accepted += 1
            self._inner.on_end(span)

    def flush(self, timeout_seconds: float) -> bool:
        """Flush; return whether all spans that ended before were exported, per the SDK's result."""
        accepted = self._accepted
        _run_with_timeout(
            timeout_seconds, threading.Thread(target=self._inner.force_flush, daemon=True)
        )
        return self._exporter.exported >= accepted

    def shutdown_within(self, timeout_seconds: float) -> bool:
        """Shut down; after the timeout the SDK's call continues in its thread."""
        _run_with_timeout(
            timeout_seconds, threading.Thread(target=self._inner.shutdown, daemon=True)
        )
        return self._exporter.exported >= self._accepted

    def stats(self) -> ExportStats:
        """Return the counts; spans that the SDK dropped silently appear as queued."""
        return _stats(self._accepted, self._exporter.exported, self._exporter.failed)


class _CountingExporter(SpanExporter):
    """Exporter that counts results; a forked child creates its own inner exporter.

    Args:
        make: Creates the inner exporter.
    """

    def __init__(self, make: Callable[[], SpanExporter]) -> None:
        self._inner = ProcessLocal(make)
        self.exported = 0
        self.failed = 0
        register_after_fork(self._reset_counts)

    def _reset_counts(self) -> None:
        self.exported = self.failed = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.get().export(spans)
        if result is SpanExportResult.SUCCESS:
            self.exported += len(spans)
        else:
            self.failed += len(spans)
        return result

    def shutdown(self) -> None:
        self._inner.get().shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.get().force_flush(timeout_millis)


def _run_with_timeout(timeout_seconds: float, thread: threading.Thread) -> None:
    thread.start()
    thread.join(timeout_seconds)


def _stock_exporter(name: str) -> SpanExporter:
    try:
        module = import_module(_MODULES[name])
    except ImportError as error:
        raise ConfigurationError(
            f"OTEL_TRACES_EXPORTER={name!r}: expected the package opentelemetry-exporter-otlp; "
            "install it, or set otlp"
        ) from error
    exporter: SpanExporter = module.OTLPSpanExporter()
    return exporter


def _stats(accepted: int, exported: int, failed: int) -> ExportStats:
    dropped = dict.fromkeys(DROP_REASONS, 0) | {REFUSED: failed}
    return ExportStats(
        accepted=accepted,
        exported=exported,
        rejected=0,
        dropped=MappingProxyType(dropped),
        queued=accepted - exported - failed,
        queued_bytes=0,
    )
