"""Many threads end spans while the collector fails and recovers; every span is counted."""

from concurrent.futures import ThreadPoolExecutor

from tests.fakes import CLOSED, RESET, Collector, status
from tests.integration.export.conftest import Service, Services, total
from tests.waiting import until

THREADS = 8
SPANS = 400


def end_spans(service: Service) -> None:
    service.work(SPANS)


def test_every_span_of_every_thread_arrives_while_the_collector_fails_and_recovers(
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


def test_max_queue_spans_is_exact_with_many_threads(
    collector: Collector, services: Services
) -> None:
    service = services("http/protobuf", BSP_MAX_QUEUE_SIZE="100", BSP_MAX_EXPORT_BATCH_SIZE="10")
    collector.misbehave(CLOSED)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(end_spans, [service] * THREADS))

    stats = service.export.stats()
    assert total(stats) == stats.accepted == THREADS * SPANS
    assert stats.queued <= 100


def test_a_span_that_ends_under_the_queues_lock_is_queued(services: Services) -> None:
    """A garbage collection can end a span at any point, also while the lock is held."""
    service = services("http/protobuf")
    queue = service.export._queue  # type: ignore[attr-defined]  # noqa: SLF001  the test holds its lock

    with queue._lock:  # noqa: SLF001
        service.work(1)

    assert service.export.flush(30)


def test_spans_are_exported_without_a_flush_in_any_batch_size(
    collector: Collector, services: Services
) -> None:
    """Spans are encoded in batches; an incomplete batch must be exported as well."""
    service = services("http/protobuf", BSP_SCHEDULE_DELAY="1")

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(service.work, [1, 2, 3, 5] * 50))

    until(lambda: len(collector.spans) == 550, within_seconds=30)
