"""The two threads behind the queue: one compresses, one sends until the collector takes it."""

import random
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, set_value
from opentelemetry.sdk.resources import Resource

from instrumentation._export.http import GZIP_BITS
from instrumentation._export.isolation import Isolation, Step
from instrumentation._export.outage_log import OutageLog
from instrumentation._export.packet import Packet
from instrumentation._export.queue import (
    MAX_REQUEST_BYTES,
    REFUSED,
    TOO_LARGE,
    UNENCODABLE,
    Pending,
    SpanQueue,
)
from instrumentation._export.verdict import (
    REJECTED,
    Accepted,
    Failed,
    Refused,
    TooLarge,
    Transport,
    Verdict,
)
from instrumentation._otlp.request import EncodedSpan, OriginEncoder, decode_request, encode_request
from instrumentation._support.redaction import printable

_LEVEL: Final = 1
"""Of gzip: the others cost four times the time for a tenth of the size."""

FIRST_PAUSE_SECONDS: Final = 0.25
LONGEST_PAUSE_SECONDS: Final = 2.0
"""Between attempts in an outage, so that recovery is seen within seconds."""

LONGEST_WAIT_SECONDS: Final = 600.0
"""A collector that asks us to wait longer may have been repaired by then."""

_CLOSING_SHARE: Final = 16
"""A pause takes at most this part of the time that a shutdown has left."""


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
    body = zlib.compress(encode_request(spans), _LEVEL, GZIP_BITS)
    return Packet(body=body, spans=len(spans), first=first)


class Observe(Protocol):
    """Takes the duration of an attempt in seconds, and its ``error_type``."""

    def __call__(self, seconds: float, error_type: str) -> None: ...


class Sender:
    """Sends packet after packet; packets that were refused wait behind the others."""

    def __init__(
        self,
        queue: SpanQueue,
        transport: Transport,
        *,
        log: OutageLog,
        observe: Observe,
        pauses: "Pauses | None" = None,
    ) -> None:
        self._queue = queue
        self._transport = transport
        self._log = log
        self._observe = observe
        self._pauses = pauses or Pauses()
        self._isolation = Isolation()
        self._away = False
        """Whether the collector accepted nothing when the shutdown began."""

    def run(self) -> None:
        """Work until the queue is closed and empty, or a shutdown is over."""
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        while (packet := self._queue.next()) is not None:
            if self._isolation.splits_before_send(packet):
                self._split(packet)
            else:
                self._settle(packet, self._attempt(packet))
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
            case Failed(throttled=True):
                self._retry(packet, verdict)
            case Failed() | Refused():
                self._refused(packet, verdict)
            case TooLarge():
                self._too_large(packet, verdict)

    def _accepted(self, packet: Packet, verdict: Accepted) -> None:
        plausible = 0 <= verdict.rejected <= packet.spans
        rejected = verdict.rejected if plausible else 0
        self._queue.exported(packet, rejected=rejected)
        self._isolation.accepted(packet)
        self._away = False
        self._pauses.reset()
        self._log.recovered(self._queue.stats())
        if rejected:
            self._log.lost(rejected, REJECTED, verdict.message)
        if verdict.unreadable or not plausible:
            implausible = f"it rejects {verdict.rejected} of {packet.spans} spans"
            self._log.unreadable(verdict.unreadable or implausible)

    def _refused(self, packet: Packet, verdict: Failed | Refused) -> None:
        packet.faulty = isinstance(verdict, Refused)
        others = self._queue.untried(self._isolation.accepted_packets)
        step = self._isolation.refused(packet, others=others, closing=self._queue.closed)
        match step:
            case Step.SEND:
                self._retry(packet, verdict)
            case Step.SPLIT:
                self._split(packet)
            case Step.DROP:
                self._drop(packet, REFUSED, verdict.detail)

    def _split(self, packet: Packet) -> None:
        halves = _halves(packet)
        for half in halves:
            self._isolation.suspect(half, packet)
        self._queue.put_back(*halves)

    def _retry(self, packet: Packet, verdict: Failed | Refused) -> None:
        isolated = packet.suspect or packet.convicted
        if not (isolated and self._isolation.accepting):
            self._log.failed(verdict.detail or verdict.cause)
        self._queue.put_back(packet, at_the_end=True)
        asked = verdict.retry_after_seconds if isinstance(verdict, Failed) else None
        if self._queue.closed:
            self._retry_in_shutdown(asked)
            return
        accepted = self._isolation.accepted_packets
        self._away = not self._queue.untried(accepted)
        if asked is not None:
            self._queue.pause(min(asked, LONGEST_WAIT_SECONDS), patient=True)
        elif not (isolated and self._queue.untried(accepted, convicted=True)):
            yielding = self._isolation.accepting or self._queue.lone()
            self._queue.pause(self._pauses.next(), patient=False, yielding=yielding)

    def _retry_in_shutdown(self, asked: float | None) -> None:
        """Pause shortly and try everything, but give up an outage that was there before."""
        left = self._queue.seconds_left()
        untried = self._queue.untried(self._isolation.accepted_packets)
        splits = self._isolation.may_probe and self._queue.divisible()
        if left <= 0 or (self._away and not untried and not splits):
            self._queue.abandon()
        elif asked is not None and asked < left:
            self._queue.pause(asked, patient=True)
        elif not self._away:
            pause = min(self._pauses.next(), left / _CLOSING_SHARE)
            self._queue.pause(pause, patient=False)

    def _too_large(self, packet: Packet, verdict: TooLarge) -> None:
        if packet.spans > 1:
            self._queue.put_back(*_halves(packet))
        else:
            self._drop(packet, TOO_LARGE, f"the collector answered {verdict.cause}")

    def _drop(self, packet: Packet, reason: str, detail: str) -> None:
        self._queue.drop(packet, reason)
        self._log.lost(packet.spans, reason, detail)


def _halves(whole: Packet) -> tuple[Packet, Packet]:
    spans = list(decode_request(zlib.decompress(whole.body, GZIP_BITS)))
    half = len(spans) // 2
    return packet(spans[:half], whole.first), packet(spans[half:], whole.first)


class Pauses:
    """Seconds between attempts: doubling up to a bound, and scattered by a fifth.

    Args:
        jitter: Gives numbers from 0 to 1.
    """

    def __init__(
        self,
        jitter: Callable[[], float] = random.random,
        *,
        first_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        self._jitter = jitter
        self._first = first_seconds
        self._next = first_seconds

    def next(self) -> float:
        """The next pause."""
        pause = self._next
        self._next = min(2 * pause, LONGEST_PAUSE_SECONDS)
        return pause * (0.8 + 0.4 * self._jitter())

    def reset(self) -> None:
        """Begin with the shortest again."""
        self._next = self._first


def _error_type(verdict: Verdict) -> str:
    match verdict:
        case Accepted(rejected=rejected):
            return REJECTED if rejected else ""
        case _:
            return verdict.cause
