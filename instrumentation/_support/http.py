"""HTTP connections whose every operation has a deadline.

`http.client` has a timeout for each socket operation, so that a server that sends a byte a second
is never late. Here each operation gets the time that is left.
"""

import http.client
import io
import socket
import time
from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote

if TYPE_CHECKING:
    import ssl


class Connection(http.client.HTTPConnection):
    """An HTTP connection whose every operation ends at `deadline`, in `time.monotonic` seconds."""

    def __init__(
        self, url: SplitResult, tls: "ssl.SSLContext | None", proxy: SplitResult | None = None
    ) -> None:
        # Per connection: decides whether Host names the port.
        self.default_port = 443 if tls else 80
        first = proxy or url
        super().__init__(first.hostname or "", first.port or (80 if proxy else self.default_port))
        self._address = _resolvable(first)
        self._name = _resolvable(url)
        self._tunnelled = proxy is not None and tls is not None
        if proxy is not None and self._tunnelled:
            self.set_tunnel(
                url.hostname or "", url.port or self.default_port, proxy_authorization(proxy)
            )
        self._tls = tls
        self._plain: socket.socket | None = None
        self.deadline = 0.0

    def connect(self) -> None:
        """Open the socket, within the deadline."""
        address: Any = (self._address, self.port)  # bytes, as getaddrinfo() takes them
        plain = socket.create_connection(address, timeout=self._left())
        self._plain = plain
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = _TimedSocket(plain, self._left)
        if self._tls is not None:
            if self._tunnelled:
                self._tunnel()  # type: ignore[attr-defined]  # as HTTPSConnection does
            plain.settimeout(self._left())
            self._plain = self._tls.wrap_socket(plain, server_hostname=self._name)
            self.sock = _TimedSocket(self._plain, self._left)

    def abort(self) -> None:
        """Wake the thread that waits on the socket."""
        plain = self._plain
        if plain is not None:
            try:
                plain.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # not connected any more: nobody waits

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        return left


class _TimedSocket:
    """As much of a socket as `http.client` uses."""

    def __init__(self, plain: socket.socket, left: Callable[[], float]) -> None:
        self._plain = plain
        self._left = left

    def sendall(self, content: bytes) -> None:
        self._plain.settimeout(self._left())
        self._plain.sendall(content)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._plain, self._left))

    def close(self) -> None:
        self._plain.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, plain: socket.socket, left: Callable[[], float]) -> None:
        self._plain = plain
        self._left = left
        # A socket stays open behind its files: where the collector announces that it closes the
        # connection, `http.client` closes the socket before the body is read.
        self._file = plain.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  io.RawIOBase takes any buffer
        self._plain.settimeout(self._left())
        return self._plain.recv_into(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def _resolvable(url: SplitResult) -> bytes:
    """The host, as bytes: to resolve text Python imports its tables of Unicode, late, in a thread.

    In a child that was forked meanwhile that import would never end.
    """
    host = url.hostname or ""
    return host.encode("ascii" if host.isascii() else "idna")


def proxy_authorization(proxy: SplitResult) -> dict[str, str]:
    """Return the header with the credentials in the URL of *proxy*."""
    if proxy.username is None:
        return {}
    credentials = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"proxy-authorization": f"Basic {b64encode(credentials.encode()).decode()}"}
