"""Spans that wait for export: bounded in bytes, every one accounted for.

::

    put ──> pending ──take──> (packer) ──add──> packets ──next──> (sender) ──settle──> counted
              │                                    │ ▲               │
              └── queue_full, shutdown             │ └──put_back─────┘
                                                   └── queue_full (oldest first), shutdown

At any moment ``accepted = exported + rejected + dropped + queued``.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from instrumentation._settings.export import ExportSettings

if TYPE_CHECKING:
    from instrumentation._export.packet import Packet

QUEUE_FULL: Final = "queue_full"
SHUTDOWN: Final = "shutdown"
REFUSED: Final = "refused"
TOO_LARGE: Final = "too_large"
UNENCODABLE: Final = "unencodable"
DROPPED: Final = (QUEUE_FULL, SHUTDOWN, REFUSED, TOO_LARGE, UNENCODABLE)
"""Why a span may be dropped."""

MAX_REQUEST_BYTES: Final = 1024 * 1024
"""Uncompressed bytes of a request, unless a single span is larger."""

MAX_PENDING_BYTES: Final = 8 * 1024 * 1024
"""Encoded spans that the packer has not compressed yet. It keeps up with 300 000 spans a second;
the bound is for an application that never lets it run."""

Pending = tuple[InstrumentationScope | None, bytes]
"""A ``Span`` message and its scope."""


class ExportStats(NamedTuple):
    """Where the spans are that ended so far."""

    accepted: int
    """Sampled spans that ended."""
    exported: int
    """Taken by the collector."""
    rejected: int
    """Sent, answered with success, and not taken (``partial_success``)."""
    dropped: Mapping[str, int]
    """Given up, by reason."""
    queued: int
    """Waiting, or on their way."""
    queued_bytes: int
    """Compressed bytes of those that are packed."""


class _Ledger:
    __slots__ = ("accepted", "dropped", "exported", "rejected")

    def __init__(self) -> None:
        self.accepted = self.exported = self.rejected = 0
        self.dropped = dict.fromkeys(DROPPED, 0)

    def lost(self) -> int:
        return self.rejected + sum(self.dropped.values())


class SpanQueue:
    """Joins the threads that end spans, the packer and the sender.

    Args:
        settle: Puts what waits to be put; called where a batch leaves.
    """

    def __init__(
        self, settings: ExportSettings, *, settle: Callable[[], object] = lambda: None
    ) -> None:
        self._settings = settings
        self._settle = settle
        self._max_spans = settings.max_queue_spans or math.inf
        self._batch_spans = min(settings.max_batch_spans, self._max_spans)
        # Reentrant: a garbage collection may end a span while its thread is in here.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._ledger = _Ledger()
        self._pending: list[Pending] = []
        self._pending_bytes = 0
        self._pending_first = 0
        self._packing: list[Pending] = []
        self._packing_first = 0
        self._packets: deque[Packet] = deque()
        self._packed_bytes = 0
        self._packed_spans = 0
        self._flying: Packet | None = None
        self._hurries = 0
        self._hurried = False
        self._closed = False
        self._abandoned = False
        self._ends_at = math.inf

    # --- threads that end spans

    def put(self, spans: Iterable[Pending]) -> None:
        """Take *spans*, or count why not; never waits for anybody."""
        with self._lock:
            idle, full = not self._pending, self._full()
            for span in spans:
                self._ledger.accepted += 1
                size = len(span[1])
                reason = self._obstacle(size)
                if reason:
                    self._ledger.dropped[reason] += 1
                    continue
                if not self._pending:
                    self._pending_first = self._ledger.accepted
                self._pending.append(span)
                self._pending_bytes += size
                if self._packets:  # after each: the next one may find that none is left to give
                    self._evict()
            if (idle and self._pending) or self._full() is not full:
                self._changed.notify_all()

    def lose(self, reason: str) -> None:
        """Count a span that never got in."""
        with self._lock:
            self._ledger.accepted += 1
            self._ledger.dropped[reason] += 1

    def _obstacle(self, size: int) -> str:
        if self._closed:
            return SHUTDOWN
        # Where packets wait, the oldest of them gives way instead.
        crowded = not self._packets and self._queued() >= self._max_spans
        return QUEUE_FULL if crowded or self._pending_bytes + size > MAX_PENDING_BYTES else ""

    # --- the packer

    def take(self) -> tuple[int, list[Pending]] | None:
        """Wait until a batch is full or due; its position and spans, or None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closed)
            if not self._pending:
                return None
            self._changed.wait_for(self._due, self._settings.schedule_delay_seconds)
            # Behind others there is no hurry, and a full packet is smaller per span.
            self._changed.wait_for(lambda: self._due() or not self._backlog())
            self._settle()
            self._packing, self._pending = self._pending, []
            self._packing_first, self._pending_bytes = self._pending_first, 0
            self._hurried = False
            self._settle()  # who saw the old batch relied on it to leave later
            return self._packing_first, self._packing

    def add(self, packets: "list[Packet]") -> None:
        """The taken batch, packed; the oldest packets give way when there are too many."""
        with self._changed:
            if self._abandoned:
                return
            self._packing = []
            self._packets.extend(packets)
            self._pack(1, *packets)
            self._evict()
            self._changed.notify_all()

    def discard(self, reason: str) -> None:
        """Give up the taken batch."""
        with self._changed:
            self._ledger.dropped[reason] += len(self._packing)
            self._packing = []
            self._changed.notify_all()

    def _backlog(self) -> bool:
        """Return whether a packet waits for its first attempt."""
        return any(not packet.refusals for packet in self._packets)

    def _due(self) -> bool:
        return self._full() or self._hurried or self._closed

    def _full(self) -> bool:
        return len(self._pending) >= self._batch_spans or self._pending_bytes >= MAX_REQUEST_BYTES

    # --- the sender

    def next(self) -> "Packet | None":
        """Wait for a packet; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._packets or self._finished())
            if self._abandoned or not self._packets:
                return None
            self._flying = self._first_packet()
            return self._flying

    def _first_packet(self) -> "Packet":
        """Remove and return the next packet; convicted ones wait until no other does."""
        chosen = next((packet for packet in self._packets if not packet.convicted), None)
        if chosen is None:
            return self._packets.popleft()
        self._packets.remove(chosen)
        return chosen

    def deadline(self) -> float:
        """When an attempt that begins now must end, in seconds of `time.monotonic`."""
        return min(time.monotonic() + self._settings.timeout_seconds, self._ends_at)

    def exported(self, packet: "Packet", *, rejected: int) -> None:
        """The collector took *packet*, but for *rejected* spans."""
        with self._changed:
            if self._landed(packet):
                self._ledger.exported += packet.spans - rejected
                self._ledger.rejected += rejected

    def drop(self, packet: "Packet", reason: str) -> None:
        """Give up *packet*."""
        with self._changed:
            if self._landed(packet):
                self._ledger.dropped[reason] += packet.spans

    def put_back(self, *packets: "Packet", at_the_end: bool = False) -> None:
        """Try the flying packet again, as it is or in parts: next, or after the others."""
        with self._changed:
            if self._abandoned or self._flying is None:
                return
            self._pack(-1, self._flying)
            self._pack(1, *packets)
            self._flying = None
            if at_the_end:
                self._packets.extend(packets)
            else:
                self._packets.extendleft(reversed(packets))
            self._evict()
            self._changed.notify_all()

    def untried(self, accepted_packets: int, *, convicted: bool = False) -> bool:
        """Return whether a packet waits that was not refused since the last acceptance.

        In a shutdown, spans that are packed next count, too.

        Args:
            accepted_packets: Number of acceptances so far.
            convicted: Convicted packets count, too.
        """
        with self._lock:
            coming = self._closed and bool(self._pending or self._packing)
            return coming or any(
                (convicted or not packet.convicted)
                and (not packet.refusals or packet.accepted_before != accepted_packets)
                for packet in self._packets
            )

    def divisible(self) -> bool:
        """Return whether a packet of several spans waits."""
        with self._lock:
            return any(packet.spans > 1 for packet in self._packets)

    def lone(self) -> bool:
        """Return whether a single packet waits: its refusal may be an outage or not."""
        with self._lock:
            return len(self._packets) == 1

    def seconds_left(self) -> float:
        """Return the time left to a shutdown; infinite before one begins."""
        return self._ends_at - time.monotonic()

    def pause(self, seconds: float, *, patient: bool, yielding: bool = False) -> None:
        """Wait before the next attempt; the beginning of a shutdown ends the pause.

        Args:
            seconds: How long, unless a shutdown is over before.
            patient: The collector asked for the pause: a flush does not cut it short.
            yielding: A packet that waits for its first attempt cuts it short.
        """
        with self._changed:
            hurries, closed = self._hurries, self._closed

            def over() -> bool:
                hurried = self._hurries > hurries and not patient
                yields = yielding and self._backlog()
                return self._abandoned or self._closed is not closed or hurried or yields

            self._changed.wait_for(over, max(0.0, min(seconds, self._ends_at - time.monotonic())))

    def _landed(self, packet: "Packet") -> bool:
        """Whether *packet* was still ours to count."""
        if self._abandoned or self._flying is not packet:
            return False
        self._flying = None
        self._pack(-1, packet)
        self._changed.notify_all()
        return True

    def _finished(self) -> bool:
        empty = not (self._pending or self._packing or self._packets)
        return self._abandoned or (self._closed and empty)

    def _evict(self) -> None:
        while self._packets and (
            self._packed_bytes > self._settings.max_queue_bytes or self._queued() > self._max_spans
        ):
            oldest = min(self._packets, key=_position)  # a refused packet waits behind others
            self._packets.remove(oldest)
            self._pack(-1, oldest)
            self._ledger.dropped[QUEUE_FULL] += oldest.spans

    def _pack(self, sign: int, *packets: "Packet") -> None:
        """Count *packets* in, or out where *sign* is -1."""
        self._packed_bytes += sign * sum(len(packet.body) for packet in packets)
        self._packed_spans += sign * sum(packet.spans for packet in packets)

    # --- everybody

    def flush(self, timeout_seconds: float) -> bool:
        """Hurry; whether all spans that ended before were exported in time."""
        with self._changed:
            lost, last = self._ledger.lost(), self._ledger.accepted
            self._hurries += 1
            self._hurried = bool(self._pending)
            self._changed.notify_all()
            settled = self._changed.wait_for(lambda: self._oldest() > last, timeout_seconds)
            return settled and self._ledger.lost() == lost

    def close(self, deadline: float) -> None:
        """Take no more spans; what waits has until *deadline*."""
        with self._changed:
            self._closed = True
            self._ends_at = min(self._ends_at, deadline)
            self._changed.notify_all()

    def abandon(self) -> None:
        """Count everything that still waits as given up by shutdown."""
        with self._changed:
            self._ledger.dropped[SHUTDOWN] += self._queued()
            self._abandoned = True
            self._pending, self._packing, self._flying = [], [], None
            self._packets.clear()
            self._packed_bytes = self._packed_spans = self._pending_bytes = 0
            self._changed.notify_all()

    @property
    def idle(self) -> bool:
        """Whether nothing waits for the packer: no batch will leave by itself."""
        return not self._pending

    @property
    def closed(self) -> bool:
        """Whether shutdown has begun."""
        return self._closed

    def lost(self) -> int:
        """Spans that were rejected or dropped so far."""
        with self._lock:
            return self._ledger.lost()

    def stats(self) -> ExportStats:
        """Where the spans are."""
        with self._lock:
            return ExportStats(
                accepted=self._ledger.accepted,
                exported=self._ledger.exported,
                rejected=self._ledger.rejected,
                dropped=MappingProxyType(self._ledger.dropped.copy()),
                queued=self._queued(),
                queued_bytes=self._packed_bytes,
            )

    def _queued(self) -> int:
        return self._packed_spans + len(self._pending) + len(self._packing)

    def _oldest(self) -> float:
        """Position of the oldest span that waits; infinite when none does."""
        positions = [packet.first for packet in self._packets]
        positions += [self._flying.first] if self._flying else []
        positions += [self._pending_first] if self._pending else []
        positions += [self._packing_first] if self._packing else []
        return min(positions, default=math.inf)


def _position(packet: "Packet") -> int:
    return packet.first
