"""Bounds and statistics of the span queue."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from instrumentation._export.packet import Packet
from instrumentation._export.processor import DROP_REASONS, ExportStats
from instrumentation._export.queue import SpanQueue
from instrumentation._settings.export import ExportSettings

SETTINGS = ExportSettings.from_env({})._replace(max_batch_spans=1, max_queue_bytes=100)
"""Settings under which one span fills a batch."""


def queue_of(*messages: bytes, settings: ExportSettings = SETTINGS) -> SpanQueue:
    queue = SpanQueue(settings)
    for message in messages:
        queue.put([(None, message)])
    return queue


def pack(queue: SpanQueue, size_bytes: int) -> None:
    """Do the packer's work with a packet of *size_bytes*."""
    batch = queue.take_batch()
    assert batch is not None
    first, spans = batch
    queue.add_packets([Packet(body=bytes(size_bytes), spans=len(spans), first=first)])


def total(stats: ExportStats) -> int:
    return stats.exported + stats.rejected + sum(stats.dropped.values()) + stats.queued


def dropped(queue: SpanQueue) -> dict[str, int]:
    return {reason: count for reason, count in queue.stats().dropped.items() if count}


def test_a_span_is_queued_until_its_packet_is_exported() -> None:
    queue = queue_of(b"a", b"b", b"c")
    pack(queue, 10)
    waiting = queue.stats()

    packet = queue.next_packet()
    assert packet is not None
    queue.mark_exported(packet, rejected=1)

    assert (waiting.queued, waiting.queued_bytes) == (3, 10)
    stats = queue.stats()
    assert (stats.exported, stats.rejected, stats.queued, stats.queued_bytes) == (2, 1, 0, 0)


def test_spans_of_a_batch_that_does_not_fit_are_dropped_one_by_one() -> None:
    queue = SpanQueue(SETTINGS._replace(max_queue_spans=2))

    queue.put([(None, b"a"), (None, b"b"), (None, b"c")])

    stats = queue.stats()
    assert (stats.accepted, stats.queued, dropped(queue)) == (3, 2, {"queue_full": 1})


def test_spans_that_are_queued_while_others_are_queued_count() -> None:
    class Interrupted(list[tuple[None, bytes]]):
        """Batch during which a signal handler or a finalizer ends a span, at each call."""

        def __len__(self) -> int:
            queue.put([(None, b"x")])
            queued.append(1)
            return super().__len__()

    queue, queued = SpanQueue(SETTINGS._replace(max_batch_spans=10)), list[int]()

    queue.put(Interrupted([(None, b"a"), (None, b"b")]))

    stats = queue.stats()
    assert (stats.accepted, stats.queued) == (2 + len(queued), 2 + len(queued))


def test_a_batch_behind_a_packet_is_filled_first() -> None:
    hasty = SETTINGS._replace(max_batch_spans=2, schedule_delay_seconds=0.0)
    queue = queue_of(b"a", b"b", settings=hasty)
    pack(queue, 1)
    queue.put([(None, b"c")])

    with ThreadPoolExecutor() as pool:
        taken = pool.submit(queue.take_batch)
        queue.put([(None, b"d")])

    assert taken.result() == (3, [(None, b"c"), (None, b"d")])


def test_the_oldest_packets_are_dropped_above_the_size_in_bytes() -> None:
    queue = queue_of(b"a", b"b")
    pack(queue, 60)
    queue.put([(None, b"c")])

    pack(queue, 60)

    assert dropped(queue) == {"queue_full": 2}
    assert (queue.stats().queued, queue.stats().queued_bytes) == (1, 60)


def test_max_queue_spans_bounds_the_queue() -> None:
    queue = queue_of(b"a", b"b", b"c", settings=SETTINGS._replace(max_queue_spans=2))

    assert dropped(queue) == {"queue_full": 1}


def test_max_queue_spans_bounds_a_burst_behind_a_packet() -> None:
    queue = queue_of(b"a", settings=SETTINGS._replace(max_queue_spans=2))
    pack(queue, 1)

    queue.put([(None, b"b"), (None, b"c"), (None, b"d"), (None, b"e")])

    assert queue.stats().queued == 2
    assert dropped(queue) == {"queue_full": 3}


def test_requeue_puts_a_packet_first_or_last() -> None:
    queue = queue_of(b"a")
    pack(queue, 1)
    queue.put([(None, b"b")])
    pack(queue, 2)

    first = queue.next_packet()
    assert first is not None
    queue.requeue(first)
    again = queue.next_packet()
    queue.requeue(first, last=True)

    assert again is first
    assert queue.next_packet() is not first


def test_a_shutdown_counts_dropped_spans_in_every_stage() -> None:
    queue = queue_of(b"in flight")
    pack(queue, 1)
    in_flight = queue.next_packet()
    assert in_flight is not None
    queue.put([(None, b"packed")])
    pack(queue, 1)
    queue.put([(None, b"pending")])

    queue.close(deadline=0.0)
    queue.put([(None, b"too late")])
    queue.abandon()
    queue.mark_exported(in_flight, rejected=0)

    assert dropped(queue) == {"shutdown": 4}
    assert total(queue.stats()) == queue.stats().accepted == 4
    assert queue.next_packet() is None


def test_flush_returns_whether_the_queue_became_empty() -> None:
    assert queue_of().flush(0.0)
    assert not queue_of(b"a").flush(0.0)


@pytest.mark.parametrize("reason", DROP_REASONS)
def test_every_drop_reason_starts_at_zero(reason: str) -> None:
    assert queue_of().stats().dropped[reason] == 0
