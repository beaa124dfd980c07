"""Metrics page of a service with many routes that uses each part of the library, as a subject.

It prints a JSON list with an entry for each series: its text, its value, and its growth between
two scrapes.

::

    python -m tests.benchmarks.scale.page ROUTES
"""

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import requests
from fastapi import FastAPI

from instrumentation import Telemetry, instrument
from instrumentation.database import Database, Pool
from instrumentation.messaging import Channel
from tests.asgi import answer, scope
from tests.benchmarks.subjects import print_line

GROWING: Final = ("_bucket", "_count", "_sum", "_total")
"""Ends of the names of counters."""
FLUSH_SECONDS: Final = 5.0
REQUESTS: Final = 10
"""Requests to each route between two scrapes, one of which fails on the first route."""

Series = tuple[str, float, float]


class Callee(BaseHTTPRequestHandler):
    """Dependency that answers 204."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def create(routes: int) -> FastAPI:
    """Return a service with that many *routes*."""
    app = FastAPI()

    async def thing(item_id: int) -> int:
        return 100 // item_id

    for number in range(routes):
        app.get(f"/things{number}/{{item_id}}")(thing)
    return app


class Work:
    """Requests, calls, messages and database operations of the service."""

    def __init__(self, app: FastAPI, telemetry: Telemetry, *, routes: int, callee: int) -> None:
        self._app = app
        self._telemetry = telemetry
        self._paths = [f"/things{number}/1" for number in range(routes)]
        self._callees = [f"http://{host}:{callee}/" for host in ("127.0.0.1", "localhost")]
        self._pool = Pool(telemetry, "orders", limit=10)
        self._database = Database(telemetry, system="postgresql")
        self._channel = Channel(telemetry, system="kafka", destination="orders")

    def do(self) -> None:
        """Do the work of one scrape interval."""
        for path in (*self._paths * REQUESTS, "/things0/0"):
            asyncio.run(answer(self._app, scope(path)))
        for url in self._callees:
            requests.get(url, timeout=FLUSH_SECONDS)
        message: dict[str, str] = {}
        with self._channel.sending(message), self._channel.processing(message):
            pass
        with self._pool.waiting(), self._database.operation("SELECT", "orders"):
            self._pool.count(used=1, idle=0)
        self._telemetry.flush(FLUSH_SECONDS)

    def page(self) -> dict[str, float]:
        """Return the value of each series of the metrics page."""
        messages, _ = asyncio.run(answer(self._app, scope("/metrics")))
        text = b"".join(message.get("body", b"") for message in messages).decode()
        pairs = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {series: float(value) for series, _, value in pairs}


def grown(first: dict[str, float], second: dict[str, float]) -> Iterator[Series]:
    """Yield the series of both pages. Only counters grow."""
    for series, value in second.items():
        counter = series.partition("{")[0].endswith(GROWING)
        yield series, value, value - first.get(series, 0.0) if counter else 0.0


def main(routes: int) -> None:
    """Print the page after two intervals of work."""
    app = create(routes)
    telemetry = instrument(app, service="scale")
    with ThreadingHTTPServer(("127.0.0.1", 0), Callee) as callee:
        threading.Thread(target=callee.serve_forever, daemon=True).start()
        work = Work(app, telemetry, routes=routes, callee=callee.server_port)
        work.do()
        first = work.page()
        work.do()
        print_line(json.dumps(list(grown(first, work.page()))))
        callee.shutdown()
    telemetry.shutdown(FLUSH_SECONDS)


if __name__ == "__main__":
    main(int(sys.argv[1]))
