"""Log records of the standard library, sent as OTLP; asked for by ``OTEL_LOGS_EXPORTER=otlp``.

The pipeline is the SDK's. Ours is what stands before it, so that a record which cannot be encoded
costs no other, and around it, so that a collector that is gone costs nothing but records.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context, get_current, get_value
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    LogRecordExporter,
    LogRecordExportResult,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from instrumentation._logging.formatter import STANDARD, ended_span, message
from instrumentation._spans.attributes import truncate
from instrumentation._spans.sanitizer import Sanitizer, exception
from instrumentation._spans.stacktrace import redact_and_truncate
from instrumentation._support.fork import Renewed, new_lock
from instrumentation._support.guard import Operation, described
from instrumentation._support.patch import patched
from instrumentation.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.util.types import AnyValue

TELEMETRY: Final = "opentelemetry"
"""Whose records are not sent, nor those of loggers below it: they speak about sending."""

_LARGEST: Final = 2**63
_MOST_LATE: Final = 16
_MODULE: Final = "opentelemetry.exporter.otlp.proto.http._log_exporter"

Answer = Callable[[], bool]


class LogExport:
    """Sends what the process logs, from now until `shutting_down`.

    It stands behind the loggers, not among their handlers: a handler of ours would keep
    ``logging.basicConfig()`` from doing anything, and ``dictConfig()`` would remove it.

    A process has one: of several services in it, the first that asks.

    Args:
        resource: The service's.
        sanitizer: Redacts messages and exceptions.
        longest: Characters of a text that are kept.
        timeout_seconds: Longest one attempt may take.
        operation: Failures are counted here; under it nothing of the service's fails.

    Raises:
        ConfigurationError: The package of the exporter is not installed, or a variable that it
            reads is wrong.
    """

    def __init__(
        self,
        resource: Resource,
        *,
        sanitizer: Sanitizer,
        longest: int,
        timeout_seconds: float,
        operation: Operation,
    ) -> None:
        self._operation = operation
        self._translation = Translation(sanitizer, longest)
        self._exporter = _Watched(lambda: _exporter(timeout_seconds), operation)
        self._provider = _Provider(resource=resource, shutdown_on_exit=False)
        self._sending = _Sending()
        self._provider.add_log_record_processor(_batches(self._exporter))
        self._undo = patched(logging.Logger, "callHandlers", self._behind)

    def _behind(self, call_handlers: Callable[..., None]) -> Callable[..., None]:
        @wraps(call_handlers)
        def handled(logger: logging.Logger, record: logging.LogRecord) -> None:
            call_handlers(logger, record)
            self.send(record)

        return handled

    def send(self, record: logging.LogRecord) -> None:
        """Queue *record* with the context of the current span, unless it is about sending."""
        if f"{record.name}.".startswith(f"{TELEMETRY}.") or get_value(
            _SUPPRESS_INSTRUMENTATION_KEY
        ):
            return
        sending = self._sending
        if sending.busy:
            sending.late.append(record)
            return
        sending.busy = True
        try:
            self._send(record)
            for _ in range(len(sending.late)):  # once: a record may write itself again
                self._send(sending.late.popleft())
        finally:
            sending.busy = False
            sending.late.clear()

    def _send(self, record: logging.LogRecord) -> None:
        with self._operation:
            logger = self._provider.get_logger(str.__str__(record.name))
            logger.emit(self._translation.of(record))

    def flushing(self, timeout_seconds: float) -> Answer:
        """Begin to send what waits; the answer, which waits, is whether all was taken in time."""
        return self._excluded(self._provider.force_flush, timeout_seconds)

    def shutting_down(self, timeout_seconds: float) -> Answer:
        """As `flushing`, for the last time: later records are only handled as before."""
        self._undo()
        return self._excluded(self._provider.shutdown, timeout_seconds)

    def _excluded(self, work: Callable[[], object], timeout_seconds: float) -> Answer:
        """Run *work*, which knows no timeout of its own, where we can leave it behind."""
        deadline = monotonic() + timeout_seconds
        lost = self._exporter.lost
        thread = threading.Thread(target=work, name="sightline-logs", daemon=True)
        thread.start()

        def answer() -> bool:
            thread.join(max(0.0, deadline - monotonic()))
            return not thread.is_alive() and self._exporter.lost == lost

        return answer


class _Provider(LoggerProvider):
    """The SDK's provider, with reentrant locks that a fork renews."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  the SDK's own
        super().__init__(**options)
        self._logger_cache_lock: Any = new_lock()
        self._active_loggers_lock: Any = new_lock()

    def _handle_fork(self) -> None:
        """Do nothing, where the SDK detects the resource again: see `_support.fork`."""


