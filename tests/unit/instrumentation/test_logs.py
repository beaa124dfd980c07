"""Log records that name their trace, and cannot pass for another."""

import json
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import context, trace

from instrumentation import JSONFormatter, TraceContextFilter, extract

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)


def record(message: object, *arguments: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("shop").makeRecord(
        "shop", logging.INFO, __file__, 1, message, arguments, None, extra=extra
    )


def test_a_line_names_the_trace_it_belongs_to() -> None:
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


@given(st.text(), st.text())
@settings(deadline=None)  # a busy machine is no failure
def test_no_message_can_become_two_lines(message: str, value: str) -> None:
    line = JSONFormatter().format(record("%s", message, field=value))

    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == message
    assert not trace.get_current_span().is_recording()


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
    ids=["nan", "infinity", "endless", "huge", "long"],
)
def test_an_extra_that_json_cannot_carry_costs_nothing_else(value: object, shown: str) -> None:
    line = JSONFormatter().format(record("hello", odd=value, level="FORGED", order=7))

    found = json.loads(line)
    assert (found["odd"], found["order"], found["level"]) == (shown, 7, "INFO")


class Unprintable:
    def __str__(self) -> str:
        raise LookupError("no words")


@pytest.mark.parametrize(
    "broken", [record("%d", "x"), record("%s", Unprintable()), record(Unprintable())]
)
def test_a_record_that_cannot_be_put_into_words_is_still_a_line(broken: logging.LogRecord) -> None:
    assert json.loads(JSONFormatter().format(broken))["level"] == "INFO"
