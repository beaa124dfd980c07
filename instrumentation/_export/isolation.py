"""Isolation of poison spans: spans that a collector always refuses while it accepts others.

A packet that fails repeatedly is split in halves down to single spans, and a span that still fails
is dropped. A failure counts as evidence only if the collector accepted other packets meanwhile:
when it accepts nothing, there is an outage, and nothing is dropped. A few probes split a packet
without evidence, because every queued packet may contain a poison span.

::

    failed twice, others accepted in between     ──> split
    half failed, others accepted since           ──> split
    failed three times without evidence          ──> split, as a probe
    failed after poison was found                ──> split, as a probe
    single span failed eight times               ──> drop
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from instrumentation._export.packet import Packet

MAX_ISOLATED_FAILURES: Final = 8
"""Failures of a single span before it is dropped, each while the collector accepted others.

The number is high because a collector behind a load balancer may fail every other time. Retries
are cheap, because no good span is sent again."""

MAX_PROBES: Final = 16
"""Splits without evidence between two acceptances; enough to isolate one span of 512."""

_FAILURES_BEFORE_PROBE: Final = 3
"""Failures of a packet before it is split without evidence, because it may be an outage."""

_CLUSTER_SPANS: Final = 8
"""Parts up to this size inherit the evidence and are split further at once, because poison spans
are adjacent: a span and its parents record the same exception."""

_RETRY_WINDOW: Final = 32
_OVERLOAD_RATIO: Final = 0.5
"""Share of accepted retries below which the collector counts as overloaded.

Poison fails at every attempt, and packets that failed in an outage are accepted after it. A
collector that accepts a few retries refuses at random, and smaller packets would add load."""

_IGNORED_FAILURES: Final = 16
"""Failures that are no evidence after a part of a split packet was accepted on a retry."""


MAX_SHUTDOWN_FAILURES: Final = 3
"""Isolated failures in a shutdown: its time is short, but a collector may fail every other time."""


class Step(Enum):
    """Next step for a packet that failed."""

    SEND = auto()
    SPLIT = auto()
    DROP = auto()


class Isolation:
    """Evidence about one collector; used by the sender's thread only."""

    def __init__(self) -> None:
        self.accepted_packets = 0
        self._probes = 0
        self._poison_found = False
        """True when poison was found since the last outage; more is then likely."""
        self._ignored_failures_left = 0
        """Failures of single spans to ignore, because the collector accepted a retry and therefore
        refuses at random."""
        self._retry_outcomes: deque[bool] = deque(maxlen=_RETRY_WINDOW)
        """Results of the last retries; true means accepted."""
        self.accepting = False
        """True when the last attempt was accepted, ignoring failures that poison explains."""

    @property
    def can_probe(self) -> bool:
        """True while probes are left, which split a packet without evidence."""
        return self._probes < MAX_PROBES

    def record_acceptance(self, packet: Packet) -> None:
        """Record that the collector accepted *packet*."""
        if packet.failures:
            self._retry_outcomes.append(True)
            if packet.from_split:
                self._ignored_failures_left, self._poison_found = _IGNORED_FAILURES, False
        self.accepted_packets += 1
        self._probes = 0
        self.accepting = True

    def should_split_before_send(self, packet: Packet) -> bool:
        """Return whether to split *packet* now, because another attempt would fail again."""
        refused = packet.failures > 0 and (packet.from_split or packet.content_error)
        return refused and packet.spans > 1 and self._others_accepted_since(packet)

    def record_failure(self, packet: Packet, *, others_waiting: bool, shutting_down: bool) -> Step:
        """Record a failed attempt and return the next step.

        Args:
            packet: Failed packet, whose history is updated.
            others_waiting: Whether packets wait that did not fail since the last acceptance.
            shutting_down: Whether a shutdown has begun: its time is short.
        """
        evidence = self._others_accepted_since(packet)
        accepting = self.accepting
        if not (evidence or packet.from_split or packet.poison_suspect):
            self.accepting = False
        if packet.failures and not packet.poison_suspect:
            self._retry_outcomes.append(False)
        packet.failures += 1
        packet.accepted_at_previous_failure = packet.accepted_at_failure
        packet.accepted_at_failure = self.accepted_packets
        if packet.spans == 1:
            if self._counts_against_span(packet, evidence=evidence, accepting=accepting):
                packet.isolated_failures += 1
                self._poison_found = True
            enough = _max_failures(packet, shutting_down=shutting_down)
            return Step.DROP if packet.isolated_failures >= enough else Step.SEND
        if evidence or (packet.content_error and accepting):
            return Step.SPLIT
        tried = packet.failures >= self._failures_before_probe(
            packet, others_waiting=others_waiting, shutting_down=shutting_down
        )
        return Step.SPLIT if tried and self._use_probe() else Step.SEND

    def _failures_before_probe(
        self, packet: Packet, *, others_waiting: bool, shutting_down: bool
    ) -> int:
        """Return the number of failures before *packet* is split without evidence."""
        if self._overloaded:
            return packet.failures + 1 if others_waiting else _FAILURES_BEFORE_PROBE
        if self._poison_found and not packet.from_split:
            return 1
        if shutting_down or packet.content_error or packet.from_split:
            return 2 if others_waiting else 1
        return _FAILURES_BEFORE_PROBE

    def _counts_against_span(self, packet: Packet, *, evidence: bool, accepting: bool) -> bool:
        """Return whether the failure of a single span is evidence that it is poison."""
        if self._ignored_failures_left:
            self._ignored_failures_left -= 1
            return False
        return evidence or (accepting and (packet.from_split or packet.poison_suspect))

    def mark_split(self, part: Packet, whole: Packet) -> None:
        """Mark *part* as a result of splitting *whole* after a failure."""
        part.from_split = True
        # Without it, the last failure used the evidence of the previous one.
        proven = self._others_accepted_since(whole)
        since = whole.accepted_at_failure if proven else whole.accepted_at_previous_failure
        part.accepted_at_failure = since if part.spans <= _CLUSTER_SPANS else self.accepted_packets

    def _use_probe(self) -> bool:
        """Use one probe; return false when none is left."""
        self._poison_found = self._poison_found and self.can_probe
        if not self.can_probe:
            return False
        self._probes += 1
        return True

    def _others_accepted_since(self, packet: Packet) -> bool:
        """Return whether the collector accepted other packets since *packet* failed."""
        since = packet.accepted_at_failure
        return since is not None and self.accepted_packets > since and not self._overloaded

    @property
    def _overloaded(self) -> bool:
        return 0 < sum(self._retry_outcomes) < _OVERLOAD_RATIO * len(self._retry_outcomes)


def _max_failures(packet: Packet, *, shutting_down: bool) -> int:
    """Return the number of failures of a single span until it is dropped."""
    if packet.content_error:
        return 1
    return MAX_SHUTDOWN_FAILURES if shutting_down else MAX_ISOLATED_FAILURES
