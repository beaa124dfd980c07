"""OTLP export of the standard library's log records, enabled by ``OTEL_LOGS_EXPORTER=otlp``.

The pipeline is the SDK's. This module converts records so that each can be encoded, and runs flush
and shutdown with a timeout so that an unreachable collector loses records but blocks nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import Context, get_current, get_value
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from instrumentation._logging.formatter import STANDARD_FIELDS, ended_span, safe_message
from instrumentation._logging.logs_access import (
    BatchLogRecordProcessor,
    LoggerProvider,
    LogRecord,
    LogRecordExporter,
    LogRecordExportResult,
    ReadableLogRecord,
    SeverityNumber,
    exporter_module,
)
from instrumentation._spans.sanitizer import Sanitizer, exception, truncate
from instrumentation._spans.sdk_access import ForkSafe
from instrumentation._spans.stacktrace import redact_and_truncate
from instrumentation._support.fork import ProcessLocal
from instrumentation._support.guard import Operation, safe_str
from instrumentation._support.opentelemetry_access import SUPPRESS_KEY
from instrumentation._support.patch import patch_method
from instrumentation.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.util.types import AnyValue

TELEMETRY_LOGGER: Final = "opentelemetry"
"""Logger whose records, including those of its children, are not sent: they report on sending."""

_INT64_LIMIT: Final = 2**63
_MAX_DEFERRED: Final = 16

Wait = Callable[[], bool]


class LogExport:
    """Export of all log records of the process until `start_shutdown`.

    It patches ``Logger.callHandlers`` and adds no handler, because ``logging.basicConfig()`` does
    nothing when a handler exists, and ``dictConfig()`` would remove it.

    Only the first instance in a process is active.

    Args:
        resource: Resource of the service.
        sanitizer: Redacts messages and exceptions.
        max_length: Maximum length of a text; longer ones are cut.
        timeout_seconds: Timeout of one attempt.
        operation: Guard that counts failures and keeps them from the service.

    Raises:
        ConfigurationError: The package of the exporter is not installed, or a variable has an
            invalid value.
    """

    def __init__(
        self,
        resource: Resource,
        *,
        sanitizer: Sanitizer,
        max_length: int,
        timeout_seconds: float,
        operation: Operation,
    ) -> None:
        self._operation = operation
        self._converter = LogRecordConverter(sanitizer, max_length)
        self._exporter = _CountingExporter(lambda: _build_exporter(timeout_seconds), operation)
        self._provider = _Provider(resource=resource, shutdown_on_exit=False)
        self._state = _ThreadState()
        self._provider.add_log_record_processor(_build_processor(self._exporter))
        self._undo = patch_method(logging.Logger, "callHandlers", self._wrap_call_handlers)

    def _wrap_call_handlers(self, call_handlers: Callable[..., None]) -> Callable[..., None]:
        @wraps(call_handlers)
        def handled(logger: logging.Logger, record: logging.LogRecord) -> None:
            call_handlers(logger, record)
            self.send(record)

        return handled

    def send(self, record: logging.LogRecord) -> None:
        """Queue *record* with the context of its span, unless it reports on sending.

        Called in the thread that logs, after the service's handlers. Failures are counted.
        """
        if f"{record.name}.".startswith(f"{TELEMETRY_LOGGER}.") or get_value(SUPPRESS_KEY):
            return
        state = self._state
        if state.busy:
            state.deferred.append(record)
            return
        state.busy = True
        try:
            self._send(record)
            for _ in range(len(state.deferred)):  # bounded: a record may log itself again
                self._send(state.deferred.popleft())
        finally:
            state.busy = False
            state.deferred.clear()

    def _send(self, record: logging.LogRecord) -> None:
        with self._operation:
            logger = self._provider.get_logger(str.__str__(record.name))
            logger.emit(self._converter.convert(record))

    def start_flush(self, timeout_seconds: float) -> Wait:
        """Start to send queued records.

        Returns:
            Function that waits and returns whether the collector accepted all of them in time.
        """
        return self._run_in_thread(self._provider.force_flush, timeout_seconds)

    def start_shutdown(self, timeout_seconds: float) -> Wait:
        """Like `start_flush`, but stop the export: later records are not sent."""
        self._undo()
        return self._run_in_thread(self._provider.shutdown, timeout_seconds)

    def _run_in_thread(self, work: Callable[[], object], timeout_seconds: float) -> Wait:
        """Run *work*, which has no timeout, in a daemon thread that may outlive the timeout."""
        deadline = monotonic() + timeout_seconds
        failed_records = self._exporter.failed_records
        thread = threading.Thread(target=work, name="sightline-logs", daemon=True)
        thread.start()

        def wait() -> bool:
            thread.join(max(0.0, deadline - monotonic()))
            return not thread.is_alive() and self._exporter.failed_records == failed_records

        return wait


class _Provider(ForkSafe, LoggerProvider):
    """The SDK's provider with reentrant locks that a fork resets."""


