"""Internal errors are contained, counted and logged once, and raised in strict mode."""

import logging

import pytest
from prometheus_client import CollectorRegistry

from instrumentation._metrics.families import counter
from instrumentation._support.guard import Guard

FAILURES = "sightline_internal_errors_total"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def guard(registry: CollectorRegistry, *, strict: bool = False) -> Guard:
    return Guard(counter("sightline_internal_errors", registry).labels, strict=strict)


def test_an_error_is_contained_and_counted(registry: CollectorRegistry) -> None:
    with guard(registry).operation("request_end"):
        raise LookupError("internal")

    assert registry.get_sample_value(FAILURES, {"operation": "request_end"}) == 1.0


def test_errors_are_logged_once(
    registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    operation = guard(registry).operation("request_end")

    with caplog.at_level(logging.ERROR), operation:
        raise LookupError("first")
    with caplog.at_level(logging.ERROR), operation:
        raise LookupError("second")

    assert [record.getMessage().split(";")[0] for record in caplog.records] == [
        "instrumentation error in request_end"
    ]


def test_strict_mode_raises_the_error(registry: CollectorRegistry) -> None:
    with pytest.raises(LookupError), guard(registry, strict=True).operation("request_end"):
        raise LookupError("internal")


def test_a_cancellation_is_never_contained(registry: CollectorRegistry) -> None:
    with pytest.raises(KeyboardInterrupt), guard(registry).operation("request_end"):
        raise KeyboardInterrupt


def test_an_operation_is_exported_as_zero_before_it_fails(registry: CollectorRegistry) -> None:
    guard(registry).operation("request_start")

    assert registry.get_sample_value(FAILURES, {"operation": "request_start"}) == 0.0
