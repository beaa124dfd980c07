"""Conversion and export of log records as OTLP."""

import logging
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from opentelemetry import context
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource

from instrumentation import ConfigurationError, Settings, extract
from instrumentation._logging.export import LogExport, LogRecordConverter, severity
from instrumentation._spans.sanitizer import Sanitizer
from instrumentation._support.guard import Guard, NullCounter

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


DEFAULTS = Settings.from_env({})
SANITIZER = Sanitizer(DEFAULTS.limits)
translated = LogRecordConverter(SANITIZER, DEFAULTS.log_length).convert


class Unprintable:
    def __str__(self) -> str:
        raise LookupError("no words")


def record(message: object, *arguments: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("shop").makeRecord(
        "shop", logging.WARNING, "/shop/till.py", 7, message, arguments, None, "sell", extra
    )


def attributes(found: logging.LogRecord) -> Mapping[str, object]:
    return translated(found).attributes or {}


def test_a_record_keeps_its_message_level_extras_and_location() -> None:
    found = translated(record("sold %d items", 3, order=7))

    assert (found.body, found.severity_text) == ("sold 3 items", "WARNING")
    assert found.attributes == {
        "order": 7,
        "code.file.path": "/shop/till.py",
        "code.function.name": "sell",
        "code.line.number": 7,
    }


class LoggingValue:
    """Value whose ``__str__`` logs a record."""

    def __init__(self, record: logging.LogRecord, export: LogExport) -> None:
        self.record, self._export = record, export

    def __str__(self) -> str:
        self._export.send(self.record)
        return "cart"


def queued_bodies(export: LogExport) -> list[object]:
    """Return the bodies of the queued records, oldest first."""
    processor: Any = export._provider._multi_log_record_processor._log_record_processors[0]  # noqa: SLF001  the SDK has no public accessor
    return [found.log_record.body for found in reversed(processor._batch_processor._queue)]  # noqa: SLF001  as above


@pytest.fixture
def exporting() -> Iterator[LogExport]:
    operation = Guard(NullCounter, strict=True).operation("log_export")
    export = LogExport(
        Resource({}),
        sanitizer=SANITIZER,
        max_length=DEFAULTS.log_length,
        timeout_seconds=0.1,
        operation=operation,
    )
    yield export
    export.start_shutdown(0.1)


def test_a_record_logged_by_a_value_is_sent_after_its_own(exporting: LogExport) -> None:
    cart = LoggingValue(record("cart rendered"), exporting)

    exporting.send(record("sold %s", cart))

    assert queued_bodies(exporting) == ["sold cart", "cart rendered"]


def test_a_record_that_logs_itself_is_sent_at_most_twice(exporting: LogExport) -> None:
    cart = LoggingValue(record(""), exporting)
    cart.record = record("%s", cart)

    exporting.send(cart.record)

    assert queued_bodies(exporting) == ["cart", "cart"]


def test_a_record_belongs_to_the_current_span() -> None:
    token = context.attach(extract({"traceparent": TRACEPARENT}))
    found = translated(record("sold"))
    context.detach(token)

    assert f"{found.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert f"{found.span_id:016x}" == "b7ad6b7169203331"


def test_an_exception_is_exported_as_attributes() -> None:
    found = record("failed")
    found.exc_info = (LookupError, LookupError("gone"), None)

    assert (
        attributes(found).items()
        >= {
            "exception.type": "LookupError",
            "exception.message": "gone",
            "exception.stacktrace": "LookupError: gone\n",
        }.items()
    )


def test_texts_are_truncated_and_a_stack_trace_keeps_its_frames(failure: logging.LogRecord) -> None:
    failure.msg, failure.extra = "x" * 100_000, "y" * 100_000

    found = translated(failure)

    assert isinstance(found.body, str)
    assert len(found.body) == 16_384
    assert {len(str(value)) for value in (found.attributes or {}).values()} >= {16_384}
    assert max(len(str(value)) for value in (found.attributes or {}).values()) == 16_384
    stacktrace = str((found.attributes or {})["exception.stacktrace"])
    assert "in fail\n" in stacktrace
    assert "\nLookupError: GET /a?token=REDACTED xxx" in stacktrace


def test_secrets_in_messages_and_exceptions_are_redacted(failure: logging.LogRecord) -> None:
    failure.msg = "cannot reach redis://:hunter2@cache"

    found = translated(failure)

    assert found.body == "cannot reach redis://REDACTED:REDACTED@cache"
    assert "hunter2" not in str(found.attributes)


def fail() -> None:
    raise LookupError("GET /a?token=hunter2 " + "x" * 100_000)


@pytest.fixture
def failure() -> logging.LogRecord:
    """Record of an exception with a long message and a secret."""
    found = record("failed")
    try:
        fail()
    except LookupError as error:
        found.exc_info = (LookupError, error, error.__traceback__)
    return found


@pytest.mark.parametrize(
    ("level", "number"),
    [(0, 1), (5, 4), (10, 5), (20, 9), (25, 12), (30, 13), (40, 17), (50, 21), (90, 24), (-1, 1)],
)
def test_a_level_has_its_severity_number(level: int, number: int) -> None:
    assert severity(level).value == number


@pytest.mark.parametrize(
    "broken",
    [
        record("\udc80"),
        record("%d", "x"),
        record(Unprintable()),
        record("x", key=2**70),
        record("x", key="\ud800"),
        record("x", key=Unprintable()),
        record("x", key={"a": object()}),
    ],
)
def test_every_record_can_be_encoded(broken: logging.LogRecord) -> None:
    request = encode_logs([ReadableLogRecord(translated(broken), Resource({}))])

    assert request.SerializeToString()


def test_log_records_are_not_exported_by_default() -> None:
    assert Settings.from_env({}).logs_exporter == "none"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("OTEL_LOGS_EXPORTER", "console", "one of none, otlp"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "one of http/protobuf"),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/json", "one of http/protobuf"),
    ],
)
def test_an_invalid_variable_is_reported_with_its_value(
    name: str, value: str, expected: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}='{value}': expected {expected}"):
        Settings.from_env({"OTEL_LOGS_EXPORTER": "otlp", name: value})


def export() -> LogExport:
    operation = Guard(NullCounter, strict=True).operation("log_export")
    return LogExport(
        Resource({}),
        sanitizer=SANITIZER,
        max_length=DEFAULTS.log_length,
        timeout_seconds=1.0,
        operation=operation,
    )


@pytest.fixture
def started() -> Iterator[LogExport]:
    """Running export without records."""
    running = export()
    yield running
    running.start_shutdown(5.0)()


def test_the_service_can_configure_its_logging_unaffected() -> None:
    handlers, call_handlers = list(logging.getLogger().handlers), logging.Logger.callHandlers

    running = export()
    assert logging.getLogger().handlers == handlers
    assert running.start_shutdown(5.0)()

    assert logging.Logger.callHandlers is call_handlers


def test_a_process_has_one_log_export(started: LogExport) -> None:
    listening = logging.Logger.callHandlers

    second = export()

    assert logging.Logger.callHandlers is listening
    assert second.start_shutdown(5.0)()
    assert logging.Logger.callHandlers is listening
    assert started.start_flush(5.0)()


def test_an_invalid_queue_size_is_reported_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BLRP_MAX_QUEUE_SIZE", "0")

    with pytest.raises(ConfigurationError, match="max_queue_size must be a positive integer"):
        export()


def test_a_missing_exporter_is_reported_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http._log_exporter", None)

    with pytest.raises(
        ConfigurationError, match="the package opentelemetry-exporter-otlp; install"
    ):
        export()
