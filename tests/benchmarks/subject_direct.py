"""Subject without a server. For each input line, it prints the CPU per request of a round in µs.

::

    python -m tests.benchmarks.subject_direct VARIANT SERVICE PARENT REQUESTS
"""

import asyncio
import gc
import logging
import sys
import time
from typing import Any, Final

from fastapi import FastAPI

from tests.benchmarks.services import SERVICES
from tests.benchmarks.subjects import print_line
from tests.benchmarks.variants import VARIANTS

Headers = list[tuple[bytes, bytes]]

BETWEEN_FLUSHES: Final = 400
PATH: Final = "/items/42"
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
    """Return an empty body."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(message: Any) -> None:  # noqa: ANN401  any message
    """Discard a message."""


def scope(path: str, headers: Headers) -> dict[str, Any]:
    """Return the scope of a request, as from uvicorn."""
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
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"q=1",
    }


async def send_request(app: FastAPI, path: str = PATH, headers: Headers = HEADERS) -> None:
    """Send one request."""
    await app(scope(path, headers), receive, send)


async def send_requests(app: FastAPI, count: int, headers: Headers) -> None:
    """Send *count* requests in sequence."""
    for _ in range(count):
        await app(scope(PATH, headers), receive, send)


def main(variant: str, service: str, parent: str, requests: str) -> None:
    """Warm up with one round, then measure one per line of input."""
    logging.disable(logging.CRITICAL)
    app = SERVICES[service]()
    instrumented = VARIANTS[variant](app)
    headers = [*HEADERS, *PARENTS[parent]]
    loop = asyncio.new_event_loop()
    count = int(requests)

    def cpu_microseconds() -> float:
        """Return the CPU of all threads, including the export."""
        started = time.process_time()
        for sent in range(0, count, BETWEEN_FLUSHES):
            batch = min(BETWEEN_FLUSHES, count - sent)
            loop.run_until_complete(send_requests(app, batch, headers))
            instrumented.flush()
        return (time.process_time() - started) / count * 1e6

    cpu_microseconds()
    gc.collect()
    gc.freeze()  # imported modules are not garbage of a request
    print_line("ready")
    for _ in sys.stdin:
        print_line(cpu_microseconds())


if __name__ == "__main__":
    main(*sys.argv[1:])
