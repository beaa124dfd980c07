"""A Jaeger collector's sampling endpoint."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class SamplingServer:
    """Serves one strategy to every service; a context manager.

    Args:
        strategy: The answer, as Jaeger writes it.
    """

    def __init__(self, strategy: Mapping[str, Any]) -> None:
        self.strategy = strategy
        self.status = 200
        self.raw = b""
        """Is answered instead of the strategy."""
        self.asked: list[str] = []
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def endpoint(self) -> str:
        """For the argument ``endpoint`` of a remote sampler."""
        return f"http://127.0.0.1:{self._server.server_port}"


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
            """Say nothing."""

    return Handler
