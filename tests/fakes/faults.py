"""Ways in which a collector misbehaves."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A way to misbehave."""

    kind: str
    status: int = 0
    retry_after: str = ""
    seconds: float = 0.0
    rejected: int = 0
    bound_bytes: int = 0
    marker: bytes = b""
    answer: bytes = b""


CLOSED = Fault(kind="closed")
"""Nobody listens."""
BLACKHOLE = Fault(kind="blackhole")
"""Connections are taken, nothing is ever answered."""
DRIP = Fault(kind="drip")
"""An answer whose status comes at a byte a second; nothing is taken."""
DRIPPING_BODY = Fault(kind="dripping_body")
"""A success whose body comes at a byte a second."""
ENDLESS_BODY = Fault(kind="endless_body")
"""A success whose body never ends."""
RESET = Fault(kind="reset")
"""Connections are reset."""
LOST_ACK = Fault(kind="lost_ack")
"""Spans are stored, the connection closes without an answer."""
CUT_SHORT = Fault(kind="cut_short")
"""A success that promises more body than comes before the connection closes."""
CLOSING = Fault(kind="closing")
"""A success after which the connection closes; its body comes later than its head."""


def status(code: int, *, retry_after: str = "") -> Fault:
    """Every request is answered with this HTTP status; over gRPC with its equivalent."""
    return Fault(kind="status", status=code, retry_after=retry_after)


def slow(seconds: float) -> Fault:
    """Every request is taken, but answered late."""
    return Fault(kind="slow", seconds=seconds)


def partial_success(rejected: int) -> Fault:
    """Every request is answered with success, but *rejected* of its spans are not taken."""
    return Fault(kind="partial", rejected=rejected)


def too_large(bound_bytes: int) -> Fault:
    """Requests of more uncompressed bytes are answered with 413."""
    return Fault(kind="too_large", bound_bytes=bound_bytes)


def answers(body: bytes, content_type: str = "", *, code: int = 200) -> Fault:
    """Every request is taken, and answered with this body."""
    head = f"HTTP/1.1 {code} Said\r\ncontent-length: {len(body)}\r\n"
    kind = f"content-type: {content_type}\r\n" if content_type else ""
    return Fault(kind="answer", answer=f"{head}{kind}\r\n".encode() + body)


def chokes_on(marker: bytes, code: int = 500, *, retry_after: str = "") -> Fault:
    """Requests that hold *marker* are answered with this status, all others are taken.

    Spans without *marker* are stored from the others, too, as Jaeger with Badger stores them.
    """
    return Fault(kind="chokes", marker=marker, status=code, retry_after=retry_after)
