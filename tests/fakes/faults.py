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


CLOSED = Fault(kind="closed")
"""Nobody listens."""
BLACKHOLE = Fault(kind="blackhole")
"""Connections are taken, nothing is ever answered."""
DRIP = Fault(kind="drip")
"""A success whose body comes at a byte a second."""
RESET = Fault(kind="reset")
"""Connections are reset."""
LOST_ACK = Fault(kind="lost_ack")
"""Spans are stored, the connection closes without an answer."""
CUT_SHORT = Fault(kind="cut_short")
"""A success that promises a body, of which a part comes before the connection closes."""
CLOSING = Fault(kind="closing")
"""A success after which the connection closes; its body comes later than its head."""
WEB_PAGE = Fault(kind="web_page")
"""A success that is a log-in page."""


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


def chokes_on(marker: bytes) -> Fault:
    """Requests that hold *marker* are answered with 500, all others are taken."""
    return Fault(kind="chokes", marker=marker)
