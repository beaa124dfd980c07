"""Spans that wait are bounded in bytes, and every one is accounted for."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from instrumentation._export.packet import Packet
from instrumentation._export.queue import DROPPED, ExportStats, SpanQueue
from instrumentation._settings.export import ExportSettings

SETTINGS = ExportSettings.from_env({})._replace(max_batch_spans=1, max_queue_bytes=100)
"""A batch is full at once."""


def queue_of(*messages: bytes, settings: ExportSettings = SETTINGS) -> SpanQueue:
    queue = SpanQueue(settings)
    for message in messages:
        queue.put([(None, message)])
    return queue


def pack(queue: SpanQueue, size_bytes: int) -> None:
    """What the packer does, with packets of a known size."""
    batch = queue.take()
    assert batch is not None
    first, spans = batch
    queue.add([Packet(body=bytes(size_bytes), spans=len(spans), first=first)])


def account(stats: ExportStats) -> int:
    return stats.exported + stats.rejected + sum(stats.dropped.values()) + stats.queued


def dropped(queue: SpanQueue) -> dict[str, int]:
    return {reason: count for reason, count in queue.stats().dropped.items() if count}


def test_a_span_is_queued_until_its_packet_is_exported() -> None:
    queue = queue_of(b"a", b"b", b"c")
    pack(queue, 10)
    waiting = queue.stats()

    packet = queue.next()
    assert packet is not None
    queue.exported(packet, rejected=1)

    assert (waiting.queued, waiting.queued_bytes) == (3, 10)
    stats = queue.stats()
    assert (stats.exported, stats.rejected, stats.queued, stats.queued_bytes) == (2, 1, 0, 0)


def test_a_batch_that_would_wait_anyway_is_filled_first() -> None:
    hasty = SETTINGS._replace(max_batch_spans=2, schedule_delay_seconds=0.0)
    queue = queue_of(b"a", b"b", settings=hasty)
    pack(queue, 1)
    queue.put([(None, b"c")])

    with ThreadPoolExecutor() as pool:
        taken = pool.submit(queue.take)
        queue.put([(None, b"d")])

    assert taken.result() == (3, [(None, b"c"), (None, b"d")])


def test_the_oldest_packets_give_way_when_the_bytes_run_out() -> None:
    queue = queue_of(b"a", b"b")
    pack(queue, 60)
    queue.put([(None, b"c")])

    pack(queue, 60)

    assert dropped(queue) == {"queue_full": 2}
    assert (queue.stats().queued, queue.stats().queued_bytes) == (1, 60)


def test_a_number_of_spans_is_a_bound_only_where_one_is_set() -> None:
    queue = queue_of(b"a", b"b", b"c", settings=SETTINGS._replace(max_queue_spans=2))

    assert dropped(queue) == {"queue_full": 1}


def test_that_bound_holds_for_spans_that_come_together_behind_a_packet() -> None:
    queue = queue_of(b"a", settings=SETTINGS._replace(max_queue_spans=2))
    pack(queue, 1)

    queue.put([(None, b"b"), (None, b"c"), (None, b"d"), (None, b"e")])

    assert queue.stats().queued == 2
    assert dropped(queue) == {"queue_full": 3}


def test_a_packet_that_comes_back_is_next_or_last() -> None:
    queue = queue_of(b"a")
    pack(queue, 1)
    queue.put([(None, b"b")])
    pack(queue, 2)

    first = queue.next()
    assert first is not None
    queue.put_back(first)
    again = queue.next()
    queue.put_back(first, at_the_end=True)

    assert again is first
    assert queue.next() is not first


def test_shutdown_counts_what_it_gives_up_wherever_it_waits() -> None:
    queue = queue_of(b"flying")
    pack(queue, 1)
    flying = queue.next()
    assert flying is not None
    queue.put([(None, b"packed")])
    pack(queue, 1)
    queue.put([(None, b"pending")])

    queue.close(deadline=0.0)
    queue.put([(None, b"too late")])
    queue.abandon()
    queue.exported(flying, rejected=0)

    assert dropped(queue) == {"shutdown": 4}
    assert account(queue.stats()) == queue.stats().accepted == 4
    assert queue.next() is None


def test_flush_is_true_when_nothing_waits_and_false_when_something_does() -> None:
    assert queue_of().flush(0.0)
    assert not queue_of(b"a").flush(0.0)


@pytest.mark.parametrize("reason", DROPPED)
def test_every_reason_to_drop_is_counted_from_the_start(reason: str) -> None:
    assert queue_of().stats().dropped[reason] == 0
