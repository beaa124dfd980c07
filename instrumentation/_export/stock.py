"""The exporters that are not ours: the console, none, OpenTelemetry's own, and several at once.

They are here to compare with, and to fall back on; what they lose they mostly do not say.
"""

import sys
import threading
import time
from collections.abc import Callable, Sequence
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

from instrumentation._export.processor import ExportProcessor
from instrumentation._export.queue import DROPPED, REFUSED, ExportStats
from instrumentation._settings import export
from instrumentation._settings.export import ExportSettings
from instrumentation._support.fork import Renewed, in_child, new_lock
from instrumentation.errors import ConfigurationError

_MODULES: Final = MappingProxyType(
    {
        export.STOCK_HTTP: "opentelemetry.exporter.otlp.proto.http.trace_exporter",
        export.STOCK_GRPC: "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
    }
)


def stock(settings: ExportSettings, ours: Callable[[], ExportProcessor]) -> ExportProcessor:
    """The processor for any exporters but ours alone.

    Args:
        settings: Which exporters; the stock ones read the rest from the environment themselves.
        ours: Makes our own, where it is among them.

    Raises:
        ConfigurationError: The package of a stock exporter is not installed.
    """
    processors = [
        ours() if name == export.OTLP else _processor(name, settings) for name in settings.exporters
    ]
    return processors[0] if len(processors) == 1 else Several(processors)


def _processor(name: str, settings: ExportSettings) -> ExportProcessor:
    if name == export.NONE:
        return NoExport()
    if name == export.CONSOLE:
        counted = _Counted(lambda: ConsoleSpanExporter(out=sys.stdout))
        return StockProcessor(SimpleSpanProcessor(counted), counted)
    counted = _Counted(lambda: _stock_exporter(name))
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


class Several(ExportProcessor):
    """Hands every span to several processors; the first one's account is shown."""

    def __init__(self, processors: Sequence[ExportProcessor]) -> None:
        self._processors = processors

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Pass on."""
        for processor in self._processors:
            processor.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Pass on."""
        for processor in self._processors:
            processor.on_end(span)

    def flush(self, timeout_seconds: float) -> bool:
        """Whether every exporter had taken all spans when the time was over."""
        return self._all(lambda each, left: each.flush(left), timeout_seconds)

    def shutdown_within(self, timeout_seconds: float) -> bool:
        """Whether no exporter had to give one up."""
        return self._all(lambda each, left: each.shutdown_within(left), timeout_seconds)

    def stats(self) -> ExportStats:
        """Where the spans are, for the exporter named first."""
        return self._processors[0].stats()

    def _all(self, ask: Callable[[ExportProcessor, float], bool], timeout_seconds: float) -> bool:
        """Each answers within what the others before it left of the time."""
        deadline = time.monotonic() + timeout_seconds
        answers = [ask(each, max(0.0, deadline - time.monotonic())) for each in self._processors]
        return all(answers)


class StockProcessor(ExportProcessor):
    """One of the SDK's processors, its calls that ignore their timeout run where we can leave."""

    def __init__(self, inner: SpanProcessor, exporter: "_Counted") -> None:
        self._inner = inner
        self._exporter = exporter
        self._lock = new_lock()
        self._accepted = 0
        in_child(self._begin_again)

    def _begin_again(self) -> None:
        """Count the child's spans only; the SDK leaves the others to the parent."""
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
    """Counts the results of an exporter; a forked child has an exporter of its own.

    Args:
        make: Returns the exporter.
    """

    def __init__(self, make: Callable[[], SpanExporter]) -> None:
        self._inner = Renewed(make)
        self.exported = 0
        self.failed = 0
        in_child(self._begin_again)

    def _begin_again(self) -> None:
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
