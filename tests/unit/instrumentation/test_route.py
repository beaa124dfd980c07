"""A route is a template, without values that the caller chose."""

from uuid import UUID

import pytest
from fastapi import APIRouter, FastAPI
from starlette._utils import get_route_path
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route

from instrumentation import TelemetryMiddleware
from instrumentation._server.route import MAX_PREFIXES, UNKNOWN_PREFIX, Routes, route_path
from instrumentation.testing import Recording
from tests.asgi import get


async def answer(_request: Request) -> Response:
    return PlainTextResponse("")


def starlette() -> Starlette:
    below = [Route("/in/{x}", answer)]
    return Starlette(
        routes=[
            Route("/plain/{x}", answer),
            Mount("/api", Starlette(routes=[Route("/u/{x}", answer)])),
            Mount("/t/{tenant}", routes=below),
            Mount("/n/{number:int}", routes=below),
            Mount("/files/{name:path}/at", routes=below),
            Mount("/id/{key:uuid}", routes=below),
            Host("shop.example", Starlette(routes=[Route("/h/{x}", answer)])),
        ]
    )


def fastapi() -> FastAPI:
    app, tenant, router = FastAPI(), FastAPI(), APIRouter(prefix="/r/{shelf}")

    @tenant.get("/p/{q}")
    async def product(q: str) -> str:
        return q

    @router.get("/items/{item}")
    async def item(item: str) -> str:
        return item

    app.include_router(router)
    app.mount("/t/{tenant}", tenant)
    return app


SHOP = [(b"host", b"shop.example")]
KEY = UUID("0AF76519-16CD-43DD-8448-EB211C80319C")


@pytest.mark.parametrize(
    ("make", "path", "route"),
    [
        (starlette, "/plain/1", "/plain/{x}"),
        (starlette, "/api/u/1", "/api/u/{x}"),
        (starlette, "/api/nowhere", "/api/{unmatched}"),
        (starlette, "/t/acme/in/1", "/t/{tenant}/in/{x}"),
        (starlette, "/t/t/in/1", "/t/{tenant}/in/{x}"),
        (starlette, "/t/acme/nowhere", "/t/{tenant}/{unmatched}"),
        (starlette, "/n/7/in/1", "/n/{number}/in/{x}"),
        (starlette, "/n/007/in/1", "/{number}/in/{x}"),
        (starlette, "/files/a/b/at/in/1", "/files/{name}/at/in/{x}"),
        (starlette, f"/id/{str(KEY).upper()}/in/1", "/{key}/in/{x}"),
        (starlette, "/h/1", "/h/{x}"),
        (starlette, "/nowhere", ""),
        (fastapi, "/r/1/items/2", "/r/{shelf}/items/{item}"),
        (fastapi, "/t/acme/p/1", "/t/{tenant}/p/{q}"),
        (fastapi, "/t/acme/nowhere", "/t/{tenant}/{unmatched}"),
    ],
)
def test_a_request_is_named_by_its_template(
    telemetry: Recording, make: type, path: str, route: str
) -> None:
    get(TelemetryMiddleware(make(), telemetry.telemetry), path, headers=SHOP)

    (span,) = telemetry.spans
    assert span.attributes.get("http.route", "") == route


def test_the_root_path_of_a_proxy_is_not_part_of_the_route(
    telemetry: Recording,
) -> None:
    app = TelemetryMiddleware(starlette(), telemetry.telemetry)

    get(app, "/behind/api/u/1", root_path="/behind")

    (span,) = telemetry.spans
    assert span.attributes["http.route"] == "/api/u/{x}"


@pytest.mark.parametrize(
    ("path", "root_path", "below"),
    [
        ("/metrics", "", "/metrics"),
        ("/api/metrics", "/api", "/metrics"),
        ("/metrics", "/api", "/metrics"),
        ("/metrics", "/", "/metrics"),
        ("/apis/metrics", "/api", "/apis/metrics"),
        ("/api", "/api", ""),
        ("/api/metrics", None, "/api/metrics"),
    ],
)
def test_the_path_below_the_root_path_is_that_of_starlette(
    path: str, root_path: str | None, below: str
) -> None:
    found = {"path": path, "root_path": root_path}

    assert route_path(found) == below
    assert root_path is None or get_route_path(found) == below


def test_values_outside_of_parameters_do_not_create_routes_forever() -> None:
    routes = Routes()
    hidden = [
        {"root_path": f"/t/{name}", "app_root_path": "", "path_params": {"id": "1"}}
        for name in range(2 * MAX_PREFIXES)
    ]

    named = {routes.route_of({**scope, "path_template": "/p/{id}"}, 200) for scope in hidden}

    assert len(named) == MAX_PREFIXES + 1
    assert f"{UNKNOWN_PREFIX}/p/{{id}}" in named
