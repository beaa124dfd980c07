"""Whose trace context is continued."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

from instrumentation.settings import Trust

Trusted = Callable[[Mapping[str, Any]], bool]


def trusted(trust: Trust) -> Trusted:
    """A test of a scope's client against *trust*; a client without an address is a stranger."""
    if trust == "always":
        return lambda _scope: True
    if trust == "never":
        return lambda _scope: False
    networks = trust

    def among_networks(scope: Mapping[str, Any]) -> bool:
        client = scope.get("client")
        try:
            address = ip_address(client[0]) if client else None
        except ValueError:  # a Unix socket's path
            return False
        # A server on both families sees IPv4 as ::ffff:10.1.2.3.
        address = getattr(address, "ipv4_mapped", None) or address
        return address is not None and any(address in network for network in networks)

    return among_networks
