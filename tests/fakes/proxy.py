"""HTTP proxy that forwards every request to one port of loopback."""

import http.client
import socket
import threading
from http.server import BaseHTTPRequestHandler

from tests.fakes.threaded import ThreadedServer


class Proxy(ThreadedServer):
    """Proxy that forwards requests and tunnels to *port*."""

    def __init__(self, port: int) -> None:
        super().__init__(_handler(self))
        self.upstream_port = port
        self.asked: list[str] = []
        """Method and target of each request or tunnel."""
        self.authorized: list[str] = []
        """Proxy-Authorization of each request or tunnel."""


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._record()
            body = self.rfile.read(int(self.headers["content-length"]))
            upstream = http.client.HTTPConnection("127.0.0.1", proxy.upstream_port, timeout=10)
            upstream.request("POST", "/v1/traces", body, dict(self.headers))
            answer = upstream.getresponse()
            text = answer.read()
            upstream.close()
            self.send_response(answer.status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_CONNECT(self) -> None:
            self._record()
            with socket.create_connection(("127.0.0.1", proxy.upstream_port)) as upstream:
                self.send_response(200)
                self.end_headers()
                responses = threading.Thread(
                    target=_copy, args=(upstream, self.connection), daemon=True
                )
                responses.start()
                _copy(self.connection, upstream)
                responses.join()

        def _record(self) -> None:
            proxy.asked.append(f"{self.command} {self.path}")
            proxy.authorized.append(self.headers.get("proxy-authorization", ""))

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    return Handler


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy until *source* ends, then shut down *target*."""
    try:
        while content := source.recv(65536):
            target.sendall(content)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # one side closed the connection
