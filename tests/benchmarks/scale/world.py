"""Services of the benchmark, and an exporter that answers as each of their replicas."""

import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from types import TracebackType
from typing import Any, Final, Self

from tests.benchmarks.scale.page import Series

SCRAPE_SECONDS: Final = 30
BATCH: Final = 10
"""Scrapes in one answer."""
RECORDED: Final = "/recorded"
GROWTH: Final = (5, 60)
"""Range of the work between two scrapes. Irregular counters compress as those of real services."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Number of services, of replicas of each, and of routes of each."""

    services: int
    replicas: int
    routes: int

    @property
    def names(self) -> list[str]:
        """Names of the services."""
        return [f"service-{number}" for number in range(self.services)]

    @property
    def replica_labels(self) -> Iterator[dict[str, str]]:
        """Labels of each replica."""
        for number, name in enumerate(self.names):
            for replica in range(self.replicas):
                yield {
                    "cluster": "east",
                    "namespace": "shop",
                    "job": name,
                    "instance": f"10.0.{number}.{replica}:8000",
                }


class Exporter(ThreadingHTTPServer):
    """Exporter whose answers have timestamps, so that an hour is scraped in a minute.

    Args:
        page: Series of each replica.
        start: Unix seconds of the first scrape.
        end: Unix seconds of the last one. Later answers have no samples.
    """

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, page: Sequence[Series], *, start: int, end: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._page = page
        self._start = start
        self._batches = (end - start) // (SCRAPE_SECONDS * BATCH)
        self.recorded = b""
        """Next answer at `RECORDED`, which is sent once."""
        self._sent: Counter[str] = Counter()
        self._text = lru_cache(maxsize=4)(self._scrapes)

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Ignore connections that Prometheus closed. It asks again."""

    def finished(self, replicas: int) -> bool:
        """Return true if all *replicas* have sent their last scrape."""
        done = [sent for sent in self._sent.values() if sent >= self._batches]
        return len(done) == replicas

    def body(self, path: str) -> bytes:
        """Return the next answer at *path*."""
        if path == RECORDED:
            return self.recorded
        batch = self._sent[path]
        return self._text(batch) if batch < self._batches else b""

    def confirm(self, path: str) -> None:
        """Count an answer that was sent."""
        if path == RECORDED:
            self.recorded = b""
            return
        self._sent[path] += 1

    def _scrapes(self, batch: int) -> bytes:
        scrapes = range(batch * BATCH, (batch + 1) * BATCH)
        return "".join(line for scrape in scrapes for line in self._lines(scrape)).encode()

    def _lines(self, scrape: int) -> Iterator[str]:
        work = _work()[scrape]
        milliseconds = (self._start + scrape * SCRAPE_SECONDS) * 1000
        family = ""
        for series, value, growth in self._page:
            name, bucket, _ = series.partition("_bucket{")
            if bucket and name != family:
                # Prometheus converts histograms of which it knows the type.
                family = name
                yield f"# TYPE {name} histogram\n"
            yield f"{series} {value + growth * work:.12g} {milliseconds}\n"


@lru_cache
def _work() -> list[int]:
    """Return the work done until each scrape."""
    chance = random.Random(1)  # noqa: S311  no secret
    return list(accumulate(chance.randint(*GROWTH) for _ in range(10_000)))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        body = self.server.body(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if body:
            self.server.confirm(self.path)

    def log_message(self, *_: object) -> None:
        pass
