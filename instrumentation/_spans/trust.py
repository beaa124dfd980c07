"""Callers whose trace context is continued."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

from instrumentation.settings import Trust

TrustCheck = Callable[[Mapping[str, Any]], bool]


def trust_check(trust: Trust) -> TrustCheck:
    """Return a check of a scope's client. No network contains a client without an address."""
    if trust == "always":
        return lambda _scope: True
    if trust == "never":
        return lambda _scope: False
    networks = trust

    def in_networks(scope: Mapping[str, Any]) -> bool:
        client = scope.get("client")
        try:
            address = ip_address(client[0]) if client else None
        except ValueError:  # a Unix socket's path
            return False
        # A dual-stack server reports IPv4 clients as ::ffff:10.1.2.3.
        address = getattr(address, "ipv4_mapped", None) or address
        return address is not None and any(address in network for network in networks)

    return in_networks
