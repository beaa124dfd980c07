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


def places(environ: Mapping[str, str], service: str, folder: Path) -> dict[str, str]:
    """Return the variables for the database and the bus of *service*: servers, or files.

    The servers have variables of their own, because ``DATABASE_URL`` in a developer's environment
    usually belongs to another program.

    Args:
        environ: ``SIGHTLINE_DATABASE_URL`` is the URL of a PostgreSQL server that has a database
            with the name of each service; ``SIGHTLINE_BUS_URL`` is that of NATS.
        service: Name of the service.
        folder: Folder of the files.
    """
    server = environ.get("SIGHTLINE_DATABASE_URL", "").rstrip("/")
    file = f"sqlite:///{folder / service}.db"
    bus = environ.get("SIGHTLINE_BUS_URL") or f"sqlite:///{folder / 'bus'}.db"
    return {"DATABASE_URL": f"{server}/{service}" if server else file, "BUS_URL": bus}
