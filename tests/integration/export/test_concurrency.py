"""Many threads end spans while the collector comes and goes; every span is accounted for."""

from concurrent.futures import ThreadPoolExecutor

from tests.fakes import CLOSED, RESET, Collector, status
from tests.integration.export.conftest import Service, Services, account
from tests.waiting import until

THREADS = 8
SPANS = 400


def end_spans(service: Service) -> None:
    service.work(SPANS)


def test_every_span_of_every_thread_arrives_though_the_collector_comes_and_goes(
    collector: Collector, services: Services, protocol: str
) -> None:
    service = services(protocol, BSP_MAX_EXPORT_BATCH_SIZE="64")

    with ThreadPoolExecutor(THREADS) as pool:
        ending = [pool.submit(end_spans, service) for _ in range(THREADS)]
        for fault in (status(500), CLOSED, RESET, status(503)):
            collector.misbehave(fault)
            collector.behave()
        done = [future.result() for future in ending]

    assert len(done) == THREADS
    assert service.export.flush(60)
    assert len(collector.spans) == service.export.stats().exported == THREADS * SPANS


def test_a_bound_reached_by_many_threads_is_kept_to_the_span(
    collector: Collector, services: Services
) -> None:
    service = services("http/protobuf", BSP_MAX_QUEUE_SIZE="100", BSP_MAX_EXPORT_BATCH_SIZE="10")
    collector.misbehave(CLOSED)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(end_spans, [service] * THREADS))

    stats = service.export.stats()
    assert account(stats) == stats.accepted == THREADS * SPANS
    assert stats.queued <= 100


def test_a_span_that_ends_while_another_is_queued_is_queued_too(services: Services) -> None:
    """A garbage collection can end a span in the middle of anything, the queue included."""
    service = services("http/protobuf")
    queue = service.export._queue  # type: ignore[attr-defined]  # noqa: SLF001  its lock is the matter

    with queue._lock:  # noqa: SLF001
        service.work(1)

    assert service.export.flush(30)


def test_spans_leave_by_themselves_whenever_they_end(
    collector: Collector, services: Services
) -> None:
    """Spans are encoded a few at a time; nobody asks for those that are too few."""
    service = services("http/protobuf", BSP_SCHEDULE_DELAY="1")

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(service.work, [1, 2, 3, 5] * 50))

    until(lambda: len(collector.spans) == 550, within_seconds=30)
