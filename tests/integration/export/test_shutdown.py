"""A shutdown ends in time, exports as much as possible, and reports losses."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakes import BLACKHOLE, CLOSED, DRIP, RESET, Collector, Fault, chokes_on, status
from tests.integration.export.conftest import Services, total
from tests.waiting import until

OUTAGES = {
    "dead": CLOSED,
    "hanging": BLACKHOLE,
    "dripping": DRIP,
    "refusing": status(503),
    "resetting": RESET,
    "asking to wait": status(429, retry_after="60"),
}


def test_a_shutdown_sends_everything(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(protocol, BSP_SCHEDULE_DELAY="60000")

    service.work(2000)

    assert service.export.shutdown_within(30)
    assert len(collector.spans) == 2000


@pytest.mark.parametrize("fault", OUTAGES.values(), ids=OUTAGES.keys())
def test_a_shutdown_without_a_collector_ends_in_time(
    collector: Collector, services: Services, protocol: str, fault: Fault
) -> None:
    service = services(protocol)
    collector.misbehave(fault)
    service.work(1500)

    started = time.monotonic()
    complete = service.export.shutdown_within(0.5)

    assert time.monotonic() - started < 5  # margin for a loaded machine
    stats = service.export.stats()
    assert not complete
    assert (stats.dropped["shutdown"], stats.queued, total(stats)) == (1500, 0, 1500)


def test_a_known_outage_gets_one_more_attempt_at_shutdown(
    collector: Collector, services: Services
) -> None:
    service = services("http/protobuf")
    collector.misbehave(status(503))
    service.work(5)
    service.export.flush(0.5)

    started = time.monotonic()
    complete = service.export.shutdown_within(60)

    assert not complete
    assert time.monotonic() - started < 30


def test_a_shutdown_retries_until_its_timeout(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(protocol, BSP_SCHEDULE_DELAY="60000")
    collector.misbehave(status(503))
    service.work(5)

    with ThreadPoolExecutor() as pool:
        stopping = pool.submit(service.export.shutdown_within, 60)
        until(lambda: len(collector.requests) >= 2, within_seconds=30)
        collector.behave()

    assert stopping.result()
    assert len(collector.spans) == 5


def test_a_span_that_ends_after_shutdown_is_counted(
    collector: Collector, services: Services
) -> None:
    service = services("http/protobuf")
    assert service.export.shutdown_within(30)

    service.work(1)

    assert service.export.stats().dropped["shutdown"] == 1
    assert collector.requests == []


def test_a_service_without_spans_shuts_down_immediately(services: Services, protocol: str) -> None:
    service = services(protocol)

    started = time.monotonic()

    assert service.export.shutdown_within(30)
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("code", [400, 500, 503])
def test_a_shutdown_during_an_isolation_sends_every_good_span(
    collector: Collector, services: Services, protocol: str, code: int
) -> None:
    service = services(protocol)
    collector.misbehave(chokes_on(b"poison", code))
    service.work(50)
    service.tracer.start_span("poison").end()
    service.work(50)
    until(lambda: collector.requests, within_seconds=30)
    service.work(400)

    service.export.shutdown_within(3)

    stats = service.export.stats()
    assert (stats.exported, len(collector.spans), total(stats)) == (500, 500, 501)
    assert stats.dropped["refused"] + stats.dropped["shutdown"] == 1


def test_a_shutdown_sends_the_good_spans_when_every_batch_contains_poison(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(protocol, BSP_MAX_EXPORT_BATCH_SIZE="50", BSP_SCHEDULE_DELAY="60000")
    collector.misbehave(chokes_on(b"GET /orders/49", 503))

    service.work(50)
    service.work(50)
    service.work(50)

    assert not service.export.shutdown_within(3)
    stats = service.export.stats()
    assert (stats.exported, stats.dropped["refused"], stats.queued) == (147, 3, 0)


LONG_SECONDS = 60


def test_a_collector_that_was_never_there_costs_no_time(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(protocol)
    collector.misbehave(CLOSED)
    service.work(5)

    started = time.monotonic()
    flushed = [service.export.flush(LONG_SECONDS) for _ in range(3)]
    complete = service.export.shutdown_within(LONG_SECONDS)

    assert time.monotonic() - started < LONG_SECONDS / 4
    assert (flushed, complete) == ([False] * 3, False)
    assert service.export.stats().dropped["shutdown"] == 5


def test_a_collector_that_was_there_is_awaited(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(protocol)
    service.work(1)
    assert service.export.flush(30)
    collector.misbehave(CLOSED)
    service.work(1)

    started = time.monotonic()

    assert not service.export.flush(0.5)
    assert time.monotonic() - started >= 0.5
