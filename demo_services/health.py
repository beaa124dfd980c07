"""Liveness (``/healthz``) and readiness (``/readyz``) of a service."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fastapi import APIRouter, Response

from demo_services.probe import answers
from demo_services.registry.balancer import Balancer
from demo_services.tls import Identity

PROBE_PATHS: Final = ("/metrics", "/healthz", "/readyz")
"""Paths of scrapes and health probes, which are neither recorded nor limited."""

Check = Callable[[], Awaitable[bool]]


def health_routes(checks: Mapping[str, Check]) -> APIRouter:
    """Return both routes. ``/readyz`` answers 503 until every one of *checks* returns true."""
    routes = APIRouter()

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz")
    async def readyz(response: Response) -> dict[str, bool]:
        ready = {name: await check() for name, check in checks.items()}
        response.status_code = 200 if all(ready.values()) else 503
        return ready

    return routes


def peer_checks(peers: Mapping[str, Balancer], identity: Identity | None) -> dict[str, Check]:
    """Return a check for each peer that one of its instances is alive.

    It does not ask for readiness, because a probe of one service would then probe them all.
    """
    return {name: _alive(instances, identity) for name, instances in peers.items()}


def _alive(instances: Balancer, identity: Identity | None) -> Check:

    async def up() -> bool:
        for url in instances.addresses:
            if await asyncio.to_thread(answers, f"{url}/healthz", identity=identity):
                return True
        return False

    return up
