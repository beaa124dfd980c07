"""Threads behind the queue: the packer compresses batches, the sender sends and retries them."""

from __future__ import annotations

import time
from random import SystemRandom
from typing import TYPE_CHECKING, Final, Protocol

from opentelemetry.context import attach, detach, set_value

from instrumentation._export.isolation import Isolation, Step
from instrumentation._export.metrics import REJECTED
from instrumentation._export.packet import Packet
from instrumentation._export.processor import REFUSED, TOO_LARGE, UNENCODABLE
from instrumentation._export.queue import MAX_REQUEST_BYTES, PendingSpan, SpanQueue
from instrumentation._export.verdict import (
    Accepted,
    Failed,
    Refused,
    TooLarge,
    Transport,
    Verdict,
)
from instrumentation._otlp.request import EncodedSpan, OriginEncoder, decode_request, encode_request
from instrumentation._support.compression import compress, decompress
from instrumentation._support.opentelemetry_access import SUPPRESS_KEY
from instrumentation._support.redaction import escape_for_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from opentelemetry.sdk.resources import Resource

    from instrumentation._export.outage_log import OutageLog

FIRST_PAUSE_SECONDS: Final = 0.25
LONGEST_PAUSE_SECONDS: Final = 2.0
"""Maximum backoff in an outage, so that recovery is detected within seconds."""

LONGEST_WAIT_SECONDS: Final = 600.0
"""Maximum delay that a collector may request, because it may recover earlier."""

_JITTER: Final = SystemRandom()
"""Leaves the service's `random` alone, and differs between forked workers."""
_CLOSING_SHARE: Final = 16
"""A backoff during shutdown takes at most this fraction (1/n) of the remaining time."""


class Packer:
    """Packer that compresses batches of spans into packets."""

    def __init__(self, queue: SpanQueue, resource: Resource, *, max_spans: int) -> None:
        self._queue = queue
        self._resource = resource
        self._max_spans = max_spans
        self._origins = OriginEncoder()

    def run(self) -> None:
        """Pack batches until the queue is closed and empty."""
        while (batch := self._queue.take_batch()) is not None:
            first, spans = batch
            try:
                packets = [build_packet(part, first) for part in self._split_batch(spans)]
            except Exception:  # if the thread died, no later span would be exported
                self._queue.drop_batch(UNENCODABLE)
            else:
                self._queue.add_packets(packets)

    def _split_batch(self, spans: Sequence[PendingSpan]) -> Iterator[list[EncodedSpan]]:
        part: list[EncodedSpan] = []
        size = 0
        last = spans[0][0]
        origin = self._origins.encode(self._resource, last)
        for scope, message in spans:
            if scope is not last:
                last, origin = scope, self._origins.encode(self._resource, scope)
            if part and (len(part) >= self._max_spans or size + len(message) > MAX_REQUEST_BYTES):
                yield part
                part, size = [], 0
            part.append((origin, message))
            size += len(message)
        yield part


def build_packet(spans: Sequence[EncodedSpan], first: int) -> Packet:
    """Return a packet of *spans*; the oldest has position *first*."""
    body = compress(encode_request(spans))
    return Packet(body=body, spans=len(spans), first=first)


class DurationObserver(Protocol):
    """Callback for the duration of an attempt and its ``error_type``."""

    def __call__(self, seconds: float, error_type: str) -> None: ...


