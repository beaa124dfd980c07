"""Bounded queue of spans between the threads that end spans, the packer and the sender.

::

    put ─> pending ─take_batch─> packer ─add_packets─> packets ─next_packet─> sender ─> counted
              │                                           │ ▲                    │
              └── queue_full, shutdown                    │ └──────requeue───────┘
                                                          └── queue_full (oldest), shutdown

At any moment ``accepted = exported + rejected + dropped + queued``.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from instrumentation._export.processor import QUEUE_FULL, SHUTDOWN, ExportStats, SpanCounts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence, Sized

    from instrumentation._export.packet import Packet
    from instrumentation._settings.export import ExportSettings

MAX_REQUEST_BYTES: Final = 1024 * 1024
"""Maximum uncompressed size of a request; a single larger span gets its own request."""

MAX_PENDING_BYTES: Final = 8 * 1024 * 1024
"""Maximum size of encoded spans that wait for the packer. The packer keeps up with 300 000 spans a
second; the bound covers a service that starves its thread."""

PendingSpan = tuple[InstrumentationScope | None, bytes]
"""Scope and ``Span`` message of an encoded span."""


class SpanQueue:
    """Queue between the threads that end spans, the packer and the sender.

    Args:
        flush_encoder: Encodes and puts ended spans; called when the packer takes a batch.
    """

    def __init__(
        self, settings: ExportSettings, *, flush_encoder: Callable[[], object] = lambda: None
    ) -> None:
        self._settings = settings
        self._flush_encoder = flush_encoder
        self._max_spans = settings.max_queue_spans or math.inf
        self._batch_spans = min(settings.max_batch_spans, self._max_spans)
        # Reentrant: a garbage collection may end a span while its thread holds the lock.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._counts = SpanCounts()
        self._pending: list[PendingSpan] = []
        self._pending_bytes = 0
        self._pending_first = 0
        self._packing: list[PendingSpan] = []
        self._packing_first = 0
        self._packets: deque[Packet] = deque()
        self._packed_bytes = 0
        self._packed_spans = 0
        self._in_flight: Packet | None = None
        self._flush_requests = 0
        self._flush_requested = False
        self._unreachable_attempts = 0
        self._closed = False
        self._abandoned = False
        self._shutdown_deadline = math.inf
        self.collector_reached = False
        """True once a connection to the collector was opened."""

    # --- threads that end spans

    def put(self, spans: Sequence[PendingSpan]) -> None:
        """Queue *spans*, or count them as dropped; never waits for the packer or the sender."""
        count, size = len(spans), sum([len(message) for _, message in spans])
        with self._lock:
            idle, full = not self._pending, self._batch_full()
            if self._has_room(count, size):
                self._append(spans, count, size)
            else:
                for span in spans:
                    self._append_or_drop(span)
            if (idle and self._pending) or self._batch_full() is not full:
                self._changed.notify_all()

    def _has_room(self, count: int, size: int) -> bool:
        """Return true when *count* spans need neither a drop nor an eviction."""
        small = self._pending_bytes + size <= MAX_PENDING_BYTES
        few = self._queued() + count <= self._max_spans
        return small and few and not (self._closed or self._packets)

    def _append(self, spans: Sequence[PendingSpan], count: int, size: int) -> None:
        # No line calls a function: a signal handler or finalizer that runs there may queue spans.
        if not self._pending:
            self._pending_first = self._counts.accepted + 1
        self._counts.accepted += count
        self._pending += spans
        self._pending_bytes += size

    def _append_or_drop(self, span: PendingSpan) -> None:
        size = len(span[1])
        reason = self._drop_reason(size)
        if reason:
            self._counts.accepted += 1
            self._counts.dropped[reason] += 1
            return
        self._append([span], 1, size)
        if self._packets:  # per span: the next one may find no packet left to evict
            self._evict()

    def drop_unqueued(self, reason: str) -> None:
        """Count a dropped span that was never queued."""
        with self._lock:
            self._counts.accepted += 1
            self._counts.dropped[reason] += 1

    def _drop_reason(self, size: int) -> str:
        if self._closed:
            return SHUTDOWN
        # When packets are queued, the oldest of them is evicted instead.
        crowded = not self._packets and self._queued() >= self._max_spans
        return QUEUE_FULL if crowded or self._pending_bytes + size > MAX_PENDING_BYTES else ""

    # --- the packer

    def take_batch(self) -> tuple[int, list[PendingSpan]] | None:
        """Wait until a batch is full or due.

        Returns:
            Position of its first span and the spans; None when the queue is closed and empty.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closed)
            if not self._pending:
                return None
            self._changed.wait_for(self._batch_ready, self._settings.schedule_delay_seconds)
            # Behind other packets, wait for a full batch: it compresses better.
            self._changed.wait_for(lambda: self._batch_ready() or not self._has_unsent_packet())
            self._flush_encoder()
            self._packing, self._pending = self._pending, []
            self._packing_first, self._pending_bytes = self._pending_first, 0
            self._flush_requested = False
            # A span added while this batch was pending relied on the batch to flush it.
            self._flush_encoder()
            return self._packing_first, self._packing

    def add_packets(self, packets: list[Packet]) -> None:
        """Queue the packets of the taken batch; evict the oldest packets above the bounds."""
        with self._changed:
            if self._abandoned:
                return
            self._packing = []
            self._packets.extend(packets)
            self._count_packed(1, *packets)
            self._evict()
            self._changed.notify_all()

    def drop_batch(self, reason: str) -> None:
        """Drop the taken batch."""
        with self._changed:
            self._counts.dropped[reason] += len(self._packing)
            self._packing = []
            self._changed.notify_all()

    def _has_unsent_packet(self) -> bool:
        """Return whether a packet waits for its first attempt."""
        return any(not packet.failures for packet in self._packets)

    def _batch_ready(self) -> bool:
        return self._batch_full() or self._flush_requested or self._closed

    def _batch_full(self) -> bool:
        return len(self._pending) >= self._batch_spans or self._pending_bytes >= MAX_REQUEST_BYTES

    # --- the sender

    def next_packet(self) -> Packet | None:
        """Wait for a packet and return it; None when the sender must stop."""
        with self._changed:
            self._changed.wait_for(lambda: self._packets or self._is_finished())
            if self._abandoned or not self._packets:
                return None
            self._in_flight = self._first_packet()
            return self._in_flight

    def _first_packet(self) -> Packet:
        """Remove and return the next packet; suspected poison comes last."""
        chosen = next((packet for packet in self._packets if not packet.poison_suspect), None)
        if chosen is None:
            return self._packets.popleft()
        self._packets.remove(chosen)
        return chosen

    def attempt_deadline(self) -> float:
        """Return the deadline of an attempt that begins now, in `time.monotonic` seconds."""
        return min(time.monotonic() + self._settings.timeout_seconds, self._shutdown_deadline)

    def mark_exported(self, packet: Packet, *, rejected: int) -> None:
        """Count *packet* as exported, except for *rejected* spans."""
        with self._changed:
            if self._remove_in_flight(packet):
                self._counts.exported += packet.spans - rejected
                self._counts.rejected += rejected

    def drop_packet(self, packet: Packet, reason: str) -> None:
        """Count *packet* as dropped for *reason*, a value of the label ``error_type``."""
        with self._changed:
            if self._remove_in_flight(packet):
                self._counts.dropped[reason] += packet.spans

    def requeue(self, *packets: Packet, last: bool = False) -> None:
        """Queue the packet in flight again, whole or as parts: before or after the others."""
        with self._changed:
            if self._abandoned or self._in_flight is None:
                return
            self._count_packed(-1, self._in_flight)
            self._count_packed(1, *packets)
            self._in_flight = None
            if last:
                self._packets.extend(packets)
            else:
                self._packets.extendleft(reversed(packets))
            self._evict()
            self._changed.notify_all()

    def has_untried(self, accepted_packets: int, *, include_suspects: bool = False) -> bool:
        """Return whether a packet is queued that did not fail since the last acceptance.

        During a shutdown, spans that are not packed yet count as well.

        Args:
            accepted_packets: Number of packets accepted so far.
            include_suspects: Include packets of one span that is suspected of being poison.
        """
        with self._lock:
            coming = self._closed and bool(self._pending or self._packing)
            return coming or any(
                (include_suspects or not packet.poison_suspect)
                and (not packet.failures or packet.accepted_at_failure != accepted_packets)
                for packet in self._packets
            )

    def has_divisible(self) -> bool:
        """Return whether a packet of several spans is queued."""
        with self._lock:
            return any(packet.spans > 1 for packet in self._packets)

    def has_single_packet(self) -> bool:
        """Return whether exactly one packet is queued: its failure is ambiguous."""
        with self._lock:
            return len(self._packets) == 1

    def shutdown_seconds_left(self) -> float:
        """Return the seconds until the shutdown deadline; infinite before a shutdown begins."""
        return self._shutdown_deadline - time.monotonic()

    def wait_before_retry(
        self,
        seconds: float,
        *,
        ignore_flush: bool,
        preemptible: bool = False,
        unreachable: bool = False,
    ) -> None:
        """Wait before the next attempt; return early when a shutdown begins.

        Args:
            seconds: Maximum time, bounded by the shutdown deadline.
            ignore_flush: Wait on when a flush begins, because the collector asked for the pause.
            preemptible: Return as soon as a packet waits for its first attempt.
            unreachable: The last attempt could not open a connection.
        """
        with self._changed:
            self._unreachable_attempts += unreachable and not self.collector_reached
            self._changed.notify_all()
            flush_requests, closed = self._flush_requests, self._closed

            def over() -> bool:
                flushed = self._flush_requests > flush_requests and not ignore_flush
                preempted = preemptible and self._has_unsent_packet()
                return self._abandoned or self._closed is not closed or flushed or preempted

            self._changed.wait_for(
                over, max(0.0, min(seconds, self._shutdown_deadline - time.monotonic()))
            )

    def _remove_in_flight(self, packet: Packet) -> bool:
        """Remove the packet in flight; return false if a shutdown has counted it already."""
        if self._abandoned or self._in_flight is not packet:
            return False
        self._in_flight = None
        self._count_packed(-1, packet)
        self._changed.notify_all()
        return True

    def _is_finished(self) -> bool:
        empty = not (self._pending or self._packing or self._packets)
        return self._abandoned or (self._closed and empty)

    def _evict(self) -> None:
        while self._packets and (
            self._packed_bytes > self._settings.max_queue_bytes or self._queued() > self._max_spans
        ):
            oldest = min(self._packets, key=_first_position)  # failed packets are out of order
            self._packets.remove(oldest)
            self._count_packed(-1, oldest)
            self._counts.dropped[QUEUE_FULL] += oldest.spans

    def _count_packed(self, sign: int, *packets: Packet) -> None:
        """Add *packets* to the totals, or subtract them when *sign* is -1."""
        self._packed_bytes += sign * sum(len(packet.body) for packet in packets)
        self._packed_spans += sign * sum(packet.spans for packet in packets)

    # --- all threads

    def flush(self, timeout_seconds: float) -> bool:
        """Send without delay; block for at most *timeout_seconds*.

        One attempt is enough while no connection to the collector could ever be opened.

        Returns:
            Whether all spans that ended before this call were exported in time.
        """
        with self._changed:
            lost, last = self._counts.lost(), self._counts.accepted
            self._flush_requests += 1
            self._flush_requested = bool(self._pending)
            self._changed.notify_all()
            attempts = self._unreachable_attempts
            self._changed.wait_for(
                lambda: self._oldest() > last or self._unreachable_attempts > attempts,
                timeout_seconds,
            )
            return self._oldest() > last and self._counts.lost() == lost

    def close(self, deadline: float) -> None:
        """Accept no more spans; queued ones are sent until *deadline*."""
        with self._changed:
            self._closed = True
            self._shutdown_deadline = min(self._shutdown_deadline, deadline)
            self._changed.notify_all()

    def abandon(self) -> None:
        """Drop all queued spans with reason `SHUTDOWN`."""
        with self._changed:
            self._counts.dropped[SHUTDOWN] += self._queued()
            self._abandoned = True
            self._pending, self._packing, self._in_flight = [], [], None
            self._packets.clear()
            self._packed_bytes = self._packed_spans = self._pending_bytes = 0
            self._changed.notify_all()

    pending: Sized = property(attrgetter("_pending"))  # type: ignore[assignment]  # cheaper than a function
    """Spans that wait for the packer; without one, no batch is scheduled."""

    @property
    def closed(self) -> bool:
        """True after a shutdown began."""
        return self._closed

    def lost(self) -> int:
        """Return the number of spans rejected or dropped so far."""
        with self._lock:
            return self._counts.lost()

    def stats(self) -> ExportStats:
        """Return a consistent snapshot of the counts."""
        with self._lock:
            return ExportStats(
                accepted=self._counts.accepted,
                exported=self._counts.exported,
                rejected=self._counts.rejected,
                dropped=MappingProxyType(self._counts.dropped.copy()),
                queued=self._queued(),
                queued_bytes=self._packed_bytes,
            )

    def _queued(self) -> int:
        return self._packed_spans + len(self._pending) + len(self._packing)

    def _oldest(self) -> float:
        """Return the position of the oldest queued span; infinite when the queue is empty."""
        positions = [packet.first for packet in self._packets]
        positions += [self._in_flight.first] if self._in_flight else []
        positions += [self._pending_first] if self._pending else []
        positions += [self._packing_first] if self._packing else []
        return min(positions, default=math.inf)


def _first_position(packet: Packet) -> int:
    return packet.first