class _ThreadState(threading.local):
    """State of a thread that sends a record.

    The SDK's locks are not reentrant. A record that a finalizer, a signal handler or a ``__str__``
    logs meanwhile is deferred until the current record is queued.
    """

    def __init__(self) -> None:
        self.busy = False
        self.deferred: deque[logging.LogRecord] = deque(maxlen=_MAX_DEFERRED)


class _CountingExporter(LogRecordExporter):
    """Exporter that counts records that were not delivered; a forked child creates its own.

    Args:
        make: Creates the inner exporter.
        operation: Guard that counts failures.
    """

    def __init__(self, make: Callable[[], LogRecordExporter], operation: Operation) -> None:
        self._inner = ProcessLocal(make)
        self._operation = operation
        self.failed_records = 0
        """Number of records that were not delivered."""

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        with self._operation:
            if self._inner.get().export(batch) is LogRecordExportResult.SUCCESS:
                return LogRecordExportResult.SUCCESS
            self.failed_records += len(batch)
            raise ConnectionError(f"the collector did not accept {len(batch)} log records")
        return LogRecordExportResult.FAILURE

    def shutdown(self) -> None:
        self._inner.get().shutdown()  # type: ignore[no-untyped-call]  # the SDK's has no types

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.get().force_flush(timeout_millis)


class LogRecordConverter:
    """Converter of log records to OpenTelemetry's, with values that can always be encoded.

    Args:
        sanitizer: Redacts messages and exceptions.
        max_length: Maximum length of a text; longer ones are cut.
    """

    def __init__(self, sanitizer: Sanitizer, max_length: int) -> None:
        self._redact = sanitizer.redact
        self._max_length = max_length

    def convert(self, record: logging.LogRecord) -> LogRecord:
        """Return *record* converted, in the context of its span."""
        return LogRecord(
            timestamp=int(record.created * 1e9),
            context=_context(record),
            severity_number=severity(record.levelno),
            severity_text=record.levelname,
            body=self._text(
                redact_and_truncate(safe_message(record), self._max_length, self._redact)
            ),
            attributes={**self._extra(record), **self._code(record), **self._exception(record)},
        )

    def _extra(self, record: logging.LogRecord) -> dict[str, AnyValue]:
        found = vars(record).items()
        return {
            self._text(key): self._value(value)
            for key, value in found
            if key not in STANDARD_FIELDS
        }

    def _code(self, record: logging.LogRecord) -> Mapping[str, AnyValue]:
        """Return the code attributes. Source: semantic conventions, "Source code attributes"."""
        return {
            "code.file.path": self._text(record.pathname),
            "code.function.name": self._text(record.funcName or ""),
            "code.line.number": record.lineno,
        }

    def _exception(self, record: logging.LogRecord) -> Mapping[str, AnyValue]:
        """Return the exception attributes. Source: semantic conventions, "Exceptions in logs"."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is None:
            return {}
        found = exception(error, self._max_length, self._redact)
        return {key: self._text(str(value)) for key, value in found.items()}

    def _value(self, value: object) -> AnyValue:
        match value:
            case bool() | float():
                return value
            case int() if -_INT64_LIMIT <= value < _INT64_LIMIT:
                return value
            case _:
                return self._text(safe_str(value))

    def _text(self, value: str) -> str:
        """Return *value* cut and valid in Protobuf: lone surrogates become question marks."""
        return truncate(value, self._max_length).encode("utf-8", "replace").decode()


def _context(record: logging.LogRecord) -> Context:
    """Return the context of the span to which *record* belongs."""
    ended = ended_span(record)
    if ended is None:
        return get_current()
    trace_id, span_id, flags = ended
    span = SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(flags))
    return set_span_in_context(NonRecordingSpan(span))


def severity(level: int) -> SeverityNumber:
    """Return the number for a level of the standard library: DEBUG is 5, INFO 9, in steps of 4.

    Source: OpenTelemetry logs data model, "Mapping of SeverityNumber".
    """
    tens, ones = divmod(level, 10)
    return SeverityNumber(min(max(1 + 4 * tens + min(ones, 3), 1), 24))


def _build_exporter(timeout_seconds: float) -> LogRecordExporter:
    module = exporter_module()
    exporter: LogRecordExporter = _build_sdk_object(
        lambda: module.OTLPLogExporter(timeout=timeout_seconds)
    )
    return exporter


def _build_processor(exporter: LogRecordExporter) -> BatchLogRecordProcessor:
    processor: BatchLogRecordProcessor = _build_sdk_object(
        lambda: BatchLogRecordProcessor(exporter)
    )
    return processor


def _build_sdk_object(build: Callable[[], Any]) -> Any:
    """Return the result of *build*; name the variables, which the SDK's errors may omit."""
    try:
        return build()
    except ValueError as error:
        raise ConfigurationError(
            f"OTEL_LOGS_EXPORTER='otlp': {error}; "
            "check the variables OTEL_BLRP_… and OTEL_EXPORTER_OTLP_LOGS_…"
        ) from error
