"""Packet: a request of encoded spans and the history of its failed attempts."""

from __future__ import annotations


class Packet:
    """Request that is ready to send.

    Args:
        body: An ``ExportTraceServiceRequest``, compressed with gzip.
        spans: Number of spans.
        first: Position of the oldest span among all accepted spans.
    """

    __slots__ = (
        *(
            "accepted_at_failure",
            "body",
            "accepted_at_previous_failure",
            "content_error",
            "first",
            "failures",
            "spans",
        ),
        *("isolated_failures", "from_split"),
    )

    def __init__(self, *, body: bytes, spans: int, first: int) -> None:
        self.body = body
        self.spans = spans
        self.first = first
        self.failures = 0
        """Number of failed attempts."""
        self.accepted_at_failure: int | None = None
        """Number of packets accepted at the last failure. A higher number now means that the
        collector accepts other packets. A part inherits the number of its whole packet."""
        self.accepted_at_previous_failure: int | None = None
        """Value of `accepted_at_failure` before the last failure."""
        self.from_split = False
        """True for a part of a packet that failed."""
        self.content_error = False
        """True when the last response rejected the content of the request."""
        self.isolated_failures = 0
        """Failures of a single span while the collector accepted other packets."""

    @property
    def poison_suspect(self) -> bool:
        """True for a single span that failed while other packets were accepted."""
        return self.isolated_failures > 0
