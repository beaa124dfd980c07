"""An HTTP proxy that takes every host for the same port of loopback."""

import http.client
import socket
import threading
from http.server import BaseHTTPRequestHandler

from tests.fakes.threaded import ThreadedServer


class Proxy(ThreadedServer):
    """Passes requests and tunnels on to *port*."""

    def __init__(self, port: int) -> None:
        super().__init__(_handler(self))
        self.port = port
        self.asked: list[str] = []
        """Method and target of each request or tunnel."""
        self.authorized: list[str] = []
        """Who asked."""


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._note()
            body = self.rfile.read(int(self.headers["content-length"]))
            there = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
            there.request("POST", "/v1/traces", body, dict(self.headers))
            answer = there.getresponse()
            text = answer.read()
            there.close()
            self.send_response(answer.status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_CONNECT(self) -> None:
            self._note()
            with socket.create_connection(("127.0.0.1", proxy.port)) as there:
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=_pass_on, args=(there, self.connection), daemon=True)
                back.start()
                _pass_on(self.connection, there)
                back.join()

        def _note(self) -> None:
            proxy.asked.append(f"{self.command} {self.path}")
            proxy.authorized.append(self.headers.get("proxy-authorization", ""))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    """Copy until *one* ends, then end *other*."""
    try:
        while content := one.recv(65536):
            other.sendall(content)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        return  # either side has gone
