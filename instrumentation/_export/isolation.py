"""Isolation of poison spans: spans that a collector keeps refusing while it accepts others.

A refused packet is split in halves until one span is left, which is dropped. The evidence is always
an acceptance: when the collector accepts nothing, its refusals are an outage, and nothing is
dropped. A few splits are tried without evidence, because every waiting packet may hold poison.

::

    refused twice, others accepted in between    ──> split
    half refused, others accepted since          ──> split
    refused three times without evidence         ──> split, a few times
    refused after a span was convicted           ──> split, a few times without an acceptance
    single span refused eight times              ──> drop
"""

from collections import deque
from enum import Enum, auto
from typing import Final

from instrumentation._export.packet import Packet

MAX_STRIKES: Final = 8
"""Refusals of a single span, each while the collector accepted others. High, because a collector
behind a balancer may fail every other time; cheap, because no good span is sent again."""

MAX_PROBES: Final = 16
"""Splits without evidence between two acceptances: enough to halve a packet of 512 spans down."""

_PATIENCE: Final = 3
"""Refusals of a packet until it is split without evidence: an outage begins the same way."""

_CLUSTER_SPANS: Final = 8
"""Parts of so few spans inherit the evidence, so that they are split further at once. Poison spans
come together: a span and its parents record the same exception."""

_WINDOW: Final = 32
_RANDOM_RATIO: Final = 0.5
"""Poison is refused at every attempt, and what an outage refused is accepted after it. A collector
that accepts a smaller share of the last repetitions than this, but some, is overloaded and refuses
at random: small packets would only take its last capacity."""

_DOUBTS: Final = 16
"""Refusals that prove nothing after a suspect was accepted unchanged."""


class Step(Enum):
    """Next step for a packet."""

    SEND = auto()
    SPLIT = auto()
    DROP = auto()


class Isolation:
    """Evidence about one collector; belongs to the sender's thread."""

    def __init__(self) -> None:
        self.accepted_packets = 0
        self._probes = 0
        self._poisoned = False
        """Whether a span was convicted since the last outage: more will come."""
        self._doubts = 0
        """Refusals of single spans that prove nothing, because a suspect was accepted unchanged:
        the collector refuses at random."""
        self._repeated: deque[bool] = deque(maxlen=_WINDOW)
        """Whether attempts with packets that were refused before were accepted."""
        self.accepting = False
        """Whether the last attempt was accepted, apart from refusals that poison may explain."""

    @property
    def may_probe(self) -> bool:
        """Whether a packet may be split without evidence."""
        return self._probes < MAX_PROBES

    def accepted(self, packet: Packet) -> None:
        """Note that *packet* was accepted."""
        if packet.refusals:
            self._repeated.append(True)
            if packet.suspect:
                self._doubts, self._poisoned = _DOUBTS, False
        self.accepted_packets += 1
        self._probes = 0
        self.accepting = True

    def splits_before_send(self, packet: Packet) -> bool:
        """Return whether another attempt would only repeat good spans."""
        refused = packet.refusals > 0 and (packet.suspect or packet.faulty)
        return refused and packet.spans > 1 and self._evidence(packet)

    def refused(self, packet: Packet, *, others: bool, closing: bool) -> Step:
        """Judge an attempt that failed.

        Args:
            packet: It carries its history, which is updated.
            others: Packets wait that were not refused since the last acceptance.
            closing: A shutdown has begun: its time is short.
        """
        evidence = self._evidence(packet)
        accepting = self.accepting
        if not (evidence or packet.suspect or packet.convicted):
            self.accepting = False
        if packet.refusals and not packet.convicted:
            self._repeated.append(False)
        packet.refusals += 1
        packet.evidence_since = packet.accepted_before
        packet.accepted_before = self.accepted_packets
        if packet.spans == 1:
            if self._strike(packet, evidence=evidence, accepting=accepting):
                packet.strikes += 1
                self._poisoned = True
            enough = 1 if closing or packet.faulty else MAX_STRIKES
            return Step.DROP if packet.strikes >= enough else Step.SEND
        if evidence or (packet.faulty and accepting):
            return Step.SPLIT
        tried = packet.refusals >= self._patience(packet, others=others, closing=closing)
        return Step.SPLIT if tried and self._probe() else Step.SEND

    def _patience(self, packet: Packet, *, others: bool, closing: bool) -> int:
        """Return the number of refusals until *packet* is split without evidence."""
        if self._overloaded:
            return packet.refusals + 1 if others else _PATIENCE
        if self._poisoned and not packet.suspect:
            return 1
        if closing or packet.faulty or packet.suspect:
            return 2 if others else 1
        return _PATIENCE

    def _strike(self, packet: Packet, *, evidence: bool, accepting: bool) -> bool:
        """Return whether the refusal of a single span counts against it."""
        if self._doubts:
            self._doubts -= 1
            return False
        return evidence or (accepting and (packet.suspect or packet.convicted))

    def suspect(self, part: Packet, whole: Packet) -> None:
        """Mark *part* of *whole*, which was refused and is split."""
        part.suspect = True
        proven = self._evidence(whole)  # otherwise the last refusal has used the evidence up
        since = whole.accepted_before if proven else whole.evidence_since
        part.accepted_before = since if part.spans <= _CLUSTER_SPANS else self.accepted_packets

    def _probe(self) -> bool:
        """Take one of the splits without evidence; false when none is left."""
        self._poisoned = self._poisoned and self.may_probe
        if not self.may_probe:
            return False
        self._probes += 1
        return True

    def _evidence(self, packet: Packet) -> bool:
        """Return whether the collector accepted others since it refused *packet*."""
        since = packet.accepted_before
        return since is not None and self.accepted_packets > since and not self._overloaded

    @property
    def _overloaded(self) -> bool:
        return 0 < sum(self._repeated) < _RANDOM_RATIO * len(self._repeated)
