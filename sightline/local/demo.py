"""Demo services: names and calls, from the table in their own folder."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sightline import artifacts

_TABLE: Final = artifacts.ROOT / "demo_services" / "services.toml"


def read_calls(table: Path, section: str = "calls") -> dict[str, tuple[str, ...]]:
    """Return the called services of each service in *table*; nothing without such a file.

    Args:
        table: File `services.toml` of the demo.
        section: ``calls`` for those by HTTP, ``rpc`` for those by gRPC.
    """
    if not table.is_file():
        return {}
    calls = tomllib.loads(table.read_text(encoding="utf-8"))[section]
    return {service: tuple(peers) for service, peers in calls.items()}


CALLS: Final[Mapping[str, tuple[str, ...]]] = read_calls(_TABLE)
"""Services that each service calls by HTTP; empty outside a checkout, because the wheel has no
services."""

RPC_CALLS: Final[Mapping[str, tuple[str, ...]]] = read_calls(_TABLE, "rpc")
"""Services that a service calls by gRPC; those without such calls are absent."""

RPC_SERVERS: Final = frozenset(peer for peers in RPC_CALLS.values() for peer in peers)
"""Services that have a gRPC server."""

SERVICES: Final = tuple(CALLS)
"""Names of services, which are also the names of job, role and port."""
