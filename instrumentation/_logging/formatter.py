"""Log records that name their trace: a filter for any formatter, and a JSON formatter."""

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any, Final

from opentelemetry import trace

from instrumentation._spans.attributes import truncate
from instrumentation._spans.error_span import SpanIds, get_error_span
from instrumentation._spans.stacktrace import redact_and_truncate, stacktrace
from instrumentation._support.guard import attempted, described
from instrumentation._support.redaction import redacted_text
from instrumentation.conventions import SPAN_ID, TRACE_ID
from instrumentation.settings import log_length_limit, secret_parameters

STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    *("asctime", "message", "color_message", TRACE_ID, SPAN_ID)
}
"""What every record has; the rest came as ``extra``."""


class TraceContextFilter(logging.Filter):
    """Gives every record ``trace_id`` and ``span_id``, empty outside of a trace; drops none."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the ids of the record's span."""
        trace_id, span_id = _ids(record)
        record.trace_id = trace_id
        record.span_id = span_id
        return True


class JSONFormatter(logging.Formatter):
    """One JSON object a line, with the ids of the current trace and every ``extra``.

    Text from outside stays inside its string: line ends, control characters and escape sequences
    are escaped, so that no record can pass for two. Messages and exceptions are redacted and
    bounded: ``SIGHTLINE_REDACT``, ``OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT``.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401  as logging's
        super().__init__(*arguments, **options)
        self._longest = log_length_limit(os.environ)
        self._secret = secret_parameters(os.environ)

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of ASCII."""
        trace_id, span_id = _ids(record)
        line: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": redact_and_truncate(message(record), self._longest, self._redact),
            TRACE_ID: getattr(record, TRACE_ID, "") or trace_id,
            SPAN_ID: getattr(record, SPAN_ID, "") or span_id,
        }
        if record.exc_info:
            line["exception"] = self._exception(record)
        if record.stack_info:
            stack = self.formatStack(record.stack_info)
            line["stack_info"] = stack[max(0, len(stack) - self._longest) :]
        fields = [json.dumps(line)[1:-1]] + [
            f"{json.dumps(described(key))}: {_encoded(value, self._longest)}"
            for key, value in vars(record).items()
            if key not in STANDARD and key not in line
        ]
        return f"{{{', '.join(fields)}}}".replace("\x7f", "\\u007f")

    def _redact(self, text: str) -> str:
        return redacted_text(text, self._secret)

    def _exception(self, record: logging.LogRecord) -> str:
        exc_info = record.exc_info if isinstance(record.exc_info, tuple) else sys.exc_info()
        error = exc_info[1]
        overridden = type(self).formatException is not logging.Formatter.formatException
        if error is None or overridden:
            return truncate(self.formatException(exc_info), self._longest)
        return stacktrace(error, self._longest, self._redact).removesuffix("\n")


def message(record: logging.LogRecord) -> str:
    """The message with its arguments; one that does not fit them is kept as it was written."""
    return attempted(record.getMessage, lambda: f"{described(record.msg)} {described(record.args)}")


def _encoded(value: object, longest: int) -> str:
    """Return *value* as JSON; what JSON cannot carry, or what is long, becomes its string, cut."""
    text = attempted(
        lambda: json.dumps(value, default=described, skipkeys=True, allow_nan=False),
        lambda: json.dumps(described(value)[:longest]),
    )
    return text if len(text) <= longest else json.dumps(text[:longest])


def _ids(record: logging.LogRecord) -> tuple[str, str]:
    """Return trace id and span id of *record* in hexadecimal, or empty strings."""
    context = trace.get_current_span().get_span_context()
    trace_id, span_id, *_ = ended_span(record) or context
    return (f"{trace_id:032x}", f"{span_id:016x}") if trace_id else ("", "")


def ended_span(record: logging.LogRecord) -> SpanIds | None:
    """Return the span whose request the exception of *record* ended.

    None where it ended none, and while a span records: then the record belongs to that span.
    A context that is current without one may be left over from another request.
    """
    if not record.exc_info or trace.get_current_span().is_recording():
        return None
    error = _error(record)
    return get_error_span(error) if error is not None else None


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if isinstance(record.exc_info, tuple) else sys.exception()
