"""`Telemetry`: counts, and behavior after a shutdown."""

import time
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider

from instrumentation import ExportStats, Settings, Telemetry
from instrumentation._setup.telemetry import pipeline_of
from instrumentation.database import Pool
from tests.forks import said_in_child
from tests.ports import free_ports


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    """Telemetry whose collector is not there, with one ended span."""
    (port,) = free_ports(1)
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
    with Telemetry(Settings.from_env(environ), service="shop") as found:
        end_span(found)
        yield found
        found.shutdown(0.2)


def end_span(telemetry: Telemetry) -> None:
    telemetry.tracer.start_span("work").end()


def states(stats: ExportStats) -> int:
    return stats.exported + stats.rejected + sum(stats.dropped.values()) + stats.queued


def test_every_ended_span_has_a_state(telemetry: Telemetry) -> None:
    before = telemetry.stats()
    telemetry.shutdown(0.2)
    after = telemetry.stats()

    assert (before.accepted, before.queued, states(before)) == (1, 1, 1)
    assert (after.accepted, after.dropped["shutdown"], states(after)) == (1, 1, 1)


def test_another_shutdown_returns_the_first_result_at_once(telemetry: Telemetry) -> None:
    first = telemetry.shutdown(0.2)
    started_at = time.monotonic()
    second = telemetry.shutdown(30)

    assert (first, second) == (False, False)
    assert time.monotonic() - started_at < 1


def test_a_span_that_ends_after_the_shutdown_is_dropped_and_counted(telemetry: Telemetry) -> None:
    telemetry.shutdown(0.2)
    end_span(telemetry)

    assert telemetry.flush(0.2) is False
    assert (telemetry.stats().accepted, telemetry.stats().dropped["shutdown"]) == (2, 2)


def test_metrics_count_after_the_shutdown(telemetry: Telemetry) -> None:
    telemetry.shutdown(0.2)
    pool = Pool(telemetry, "orders", limit=10)
    pool.count(used=3, idle=4)

    labels = {"db_client_connection_pool_name": "orders", "db_client_connection_state": "used"}
    assert telemetry.registry.get_sample_value("db_client_connection_count", labels) == 3


def test_a_child_forked_after_the_shutdown_shuts_down_by_itself(telemetry: Telemetry) -> None:
    telemetry.shutdown(0.2)

    def shut_down_in_child() -> bool:
        end_span(telemetry)
        return telemetry.stats().queued == 1 and telemetry.shutdown(0.2) is False

    assert said_in_child(shut_down_in_child) == "True"


def test_internal_errors_are_counted_by_operation(telemetry: Telemetry) -> None:
    before = telemetry.stats().internal_errors
    with pipeline_of(telemetry).guard.operation("response"):
        raise LookupError("our own fault")

    assert before == {}
    assert telemetry.stats().internal_errors == {"response": 1}


def test_spans_of_an_adopted_provider_are_not_counted() -> None:
    settings = Settings.from_env({})
    provider = TracerProvider(shutdown_on_exit=False)
    with Telemetry(settings, service="shop", provider=provider) as telemetry:
        end_span(telemetry)
        stats = telemetry.stats()

    assert (stats.accepted, states(stats), stats.internal_errors) == (0, 0, {})


def test_stats_cannot_be_changed(telemetry: Telemetry) -> None:
    stats = telemetry.stats()

    with pytest.raises(AttributeError):
        stats.accepted = 7  # type: ignore[misc]  # frozen
    with pytest.raises(TypeError):
        stats.dropped["shutdown"] = 7  # type: ignore[index]  # read-only
    with pytest.raises(TypeError):
        stats.internal_errors["response"] = 7  # type: ignore[index]  # read-only
