"""HTTP sources of the viewer with answers set by the test."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import uvicorn

from sightline.viewer.model.settings import Settings
from sightline.viewer.pages.web import application
from tests.ports import free_ports
from tests.waiting import until


@dataclass
class Source:
    """A server on loopback with an answer per path, JSON or raw bytes; other paths answer 404."""

    answers: Mapping[str, Any] = field(default_factory=dict)
    delay_seconds: float = 0.0
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    """Path and parameters of every request, including form fields."""
    url: str = ""

    def answer(self, path: str, parameters: dict[str, list[str]]) -> tuple[int, bytes]:
        """Return status and body for one request."""
        self.asked.append((path, parameters))
        threading.Event().wait(self.delay_seconds)
        found = self.answers.get(path)
        if found is None:
            return 404, b'{"data": null, "errors": [{"code": 404, "msg": "not found"}]}'
        return 200, found if isinstance(found, bytes) else json.dumps(found).encode()

    def parameters(self, path: str) -> dict[str, str]:
        """Return the first values of the last request for *path*."""
        found = next(given for one, given in reversed(self.asked) if one == path)
        return {name: values[0] for name, values in found.items()}


@contextmanager
def serving(source: Source) -> Iterator[Source]:
    """Serve *source* on a free port and set its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            form = self.rfile.read(length).decode()
            status, body = source.answer(parts.path, parse_qs(parts.query) | parse_qs(form))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  named by http.server

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    source.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield source
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True, slots=True)
class Viewer:
    """A running viewer."""

    url: str

    def get(self, path: str) -> requests.Response:
        """Return the response for *path*."""
        with requests.Session() as session:
            session.trust_env = False  # no proxy for loopback
            return session.get(self.url + path, timeout=60)

    def panel(self, number: int = 1, query: str = "") -> dict[str, Any]:
        """Return one panel of the dashboard `test`."""
        found: dict[str, Any] = self.get(f"/d/test/panels/{number}?{query}").json()
        return found


@contextmanager
def viewing(folder: Path, *, timeout_seconds: float = 5.0, **urls: str) -> Iterator[Viewer]:
    """Run a viewer of *folder*; a source without a URL is unreachable."""
    port, dead = free_ports(2)
    settings = Settings(
        host="127.0.0.1",
        port=port,
        prometheus_url=urls.get("prometheus", f"http://127.0.0.1:{dead}"),
        jaeger_url=urls.get("jaeger", f"http://127.0.0.1:{dead}"),
        alertmanager_url=urls.get("alertmanager", f"http://127.0.0.1:{dead}"),
        dashboards=folder,
        timeout_seconds=timeout_seconds,
    )
    app = application(settings)
    config = uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started, within_seconds=60)
        yield Viewer(f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(timeout=10)
