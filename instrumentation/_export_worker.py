"""The two threads behind the queue: one compresses, one sends until the collector takes it."""

import random
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, set_value
from opentelemetry.sdk.resources import Resource

from instrumentation._encode_request import EncodedSpan, OriginEncoder, request, spans_of
from instrumentation._export_http import GZIP_BITS
from instrumentation._export_outage import OutageLog
from instrumentation._export_queue import (
    MAX_REQUEST_BYTES,
    REFUSED,
    TOO_LARGE,
    UNENCODABLE,
    Packet,
    Pending,
    SpanQueue,
)
from instrumentation._export_verdict import (
    REJECTED,
    Accepted,
    Failed,
    Refused,
    TooLarge,
    Transport,
    Verdict,
    printable,
)

_LEVEL: Final = 1
"""Of gzip: the others cost four times the time for a tenth of the size."""

FIRST_PAUSE_SECONDS: Final = 0.25
LONGEST_PAUSE_SECONDS: Final = 2.0
"""Between attempts in an outage, so that recovery is seen within seconds."""

LONGEST_WAIT_SECONDS: Final = 600.0
"""A collector that asks us to wait longer may have been repaired by then."""

MAX_STRIKES: Final = 8
"""Errors answered to a packet, each time while others were taken, until it is held to blame."""


class Packer:
    """Compresses batches of spans into packets."""

    def __init__(self, queue: SpanQueue, resource: Resource, *, max_spans: int) -> None:
        self._queue = queue
        self._resource = resource
        self._max_spans = max_spans
        self._origins = OriginEncoder()

    def run(self) -> None:
        """Work until the queue is closed and empty."""
        while (batch := self._queue.take()) is not None:
            first, spans = batch
            try:
                packets = [packet(part, first) for part in self._parts(spans)]
            except Exception:  # noqa: BLE001  a thread that dies keeps every later span
                self._queue.discard(UNENCODABLE)
            else:
                self._queue.add(packets)

    def _parts(self, spans: Sequence[Pending]) -> Iterator[list[EncodedSpan]]:
        part: list[EncodedSpan] = []
        size = 0
        for scope, message in spans:
            if part and (len(part) >= self._max_spans or size + len(message) > MAX_REQUEST_BYTES):
                yield part
                part, size = [], 0
            part.append((self._origins.encode(self._resource, scope), message))
            size += len(message)
        yield part


def packet(spans: Sequence[EncodedSpan], first: int) -> Packet:
    """A packet of *spans*, the oldest of which ended as number *first*."""
    body = zlib.compress(request(spans), _LEVEL, GZIP_BITS)
    return Packet(body=body, spans=len(spans), first=first)


class Observe(Protocol):
    """Takes the duration of an attempt in seconds, and its ``error_type``."""

    def __call__(self, seconds: float, error_type: str) -> None: ...


class Sender:
    """Sends packet after packet; in an outage the same, with growing pauses."""

    def __init__(
        self,
        queue: SpanQueue,
        transport: Transport,
        *,
        log: OutageLog,
        observe: Observe,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._queue = queue
        self._transport = transport
        self._log = log
        self._observe = observe
        self._pauses = Pauses(jitter)
        self._taken = 0
        self._away = False
        """Whether the collector failed when nobody shut down yet."""

    def run(self) -> None:
        """Work until the queue is closed and empty, or a shutdown is over."""
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        while (packet := self._queue.next()) is not None:
            closed = self._queue.closed
            self._settle(packet, self._attempt(packet))
            self._away = self._log.in_outage and (self._away or not closed)
        self._transport.close()

    def _attempt(self, packet: Packet) -> Verdict:
        started = time.monotonic()
        try:
            verdict = self._transport.send(packet.body, self._queue.deadline())
        except Exception as error:  # noqa: BLE001  a thread that dies keeps every later span
            verdict = Failed(cause=type(error).__name__, detail=printable(str(error)))
        self._observe(time.monotonic() - started, _error_type(verdict))
        return verdict

    def _settle(self, packet: Packet, verdict: Verdict) -> None:
        match verdict:
            case Accepted():
                self._accepted(packet, verdict)
            case Failed():
                self._failed(packet, verdict)
            case TooLarge():
                self._split(packet, verdict)
            case Refused():
                self._refused(packet, verdict.detail)

    def _accepted(self, packet: Packet, verdict: Accepted) -> None:
        rejected = max(0, min(packet.spans, verdict.rejected))
        self._queue.exported(packet, rejected=rejected)
        self._taken += 1
        self._pauses.reset()
        self._log.recovered(self._queue.stats())
        if rejected:
            self._log.lost(rejected, REJECTED, verdict.message)

    def _failed(self, packet: Packet, verdict: Failed) -> None:
        if verdict.answered and self._blamed(packet):
            self._refused(packet, verdict.detail)
            return
        self._log.failed(verdict.detail or verdict.cause)
        self._queue.put_back(packet, at_the_end=verdict.answered)
        if self._queue.hopeless(known=self._away):
            self._queue.abandon()
            return
        asked = verdict.retry_after_seconds
        pause = self._pauses.next() if asked is None else min(asked, LONGEST_WAIT_SECONDS)
        self._queue.pause(pause, patient=asked is not None)

    def _blamed(self, packet: Packet) -> bool:
        """Whether the collector fails on this packet while it takes others."""
        if packet.accepted_elsewhere < self._taken:
            packet.strikes += 1
            packet.accepted_elsewhere = self._taken
        return packet.strikes > MAX_STRIKES

    def _refused(self, packet: Packet, detail: str) -> None:
        self._queue.drop(packet, REFUSED)
        self._log.lost(packet.spans, REFUSED, detail)

    def _split(self, big: Packet, verdict: TooLarge) -> None:
        spans = list(spans_of(zlib.decompress(big.body, GZIP_BITS)))
        if len(spans) > 1:
            half = len(spans) // 2
            self._queue.put_back(packet(spans[:half], big.first), packet(spans[half:], big.first))
        else:
            self._queue.drop(big, TOO_LARGE)
            self._log.lost(big.spans, TOO_LARGE, f"the collector answered {verdict.cause}")


class Pauses:
    """Seconds between attempts: doubling up to a bound, and scattered by a fifth.

    Args:
        jitter: Gives numbers from 0 to 1.
    """

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        self._jitter = jitter
        self._next = FIRST_PAUSE_SECONDS

    def next(self) -> float:
        """The next pause."""
        pause = self._next
        self._next = min(2 * pause, LONGEST_PAUSE_SECONDS)
        return pause * (0.8 + 0.4 * self._jitter())

    def reset(self) -> None:
        """Begin with the shortest again."""
        self._next = FIRST_PAUSE_SECONDS


def _error_type(verdict: Verdict) -> str:
    match verdict:
        case Accepted(rejected=rejected):
            return REJECTED if rejected else ""
        case _:
            return verdict.cause
