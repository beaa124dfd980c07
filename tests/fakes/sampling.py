"""Sampling endpoint of a Jaeger collector."""

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.fakes.threaded import ThreadedServer


class SamplingServer(ThreadedServer):
    """Server of one strategy for every service.

    Args:
        strategy: Response in the format of Jaeger.
    """

    def __init__(self, strategy: Mapping[str, Any]) -> None:
        super().__init__(_handler(self))
        self.strategy = strategy
        self.status = 200
        self.raw = b""
        """Response body in place of the strategy."""
        self.asked: list[str] = []

    @property
    def endpoint(self) -> str:
        """Argument ``endpoint`` of a remote sampler."""
        return f"http://{self.address}"


def _handler(fake: SamplingServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.asked.append(self.path)
            body = fake.raw or json.dumps(fake.strategy).encode()
            self.send_response(fake.status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    return Handler
