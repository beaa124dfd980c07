"""Routes of the registry: Consul's for services, and ``/sd`` for Prometheus.

Sources: Consul's documentation, "HTTP API", "Blocking queries"; Prometheus' documentation,
"HTTP SD".
"""

import asyncio
import json
import re
from collections.abc import Iterable
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from demo_services.bodies import read_body
from demo_services.registry import registration
from demo_services.registry.catalog import (
    Catalog,
    CatalogFullError,
    Entry,
)
from demo_services.registry.registration import InvalidRegistrationError, Registration
from demo_services.urls import url_host
from demo_services.waiters import BusyError

MAX_BODY_BYTES: Final = 64 * 1024
"""Limit on a registration."""
MAX_WAIT_SECONDS: Final = 60.0
"""Limit on a blocking query, also without ``wait``. Consul's is ten minutes."""
UNRECORDED: Final = r"^/v1/(health|catalog|agent/services)"
"""Pattern of the paths without spans and metrics: a query that waits is neither slow nor busy."""

_FILTERS: Final = frozenset({"filter", "node-meta", "tag"})
_INDEX: Final = re.compile(r"[0-9]{1,19}")
_NODE: Final = "registry"


class _InvalidQueryError(ValueError):
    """A parameter of a query is invalid."""


def registry_routes(catalog: Catalog) -> APIRouter:
    """Return the routes of the registry."""
    routes = APIRouter()
    routes.include_router(_agent_routes(catalog))
    routes.include_router(_query_routes(catalog))
    return routes


def _agent_routes(catalog: Catalog) -> APIRouter:
    routes = APIRouter()

    @routes.put("/v1/agent/service/register")
    async def register(request: Request) -> Response:
        body = await read_body(request, max_bytes=MAX_BODY_BYTES)
        if body is None:
            return _text(413, f"expected at most {MAX_BODY_BYTES} bytes")
        sender = request.client.host if request.client else ""
        try:
            catalog.register(Registration.parse(_decode(body), sender=sender))
        except InvalidRegistrationError as error:
            return _text(400, f"{error}")
        except CatalogFullError as error:
            return _text(503, f"{error}")
        return Response(status_code=200)

    @routes.put("/v1/agent/service/deregister/{instance_id:path}")
    async def deregister(instance_id: str) -> Response:
        known = catalog.deregister(instance_id)
        return Response(status_code=200) if known else _text(404, "Unknown service ID")

    @routes.get("/v1/agent/services")
    async def services() -> JSONResponse:
        found = (_service(entry) for entry in catalog.entries())
        return JSONResponse({service["ID"]: service for service in found})

    @routes.get("/v1/status/leader")
    async def leader() -> JSONResponse:
        return JSONResponse("127.0.0.1:8300")

    return routes


def _query_routes(catalog: Catalog) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/health/service/{name}")
    async def health(name: str, request: Request) -> Response:
        problem = await _block(catalog, request)
        only_passing = _is_set(request, "passing")
        entries = catalog.entries(name)
        return problem or _indexed(
            catalog, [_health(entry) for entry in entries if entry.passing or not only_passing]
        )

    @routes.get("/v1/catalog/services")
    async def services(request: Request) -> Response:
        problem = await _block(catalog, request)
        tags: dict[str, set[str]] = {}
        for entry in catalog.entries():
            tags.setdefault(entry.instance.service, set()).update(entry.instance.tags)
        return problem or _indexed(catalog, {name: sorted(each) for name, each in tags.items()})

    @routes.get("/sd")
    async def targets(service: str | None = None) -> JSONResponse:
        """Return all instances, because a critical one must be scraped, too."""
        return JSONResponse(_targets(catalog.entries(service)))

    return routes


def _targets(entries: Iterable[Entry]) -> list[dict[str, object]]:
    """Return *entries* in the format of Prometheus' files of targets."""
    addresses: dict[str, list[str]] = {}
    for entry in entries:
        instance = entry.instance
        addresses.setdefault(instance.service, []).append(
            f"{url_host(instance.address)}:{instance.port}"
        )
    return [{"targets": found, "labels": {"job": name}} for name, found in addresses.items()]


async def _block(catalog: Catalog, request: Request) -> Response | None:
    """Wait as the query demands. Return the response if that is not possible."""
    try:
        index, wait_seconds = _waiting(request)
    except _InvalidQueryError as error:
        return _text(400, f"{error}")
    if index is None:
        return None
    try:
        await _wait(catalog, request, index, wait_seconds)
    except BusyError as error:
        return _text(429, f"{error}", **{"Retry-After": "1"})
    return None


async def _wait(catalog: Catalog, request: Request, index: int, seconds: float) -> None:
    """Wait for a change, for a time, or for the client to leave, whose place others may need."""
    waiting = asyncio.create_task(catalog.wait(index, within_seconds=seconds))
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            waiting.result()
    finally:
        waiting.cancel()
        leaving.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _waiting(request: Request) -> tuple[int | None, float]:
    """Return the index and the time to wait."""
    query = request.query_params
    unsupported = sorted(_FILTERS & query.keys())
    if unsupported:
        raise _InvalidQueryError(f"{unsupported[0]}: this registry does not filter")
    index = query.get("index", "")
    if index and not _INDEX.fullmatch(index):
        raise _InvalidQueryError("index: expected a number")
    try:
        seconds = registration.seconds(query.get("wait") or f"{MAX_WAIT_SECONDS:.0f}s")
    except ValueError as error:
        raise _InvalidQueryError(f"wait: {error}") from None
    # Without an index, or with 0, a query does not wait.
    return int(index or 0) or None, min(seconds, MAX_WAIT_SECONDS)


def _is_set(request: Request, name: str) -> bool:
    return request.query_params.get(name, "false").lower() not in {"false", "0", "f"}


def _decode(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRegistrationError("body: expected JSON") from None


def _health(entry: Entry) -> dict[str, Any]:
    instance = entry.instance
    return {
        "Node": {"Node": _NODE, "Address": instance.address, "Datacenter": "dc1", "Meta": {}},
        "Service": _service(entry),
        "Checks": [
            {
                "CheckID": f"service:{instance.id}",
                "Name": f"Service '{instance.service}' check",
                "Node": _NODE,
                "Output": "",
                "ServiceID": instance.id,
                "ServiceName": instance.service,
                "Status": entry.status,
            }
        ],
    }


def _service(entry: Entry) -> dict[str, Any]:
    instance = entry.instance
    return {
        "ID": instance.id,
        "Service": instance.service,
        "Address": instance.address,
        "Port": instance.port,
        "Tags": list(instance.tags),
        "Meta": dict(instance.meta),
        "Weights": {"Passing": 1, "Warning": 1},
    }


def _indexed(catalog: Catalog, content: object) -> JSONResponse:
    headers = {
        "X-Consul-Index": str(catalog.index),
        "X-Consul-KnownLeader": "true",
        "X-Consul-LastContact": "0",
    }
    return JSONResponse(content, headers=headers)


def _text(status_code: int, text: str, **headers: str) -> PlainTextResponse:
    return PlainTextResponse(f"{text}\n", status_code=status_code, headers=headers)