class Sender:
    """Sender of packets; failed packets are retried after the others."""

    def __init__(
        self,
        queue: SpanQueue,
        transport: Transport,
        *,
        log: OutageLog,
        observe: DurationObserver,
        backoff: Backoff | None = None,
    ) -> None:
        self._queue = queue
        self._transport = transport
        self._log = log
        self._observe = observe
        self._backoff = backoff or Backoff()
        self._isolation = Isolation()
        self._down_before_shutdown = False
        """True when the collector was down before the shutdown began."""

    def run(self) -> None:
        """Send packets until the queue is closed and empty or the shutdown deadline passes."""
        # Detached at the end, because a shutdown without threads runs this in the caller's thread.
        token = attach(set_value(SUPPRESS_KEY, value=True))
        try:
            while (packet := self._queue.next_packet()) is not None:
                if self._isolation.should_split_before_send(packet):
                    self._split(packet)
                else:
                    self._handle_verdict(packet, self._attempt(packet))
            self._transport.close()
        finally:
            detach(token)

    def _attempt(self, packet: Packet) -> Verdict:
        started = time.monotonic()
        try:
            verdict = self._transport.send(packet.body, self._queue.attempt_deadline())
        except Exception as error:  # if the thread died, no later span would be exported
            verdict = Failed(cause=type(error).__name__, detail=escape_for_log(str(error)))
        self._observe(time.monotonic() - started, _error_type(verdict))
        return verdict

    def _handle_verdict(self, packet: Packet, verdict: Verdict) -> None:
        if not _is_unreachable(verdict):
            self._queue.collector_reached = True
        match verdict:
            case Accepted():
                self._handle_accepted(packet, verdict)
            case Failed(throttled=True):
                self._retry(packet, verdict)
            case Failed() | Refused():
                self._handle_refused(packet, verdict)
            case TooLarge():
                self._handle_too_large(packet, verdict)

    def _handle_accepted(self, packet: Packet, verdict: Accepted) -> None:
        plausible = 0 <= verdict.rejected <= packet.spans
        rejected = verdict.rejected if plausible else 0
        self._queue.mark_exported(packet, rejected=rejected)
        self._isolation.record_acceptance(packet)
        self._down_before_shutdown = False
        self._backoff.reset()
        self._log.attempt_succeeded(self._queue.stats())
        if rejected:
            self._log.spans_dropped(rejected, REJECTED, verdict.message)
        if verdict.unreadable or not plausible:
            implausible = f"it rejects {verdict.rejected} of {packet.spans} spans"
            self._log.response_unreadable(verdict.unreadable or implausible)

    def _handle_refused(self, packet: Packet, verdict: Failed | Refused) -> None:
        packet.content_error = isinstance(verdict, Refused)
        others_waiting = self._queue.has_untried(self._isolation.accepted_packets)
        step = self._isolation.record_failure(
            packet, others_waiting=others_waiting, shutting_down=self._queue.closed
        )
        match step:
            case Step.SEND:
                self._retry(packet, verdict)
            case Step.SPLIT:
                self._split(packet)
            case Step.DROP:
                self._drop(packet, REFUSED, verdict.detail)

    def _split(self, packet: Packet) -> None:
        halves = _split_in_halves(packet)
        for half in halves:
            self._isolation.mark_split(half, packet)
        self._queue.requeue(*halves)

    def _retry(self, packet: Packet, verdict: Failed | Refused) -> None:
        isolated = packet.from_split or packet.poison_suspect
        if not (isolated and self._isolation.accepting):
            self._log.attempt_failed(verdict.detail or verdict.cause)
        self._queue.requeue(packet, last=True)
        requested_seconds = verdict.retry_after_seconds if isinstance(verdict, Failed) else None
        unreachable = _is_unreachable(verdict)
        if self._queue.closed:
            if unreachable and not self._queue.collector_reached:
                self._queue.abandon()
            else:
                self._retry_in_shutdown(requested_seconds)
            return
        accepted = self._isolation.accepted_packets
        self._down_before_shutdown = not self._queue.has_untried(accepted)
        if requested_seconds is not None:
            self._queue.wait_before_retry(
                min(requested_seconds, LONGEST_WAIT_SECONDS), ignore_flush=True
            )
        elif not (isolated and self._queue.has_untried(accepted, include_suspects=True)):
            preemptible = self._isolation.accepting or self._queue.has_single_packet()
            self._queue.wait_before_retry(
                self._backoff.next(),
                ignore_flush=False,
                preemptible=preemptible,
                unreachable=unreachable,
            )

    def _retry_in_shutdown(self, requested_seconds: float | None) -> None:
        """Retry with a short backoff; drop everything if the collector was down before."""
        left = self._queue.shutdown_seconds_left()
        untried = self._queue.has_untried(self._isolation.accepted_packets)
        splits = self._isolation.can_probe and self._queue.has_divisible()
        if left <= 0 or (self._down_before_shutdown and not untried and not splits):
            self._queue.abandon()
        elif requested_seconds is not None and requested_seconds < left:
            self._queue.wait_before_retry(requested_seconds, ignore_flush=True)
        elif not self._down_before_shutdown:
            pause = min(self._backoff.next(), left / _CLOSING_SHARE)
            self._queue.wait_before_retry(pause, ignore_flush=False)

    def _handle_too_large(self, packet: Packet, verdict: TooLarge) -> None:
        if packet.spans > 1:
            self._queue.requeue(*_split_in_halves(packet))
        else:
            self._drop(packet, TOO_LARGE, f"the collector answered {verdict.cause}")

    def _drop(self, packet: Packet, reason: str, detail: str) -> None:
        self._queue.drop_packet(packet, reason)
        self._log.spans_dropped(packet.spans, reason, detail)


def _split_in_halves(whole: Packet) -> tuple[Packet, Packet]:
    spans = list(decode_request(decompress(whole.body)))
    half = len(spans) // 2
    return build_packet(spans[:half], whole.first), build_packet(spans[half:], whole.first)


class Backoff:
    """Exponential backoff with a bound and 20% jitter, in seconds.

    Args:
        jitter: Returns numbers from 0 to 1.
    """

    def __init__(
        self,
        jitter: Callable[[], float] = _JITTER.random,
        *,
        first_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        self._jitter = jitter
        self._first = first_seconds
        self._next = first_seconds

    def next(self) -> float:
        """Return the next delay and double it."""
        pause = self._next
        self._next = min(2 * pause, LONGEST_PAUSE_SECONDS)
        return pause * (0.8 + 0.4 * self._jitter())

    def reset(self) -> None:
        """Start again with the first delay."""
        self._next = self._first


def _is_unreachable(verdict: Verdict) -> bool:
    return isinstance(verdict, Failed) and verdict.unreachable


def _error_type(verdict: Verdict) -> str:
    match verdict:
        case Accepted(rejected=rejected):
            return REJECTED if rejected else ""
        case _:
            return verdict.cause
