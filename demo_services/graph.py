"""Calls among the services, from `services.toml`, which the command `sightline` also reads."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_TABLES: Final = tomllib.loads(Path(__file__).with_name("services.toml").read_text("utf-8"))

CALLS: Final[Mapping[str, tuple[str, ...]]] = {
    service: tuple(peers) for service, peers in _TABLES["calls"].items()
}
"""Services that each service calls by HTTP."""

RPC_CALLS: Final[Mapping[str, tuple[str, ...]]] = {
    service: tuple(_TABLES["rpc"].get(service, ())) for service in CALLS
}
"""Services that each service calls by gRPC."""

RPC_SERVERS: Final = frozenset(peer for peers in RPC_CALLS.values() for peer in peers)
"""Services that have a gRPC server."""


def url_variable(service: str) -> str:
    """Return the environment variable with the base URL of *service*."""
    return f"{service.upper()}_URL"


def target_variable(service: str) -> str:
    """Return the environment variable with the gRPC target of *service*."""
    return f"{service.upper()}_GRPC_TARGET"
