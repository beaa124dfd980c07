"""The exporters that are not ours: the console, none, and OpenTelemetry's own.

They are here to compare with, and to fall back on; what they lose they mostly do not say.
"""

import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)

from instrumentation import _export_settings
from instrumentation._export_processor import ExportProcessor
from instrumentation._export_queue import DROPPED, REFUSED, ExportStats
from instrumentation._export_settings import ExportSettings
from instrumentation.errors import ConfigurationError

_MODULES: Final = MappingProxyType(
    {
        _export_settings.STOCK_HTTP: "opentelemetry.exporter.otlp.proto.http.trace_exporter",
        _export_settings.STOCK_GRPC: "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
    }
)


def stock(settings: ExportSettings) -> ExportProcessor:
    """The processor for any exporter but ``otlp``; the stock ones read the environment themselves.

    Raises:
        ConfigurationError: The package of a stock exporter is not installed.
    """
    if settings.exporter == _export_settings.NONE:
        return NoExport()
    if settings.exporter == _export_settings.CONSOLE:
        counted = _Counted(ConsoleSpanExporter(out=sys.stdout))
        return StockProcessor(SimpleSpanProcessor(counted), counted)
    counted = _Counted(_stock_exporter(settings.exporter))
    batches = BatchSpanProcessor(
        counted,
        schedule_delay_millis=settings.schedule_delay_seconds * 1000,
        max_export_batch_size=settings.max_batch_spans,
        max_queue_size=max(settings.max_queue_spans or 2048, settings.max_batch_spans),
    )
    return StockProcessor(batches, counted)


class NoExport(ExportProcessor):
    """Spans end here."""

    def flush(self, timeout_seconds: float) -> bool:
        """True: nothing waits."""
        del timeout_seconds
        return True

    def shutdown_within(self, timeout_seconds: float) -> bool:
        """True: nothing waits."""
        del timeout_seconds
        return True

    def stats(self) -> ExportStats:
        """All zero."""
        return _stats(0, 0, 0)


class StockProcessor(ExportProcessor):
    """One of the SDK's processors, its calls that ignore their timeout run where we can leave."""

    def __init__(self, inner: SpanProcessor, exporter: "_Counted") -> None:
        self._inner = inner
        self._exporter = exporter
        self._lock = threading.Lock()
        self._accepted = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Pass on."""
        self._inner.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Pass on, counted."""
        context = span.context
        if context is not None and context.trace_flags.sampled:
            with self._lock:
                self._accepted += 1
            self._inner.on_end(span)

    def flush(self, timeout_seconds: float) -> bool:
        """Whether all spans that ended before were exported in time, as far as the SDK says."""
        accepted = self._accepted
        _leave_after(timeout_seconds, threading.Thread(target=self._inner.force_flush, daemon=True))
        return self._exporter.exported >= accepted

    def shutdown_within(self, timeout_seconds: float) -> bool:
        """As `flush`; the SDK may hang on behind us."""
        _leave_after(timeout_seconds, threading.Thread(target=self._inner.shutdown, daemon=True))
        return self._exporter.exported >= self._accepted

    def stats(self) -> ExportStats:
        """What went through; what the SDK dropped unsaid is counted as queued."""
        return _stats(self._accepted, self._exporter.exported, self._exporter.failed)


class _Counted(SpanExporter):
    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self.exported = 0
        self.failed = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.exported += len(spans)
        else:
            self.failed += len(spans)
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


def _leave_after(timeout_seconds: float, thread: threading.Thread) -> None:
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
    dropped = dict.fromkeys(DROPPED, 0) | {REFUSED: failed}
    return ExportStats(
        accepted=accepted,
        exported=exported,
        rejected=0,
        dropped=MappingProxyType(dropped),
        queued=accepted - exported - failed,
        queued_bytes=0,
    )
