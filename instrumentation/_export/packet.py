"""A packet: encoded spans on their way to the collector, and its history of refusals."""


class Packet:
    """Spans ready to be sent.

    Args:
        body: An ``ExportTraceServiceRequest``, compressed with gzip.
        spans: How many.
        first: Position of its oldest span among all accepted ones.
    """

    __slots__ = (
        *("accepted_before", "body", "evidence_since", "faulty", "first", "refusals", "spans"),
        *("strikes", "suspect"),
    )

    def __init__(self, *, body: bytes, spans: int, first: int) -> None:
        self.body = body
        self.spans = spans
        self.first = first
        self.refusals = 0
        """Attempts that failed."""
        self.accepted_before: int | None = None
        """Packets that the collector had accepted at the last refusal: more mean that it accepts
        others. A part begins with a number of its whole."""
        self.evidence_since: int | None = None
        """`accepted_before` as the last refusal found it."""
        self.suspect = False
        """It is a part of a packet that was refused."""
        self.faulty = False
        """The collector found fault with its content."""
        self.strikes = 0
        """Refusals of a single span while the collector accepted others."""

    @property
    def convicted(self) -> bool:
        """Whether it is a single span that was refused while others were accepted."""
        return self.strikes > 0
