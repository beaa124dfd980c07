"""Routes ``/oauth``, forwarded to users, which is not reachable from outside."""

from typing import Final

from fastapi import APIRouter, Request, Response

from demo_services.peer import Peer

_FORWARDED: Final = ("authorization", "content-type")
_RETURNED: Final = (
    *("cache-control", "content-security-policy", "content-type", "location", "pragma"),
    *("referrer-policy", "www-authenticate"),
)


def oauth_routes(users: Peer) -> APIRouter:
    """Return the routes for clients, and for the browsers of users."""
    routes = APIRouter()

    @routes.post("/oauth/token")
    async def token(request: Request) -> Response:
        return await _forward(users, request, "/oauth/token")

    @routes.get("/oauth/authorize")
    async def ask(request: Request) -> Response:
        return await _forward(users, request, "/oauth/authorize")

    @routes.post("/oauth/authorize")
    async def decide(request: Request) -> Response:
        return await _forward(users, request, "/oauth/authorize")

    return routes


async def _forward(users: Peer, request: Request, path: str) -> Response:
    status_code, body, headers = await users.forward(request, path, _FORWARDED)
    lower = {name.lower(): value for name, value in headers.items()}
    kept: dict[str, str] = {name: lower[name] for name in _RETURNED if name in lower}
    return Response(body, status_code, kept)
