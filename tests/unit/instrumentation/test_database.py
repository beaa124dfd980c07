"""Spans and metrics of database calls and connection pools."""

import pytest

from instrumentation.database import Database, Pool
from instrumentation.testing import Recording


def test_an_operation_is_a_client_span_and_a_sample(telemetry: Recording) -> None:
    database = Database(telemetry.telemetry, system="postgresql")

    with database.operation("SELECT", "orders"):
        pass

    (span,) = telemetry.spans
    assert (span.name, span.kind) == ("SELECT orders", "CLIENT")
    assert telemetry.metric("db_client_operation_duration_seconds_count", error_type="") == 1


def test_a_failed_operation_has_its_error_type(telemetry: Recording) -> None:
    database = Database(telemetry.telemetry, system="postgresql")

    with pytest.raises(LookupError, match="no such row"), database.operation("SELECT", "orders"):
        raise LookupError("no such row")

    failed = telemetry.metric(
        "db_client_operation_duration_seconds_count", error_type="LookupError"
    )
    assert failed == 1


def test_a_pool_counts_pending_requests_and_timeouts(telemetry: Recording) -> None:
    pool = Pool(telemetry.telemetry, "orders", limit=10)

    with pool.waiting():
        pending = telemetry.metric("db_client_connection_pending_requests")
    with pytest.raises(TimeoutError), pool.waiting():
        raise TimeoutError

    assert pending == 1
    assert telemetry.metric("db_client_connection_pending_requests") == 0
    assert telemetry.metric("db_client_connection_timeouts_total") == 1
    assert telemetry.metric("db_client_connection_wait_time_seconds_count") == 1


def test_a_pool_counts_open_connections(telemetry: Recording) -> None:
    pool = Pool(telemetry.telemetry, "orders", limit=10)

    pool.count(used=3, idle=4)

    count = "db_client_connection_count"
    assert telemetry.metric(count, db_client_connection_state="used") == 3
    assert telemetry.metric(count, db_client_connection_state="idle") == 4
    assert telemetry.metric("db_client_connection_max") == 10
