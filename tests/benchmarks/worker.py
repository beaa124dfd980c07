"""One variant in a process of its own: asked for a round, it answers with CPU µs a request.

    python -m tests.benchmarks.worker VARIANT ROUTES PARENT

Standard input: one number of requests a line. Standard output: one figure a line.
"""

import asyncio
import gc
import logging
import sys
import time
from typing import Any, Final

from fastapi import FastAPI

from tests.benchmarks.variants import VARIANTS, Flush, service

WARM_UP: Final = 300
BETWEEN_FLUSHES: Final = 400
HEADERS: Final = [
    (b"host", b"127.0.0.1:8000"),
    (b"user-agent", b"bench/1.0"),
    (b"accept", b"*/*"),
    (b"accept-encoding", b"gzip, deflate"),
    (b"connection", b"keep-alive"),
]
TRACE: Final = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-"
PARENTS: Final = {
    "none": [],
    "sampled": [(b"traceparent", TRACE + b"01")],
    "unsampled": [(b"traceparent", TRACE + b"00")],
}


async def receive() -> dict[str, Any]:
    """An empty body."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(message: Any) -> None:  # noqa: ANN401  whatever the app sends
    """Read by nobody."""


def scope(headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """A request as uvicorn would hand it on."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "root_path": "",
        "headers": list(headers),
        "state": {},
        "method": "GET",
        "path": "/items/42",
        "raw_path": b"/items/42",
        "query_string": b"q=1",
    }


async def ask(app: FastAPI, count: int, headers: list[tuple[bytes, bytes]]) -> None:
    """Send *count* requests, one after the other."""
    for _ in range(count):
        await app(scope(headers), receive, send)


def cpu_microseconds(
    loop: asyncio.AbstractEventLoop,
    app: FastAPI,
    flush: Flush,
    headers: list[tuple[bytes, bytes]],
    count: int,
) -> float:
    """CPU of all threads for each of *count* requests, their export among it."""
    started = time.process_time()
    for _ in range(0, count, BETWEEN_FLUSHES):
        loop.run_until_complete(ask(app, BETWEEN_FLUSHES, headers))
        flush()
    rounded = -(-count // BETWEEN_FLUSHES) * BETWEEN_FLUSHES
    return (time.process_time() - started) / rounded * 1e6


def main(variant: str, routes: str, parent: str) -> None:
    """Warm up, then answer."""
    logging.disable(logging.CRITICAL)
    app = service(int(routes))
    flush = VARIANTS[variant](app)
    headers = [*HEADERS, *PARENTS[parent]]
    loop = asyncio.new_event_loop()
    loop.run_until_complete(ask(app, WARM_UP, headers))
    flush()
    gc.collect()
    gc.freeze()
    say("ready")
    for line in sys.stdin:
        say(cpu_microseconds(loop, app, flush, headers, int(line)))


def say(answer: object) -> None:
    """One line for whoever started us."""
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