class _Sending(threading.local):
    """The state of one thread that sends a record.

    The SDK's locks are not reentrant. A record that a finalizer, a signal handler or a ``__str__``
    writes meanwhile waits until the record before it is queued.
    """

    def __init__(self) -> None:
        self.busy = False
        self.late: deque[logging.LogRecord] = deque(maxlen=_MOST_LATE)


class _Watched(LogRecordExporter):
    """Counts the records that were not delivered; a forked child has an exporter of its own.

    Args:
        make: Returns the exporter.
        operation: Failures are counted here.
    """

    def __init__(self, make: Callable[[], LogRecordExporter], operation: Operation) -> None:
        self._inner = Renewed(make)
        self._operation = operation
        self.lost = 0
        """Records."""

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        with self._operation:
            if self._inner.get().export(batch) is LogRecordExportResult.SUCCESS:
                return LogRecordExportResult.SUCCESS
            self.lost += len(batch)
            raise ConnectionError(f"{len(batch)} log records were not taken")
        return LogRecordExportResult.FAILURE

    def shutdown(self) -> None:
        self._inner.get().shutdown()  # type: ignore[no-untyped-call]  # the SDK's has no types

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.get().force_flush(timeout_millis)


class Translation:
    """Log records as OpenTelemetry has them, every value one that can be encoded.

    Args:
        sanitizer: Redacts messages and exceptions.
        longest: Characters of a text that are kept.
    """

    def __init__(self, sanitizer: Sanitizer, longest: int) -> None:
        self._redact = sanitizer.redact
        self._longest = longest

    def of(self, record: logging.LogRecord) -> LogRecord:
        """Return *record* in the context of the span that it belongs to."""
        return LogRecord(
            timestamp=int(record.created * 1e9),
            context=_context(record),
            severity_number=severity(record.levelno),
            severity_text=record.levelname,
            body=self._text(redact_and_truncate(message(record), self._longest, self._redact)),
            attributes={**self._extra(record), **self._code(record), **self._exception(record)},
        )

    def _extra(self, record: logging.LogRecord) -> dict[str, "AnyValue"]:
        found = vars(record).items()
        return {self._text(key): self._value(value) for key, value in found if key not in STANDARD}

    def _code(self, record: logging.LogRecord) -> Mapping[str, "AnyValue"]:
        """Source: semantic conventions, "Source code attributes"."""
        return {
            "code.file.path": self._text(record.pathname),
            "code.function.name": self._text(record.funcName or ""),
            "code.line.number": record.lineno,
        }

    def _exception(self, record: logging.LogRecord) -> Mapping[str, "AnyValue"]:
        """Source: semantic conventions, "Exceptions in logs"."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is None:
            return {}
        found = exception(error, self._longest, self._redact)
        return {key: self._text(str(value)) for key, value in found.items()}

    def _value(self, value: object) -> "AnyValue":
        match value:
            case bool() | float():
                return value
            case int() if -_LARGEST <= value < _LARGEST:
                return value
            case _:
                return self._text(described(value))

    def _text(self, value: str) -> str:
        """Return what Protobuf can carry of *value*: lone surrogates become question marks."""
        return truncate(value, self._longest).encode("utf-8", "replace").decode()


def _context(record: logging.LogRecord) -> Context:
    """Return the context of the span that *record* belongs to."""
    ended = ended_span(record)
    if ended is None:
        return get_current()
    trace_id, span_id, flags = ended
    span = SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(flags))
    return set_span_in_context(NonRecordingSpan(span))


def severity(level: int) -> SeverityNumber:
    """The number for a level of the standard library: DEBUG is 5, INFO 9, and so on by fours.

    Source: OpenTelemetry logs data model, "Mapping of SeverityNumber".
    """
    tens, ones = divmod(level, 10)
    return SeverityNumber(min(max(1 + 4 * tens + min(ones, 3), 1), 24))


def _exporter(timeout_seconds: float) -> LogRecordExporter:
    try:
        module: Any = import_module(_MODULE)
    except ImportError as error:
        raise ConfigurationError(
            "OTEL_LOGS_EXPORTER='otlp': expected the package opentelemetry-exporter-otlp; "
            "install it, or set none"
        ) from error
    exporter: LogRecordExporter = _checked(lambda: module.OTLPLogExporter(timeout=timeout_seconds))
    return exporter


def _batches(exporter: LogRecordExporter) -> BatchLogRecordProcessor:
    processor: BatchLogRecordProcessor = _checked(lambda: BatchLogRecordProcessor(exporter))
    return processor


def _checked(build: Callable[[], Any]) -> Any:  # noqa: ANN401  whatever *build* gives
    """What *build* gives; the SDK says of its variables what is wrong, but not always which."""
    try:
        return build()
    except ValueError as error:
        raise ConfigurationError(
            f"OTEL_LOGS_EXPORTER='otlp': {error}; "
            "see the variables OTEL_BLRP_… and OTEL_EXPORTER_OTLP_LOGS_…"
        ) from error
