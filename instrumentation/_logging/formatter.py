"""Trace ids in log records: a filter for any formatter, and a JSON formatter."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any, Final

from opentelemetry import trace

from instrumentation._spans.error_span import SpanIds, get_error_span
from instrumentation._spans.sanitizer import truncate
from instrumentation._spans.stacktrace import redact_and_truncate, stacktrace
from instrumentation._support.guard import call_or, safe_str
from instrumentation._support.redaction import redact_text
from instrumentation.conventions import SPAN_ID, TRACE_ID
from instrumentation.settings import log_length_limit, secret_parameters

STANDARD_FIELDS: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    *("asctime", "message", "color_message", TRACE_ID, SPAN_ID)
}
"""Attributes of every record; all others were passed as ``extra``."""


class TraceContextFilter(logging.Filter):
    """Filter that adds ``trace_id`` and ``span_id`` to every record, empty outside of a trace."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the ids of the record's span and return True."""
        trace_id, span_id = _trace_and_span_id(record)
        record.trace_id = trace_id
        record.span_id = span_id
        return True


class JSONFormatter(logging.Formatter):
    """Formatter of one JSON object per line, with the ids of the current trace and every ``extra``.

    Line ends, control characters and escape sequences are escaped, so that a record cannot forge
    another one. Messages and exceptions are redacted (``SIGHTLINE_REDACT``) and cut
    (``OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT``).
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._max_length = log_length_limit(os.environ)
        self._secret = secret_parameters(os.environ)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of ASCII."""
        trace_id, span_id = _trace_and_span_id(record)
        line: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": redact_and_truncate(safe_message(record), self._max_length, self._redact),
            TRACE_ID: getattr(record, TRACE_ID, "") or trace_id,
            SPAN_ID: getattr(record, SPAN_ID, "") or span_id,
        }
        if record.exc_info:
            line["exception"] = self._exception(record)
        if record.stack_info:
            stack = self.formatStack(record.stack_info)
            line["stack_info"] = stack[max(0, len(stack) - self._max_length) :]
        fields = [json.dumps(line)[1:-1]] + [
            f"{json.dumps(safe_str(key))}: {_encode_value(value, self._max_length)}"
            for key, value in vars(record).items()
            if key not in STANDARD_FIELDS and key not in line
        ]
        return f"{{{', '.join(fields)}}}".replace("\x7f", "\\u007f")

    def _redact(self, text: str) -> str:
        return redact_text(text, self._secret)

    def _exception(self, record: logging.LogRecord) -> str:
        exc_info = record.exc_info if isinstance(record.exc_info, tuple) else sys.exc_info()
        error = exc_info[1]
        overridden = type(self).formatException is not logging.Formatter.formatException
        if error is None or overridden:
            return truncate(self.formatException(exc_info), self._max_length)
        return stacktrace(error, self._max_length, self._redact).removesuffix("\n")


def safe_message(record: logging.LogRecord) -> str:
    """Return the formatted message, or message and arguments separately when formatting fails."""
    return call_or(record.getMessage, lambda: f"{safe_str(record.msg)} {safe_str(record.args)}")


def _encode_value(value: object, max_length: int) -> str:
    """Return *value* as JSON; values that are invalid in JSON or too long become cut strings."""
    text = call_or(
        lambda: json.dumps(value, default=safe_str, skipkeys=True, allow_nan=False),
        lambda: json.dumps(safe_str(value)[:max_length]),
    )
    return text if len(text) <= max_length else json.dumps(text[:max_length])


def _trace_and_span_id(record: logging.LogRecord) -> tuple[str, str]:
    """Return trace id and span id of *record* in hexadecimal, or two empty strings."""
    context = trace.get_current_span().get_span_context()
    trace_id, span_id, *_ = ended_span(record) or context
    return (f"{trace_id:032x}", f"{span_id:016x}") if trace_id else ("", "")


def ended_span(record: logging.LogRecord) -> SpanIds | None:
    """Return the span of the request that the exception of *record* ended.

    None if the exception ended no request, or if the record belongs to the current span: another
    request may have raised the same exception before. A span whose request is over is stale, as
    a remote one may be.
    """
    current = trace.get_current_span()
    context = current.get_span_context()
    active = (
        context.is_valid and not context.is_remote and not getattr(current, "app_returned", False)
    )
    if not record.exc_info or active:
        return None
    error = _exception_of(record)
    return get_error_span(error) if error is not None else None


def _exception_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if isinstance(record.exc_info, tuple) else sys.exception()
