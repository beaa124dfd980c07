"""Log lines contain the ids of their trace, and a record is always one line."""

import asyncio
import json
import logging

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import context, trace

from instrumentation import JSONFormatter, Settings, TraceContextFilter, extract
from instrumentation._logging.export import LogRecordConverter
from instrumentation._spans.sanitizer import Sanitizer
from instrumentation.testing import Recording
from tests.asgi import get, scope

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


DEFAULTS = Settings.from_env({})
translated = LogRecordConverter(Sanitizer(DEFAULTS.limits), DEFAULTS.log_length).convert

ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)


def record(message: object, *arguments: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("shop").makeRecord(
        "shop", logging.INFO, __file__, 1, message, arguments, None, extra=extra
    )


def test_a_line_has_the_ids_of_its_trace() -> None:
    token = context.attach(extract({"traceparent": TRACEPARENT}))
    line = json.loads(JSONFormatter().format(record("packed %d items", 3, order=7)))
    context.detach(token)

    assert line["message"] == "packed 3 items"
    assert line["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert line["span_id"] == "b7ad6b7169203331"
    assert line["order"] == 7


def test_outside_of_a_trace_the_ids_are_empty() -> None:
    found = record("hello")

    assert TraceContextFilter().filter(found)
    assert (found.trace_id, found.span_id) == ("", "")  # type: ignore[attr-defined]  # the filter adds them


def test_an_exception_is_part_of_its_line() -> None:
    found = record("failed")
    found.exc_info = (LookupError, LookupError("gone"), None)

    assert "LookupError: gone" in json.loads(JSONFormatter().format(found))["exception"]


def record_of(error: BaseException) -> logging.LogRecord:
    """Return a record as servers log it: of an exception, outside of its request."""
    found = record("Exception in ASGI application")
    found.exc_info = (type(error), error, None)
    return found


def exception_of(app: FastAPI, path: str) -> Exception:
    """Return the exception that *app* raises for *path*."""
    with pytest.raises(Exception, match="boom") as raising:
        asyncio.run(app(scope(path), receive, send))
    return raising.value


async def receive() -> dict[str, object]:
    return {"type": "http.request", "body": b""}


async def send(_message: object) -> None:
    """Discard the message."""


class OddError(LookupError):
    __hash__ = None  # type: ignore[assignment]  # as some have it

    def __eq__(self, other: object) -> bool:
        raise NotImplementedError

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)


def wrapped_error() -> Exception:
    error = RuntimeError("boom")
    error.__cause__ = error.__context__ = ExceptionGroup("boom", [LookupError("boom")])
    return error


@pytest.fixture
def failing_app(telemetry: Recording) -> FastAPI:
    app = FastAPI()

    @app.get("/{kind}")
    async def fail(kind: str) -> None:
        raise {"plain": LookupError("boom"), "odd": OddError("boom"), "wrapped": wrapped_error()}[
            kind
        ]

    telemetry.instrument(app)
    return app


@pytest.mark.parametrize("kind", ["plain", "odd", "wrapped"])
def test_an_exception_that_ended_a_request_has_the_ids_of_its_span(
    telemetry: Recording, failing_app: FastAPI, kind: str
) -> None:
    error = exception_of(failing_app, f"/{kind}")

    found = record_of(error)
    TraceContextFilter().filter(found)
    line = json.loads(JSONFormatter().format(record_of(error)))

    (span,) = telemetry.spans
    assert (found.trace_id, found.span_id) == (span.trace_id, span.span_id)  # type: ignore[attr-defined]  # as above
    assert (line["trace_id"], line["span_id"]) == (span.trace_id, span.span_id)
    assert f"{translated(record_of(error)).trace_id:032x}" == span.trace_id


def test_an_exception_caused_by_one_that_ended_a_request_has_its_ids(
    telemetry: Recording, failing_app: FastAPI
) -> None:
    error = exception_of(failing_app, "/plain")
    group = ExceptionGroup("tasks", [ValueError("other"), error])
    outer = RuntimeError("wrapped")
    outer.__context__, error.__cause__ = group, outer  # a cycle, which user code can create

    line = json.loads(JSONFormatter().format(record_of(outer)))

    assert line["trace_id"] == telemetry.spans[0].trace_id


def test_a_record_inside_a_span_has_the_ids_of_that_span(
    telemetry: Recording, failing_app: FastAPI
) -> None:
    error = exception_of(failing_app, "/plain")

    with telemetry.telemetry.tracer.start_as_current_span("later"):
        line = json.loads(JSONFormatter().format(record_of(error)))

    _, later = telemetry.spans
    assert line["span_id"] == later.span_id


UNSAMPLED = [(b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")]


def test_a_record_of_an_unsampled_request_keeps_its_own_trace(telemetry: Recording) -> None:
    app, lines, shared = FastAPI(), list[str](), LookupError("boom")

    @app.get("/{kind}")
    async def use(kind: str) -> str:
        try:
            raise shared
        except LookupError:
            lines.append(JSONFormatter().format(record_of(shared)))
            if kind == "fail":
                raise
        return kind

    telemetry.instrument(app)
    exception_of(app, "/fail")
    get(app, "/handle", headers=UNSAMPLED)

    assert json.loads(lines[1])["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


def test_a_record_does_not_get_the_ids_of_a_stale_context(
    telemetry: Recording, failing_app: FastAPI
) -> None:
    error = exception_of(failing_app, "/plain")
    token = context.attach(extract({"traceparent": TRACEPARENT}))

    line = json.loads(JSONFormatter().format(record_of(error)))
    context.detach(token)

    assert line["trace_id"] == telemetry.spans[0].trace_id


def test_an_exception_that_ended_no_request_has_no_ids() -> None:
    assert json.loads(JSONFormatter().format(record_of(LookupError())))["trace_id"] == ""


@given(st.text(), st.text())
def test_no_message_can_become_two_lines(message: str, value: str) -> None:
    line = JSONFormatter().format(record("%s", message, field=value))

    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == message
    assert not trace.get_current_span().is_recording()


def fail() -> None:
    raise LookupError("GET /a?token=hunter2 " + "x" * 100_000)


@pytest.fixture
def failure() -> logging.LogRecord:
    """Record of an exception with a long message and a secret."""
    found = record("failed: %s", "GET /a?token=hunter2")
    try:
        fail()
    except LookupError as error:
        found.exc_info = (LookupError, error, error.__traceback__)
    return found


def test_a_long_exception_keeps_its_frames_and_its_type(failure: logging.LogRecord) -> None:
    found = json.loads(JSONFormatter().format(failure))["exception"]

    assert "in fail\n" in found
    assert "\nLookupError: GET /a?token=REDACTED xxx" in found
    assert len(found) <= 16_384


def test_secrets_in_messages_and_exceptions_are_redacted(failure: logging.LogRecord) -> None:
    line = JSONFormatter().format(failure)

    assert json.loads(line)["message"] == "failed: GET /a?token=REDACTED"
    assert "hunter2" not in line


@pytest.mark.parametrize(
    "variable", ["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT"]
)
def test_a_variable_limits_messages_exceptions_and_extras(
    monkeypatch: pytest.MonkeyPatch, failure: logging.LogRecord, variable: str
) -> None:
    monkeypatch.setenv(variable, "400")
    failure.msg, failure.args, failure.note = "x" * 9000, (), "y" * 9000

    found = json.loads(JSONFormatter().format(failure))

    assert (len(found["message"]), len(found["note"])) == (400, 400)
    assert len(found["exception"]) <= 400
    assert "LookupError: GET" in found["exception"]


def test_a_service_configures_its_own_secret_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_REDACT", "iban")

    line = JSONFormatter().format(record("GET /pay?iban=CH93"))

    assert json.loads(line)["message"] == "GET /pay?iban=REDACTED"


def test_a_stack_is_part_of_its_line() -> None:
    found = record("here")
    found.stack_info = "Stack (most recent call last): ..."

    assert json.loads(JSONFormatter().format(found))["stack_info"].startswith("Stack")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (float("nan"), "nan"),
        ([float("inf")], "[inf]"),
        (ENDLESS, "[[...]]"),
        (10**5000, "<int>"),
        ("x" * 10_000_000, '"' + "x" * 16_383),
    ],
    ids=["nan", "infinity", "recursive", "huge", "long"],
)
def test_an_extra_that_json_cannot_encode_does_not_affect_the_others(
    value: object, shown: str
) -> None:
    line = JSONFormatter().format(record("hello", odd=value, level="FORGED", order=7))

    found = json.loads(line)
    assert (found["odd"], found["order"], found["level"]) == (shown, 7, "INFO")


class Unprintable:
    def __str__(self) -> str:
        raise LookupError("no words")


@pytest.mark.parametrize(
    "broken", [record("%d", "x"), record("%s", Unprintable()), record(Unprintable())]
)
def test_a_record_that_cannot_be_formatted_is_still_a_line(broken: logging.LogRecord) -> None:
    assert json.loads(JSONFormatter().format(broken))["level"] == "INFO"


class Brief(JSONFormatter):
    def formatException(self, ei: object) -> str:  # noqa: N802  name of the base class
        return f"{type(ei).__name__} withheld"


def test_a_service_may_still_format_exceptions_itself(failure: logging.LogRecord) -> None:
    assert json.loads(Brief().format(failure))["exception"] == "tuple withheld"
