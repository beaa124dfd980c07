"""GET requests with each HTTP client that the library traces."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import aiohttp
import httpx
import requests

import instrumentation
from instrumentation._clients import CLIENTS
from instrumentation._clients.call import Clients

Get = Callable[[str], dict[str, str]]


def by_aiohttp(url: str) -> dict[str, str]:
    async def get() -> dict[str, str]:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            found: dict[str, str] = json.loads(await response.text())
            return found

    return asyncio.run(get())


def by_httpx(url: str) -> dict[str, str]:
    found: dict[str, str] = httpx.get(url, follow_redirects=True).json()
    return found


def by_async_httpx(url: str) -> dict[str, str]:
    async def get() -> dict[str, str]:
        async with httpx.AsyncClient(follow_redirects=True) as client:
            found: dict[str, str] = (await client.get(url)).json()
            return found

    return asyncio.run(get())


def by_requests(url: str) -> dict[str, str]:
    found: dict[str, str] = requests.get(url, timeout=10).json()
    return found


GET: Mapping[str, tuple[Get, ...]] = {
    "aiohttp": (by_aiohttp,),
    "httpx": (by_httpx, by_async_httpx),
    "requests": (by_requests,),
}
"""Functions that send a request and return the JSON of the response, by client."""

EVERY_GET = [get for functions in GET.values() for get in functions]


def instrument_clients(clients: Clients | None = None) -> ExitStack:
    """Trace every client; the close of the result removes the instrumentation."""
    undo = ExitStack()
    for name in CLIENTS:
        undo.callback(getattr(instrumentation, f"instrument_{name}")(clients))
    return undo
