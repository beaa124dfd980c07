"""Failures of ours: swallowed, counted, logged once; raised where tests want to see them."""

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


def test_a_failure_ends_in_the_block_and_is_counted(registry: CollectorRegistry) -> None:
    with guard(registry).operation("request_end"):
        raise LookupError("ours")

    assert registry.get_sample_value(FAILURES, {"operation": "request_end"}) == 1.0


def test_failures_are_logged_once(
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


def test_under_test_a_failure_is_raised(registry: CollectorRegistry) -> None:
    with pytest.raises(LookupError), guard(registry, strict=True).operation("request_end"):
        raise LookupError("ours")


def test_a_cancellation_is_never_swallowed(registry: CollectorRegistry) -> None:
    with pytest.raises(KeyboardInterrupt), guard(registry).operation("request_end"):
        raise KeyboardInterrupt


def test_an_operation_stands_at_zero_before_it_fails(registry: CollectorRegistry) -> None:
    guard(registry).operation("request_start")

    assert registry.get_sample_value(FAILURES, {"operation": "request_start"}) == 0.0
