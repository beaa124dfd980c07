"""Trace ids, baggage and messages that name their tenant and request."""

from typing import Final, NamedTuple

MARK: Final = "7e4a47"
"""First digits of every tenant's trace id; one of 17 million random ids starts with it."""
PREFIX: Final = "tenant="
"""Start of every log message that belongs to a tenant."""


class Identity(NamedTuple):
    """Tenant and number of a request."""

    tenant: int
    number: int

    @property
    def trace_id(self) -> str:
        """Trace id in 32 hexadecimal digits."""
        return f"{MARK}{self.tenant:06x}{self.number:020x}"

    @property
    def headers(self) -> dict[str, str]:
        """Request headers of the caller."""
        return {
            "traceparent": f"00-{self.trace_id}-00f067aa0ba902b7-01",
            "baggage": f"tenant={self.tenant}",
            "x-tenant": str(self.tenant),
        }


def tenant_of(trace_id: str) -> int | None:
    """Return the tenant that *trace_id* names, or None for an id of another origin."""
    return int(trace_id[len(MARK) : len(MARK) + 6], 16) if trace_id.startswith(MARK) else None


def tenant_in(message: str) -> int | None:
    """Return the tenant that a log message names, or None."""
    if not message.startswith(PREFIX):
        return None
    return int(message.removeprefix(PREFIX).split()[0])
