"""Faults of a collector."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Fault with its parameters."""

    kind: str
    status: int = 0
    retry_after: str = ""
    seconds: float = 0.0
    rejected: int = 0
    bound_bytes: int = 0
    marker: bytes = b""
    answer: bytes = b""


CLOSED = Fault(kind="closed")
"""The port is closed."""
BLACKHOLE = Fault(kind="blackhole")
"""Connections are accepted, but requests get no response."""
DRIP = Fault(kind="drip")
"""The status of the response arrives at one byte per second. Nothing is accepted."""
DRIPPING_BODY = Fault(kind="dripping_body")
"""The body of a success response arrives at one byte per second."""
ENDLESS_BODY = Fault(kind="endless_body")
"""The body of a success response never ends."""
RESET = Fault(kind="reset")
"""Connections are reset."""
LOST_ACK = Fault(kind="lost_ack")
"""Spans are stored, and the connection closes without a response."""
CUT_SHORT = Fault(kind="cut_short")
"""The connection closes before the announced end of a success response."""
CLOSING = Fault(kind="closing")
"""The connection closes after a success response, whose body arrives after its head."""


def status(code: int, *, retry_after: str = "") -> Fault:
    """Answer every request with this HTTP status, or with its equivalent over gRPC."""
    return Fault(kind="status", status=code, retry_after=retry_after)


def slow(seconds: float) -> Fault:
    """Accept every request, but respond late."""
    return Fault(kind="slow", seconds=seconds)


def partial_success(rejected: int) -> Fault:
    """Answer every request with success, but reject *rejected* of its spans."""
    return Fault(kind="partial", rejected=rejected)


def too_large(bound_bytes: int) -> Fault:
    """Answer requests of more uncompressed bytes with 413."""
    return Fault(kind="too_large", bound_bytes=bound_bytes)


def answers(body: bytes, content_type: str = "", *, code: int = 200) -> Fault:
    """Accept every request, and answer it with this body."""
    head = f"HTTP/1.1 {code} Said\r\ncontent-length: {len(body)}\r\n"
    kind = f"content-type: {content_type}\r\n" if content_type else ""
    return Fault(kind="answer", answer=f"{head}{kind}\r\n".encode() + body)


def chokes_on(marker: bytes, code: int = 500, *, retry_after: str = "") -> Fault:
    """Answer requests that contain *marker* with this status, and accept all others.

    Spans without *marker* are stored in both cases, as in Jaeger with Badger.
    """
    return Fault(kind="chokes", marker=marker, status=code, retry_after=retry_after)
