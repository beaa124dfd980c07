"""HTTP connection with one deadline for a whole exchange.

`http.client` applies its timeout to each socket operation, so a server that sends one byte a second
never times out. Here each operation gets the time until the deadline.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable


class Connection(http.client.HTTPConnection):
    """HTTP connection whose operations all end by `deadline`, in `time.monotonic` seconds."""

    def __init__(
        self, url: SplitResult, tls: ssl.SSLContext | None, proxy: SplitResult | None = None
    ) -> None:
        # Per connection: `http.client` omits this port from the Host header.
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
        """Open the socket within the deadline."""
        address: Any = (self._address, self.port)  # bytes, which getaddrinfo() accepts
        plain = socket.create_connection(address, timeout=self._remaining_seconds())
        self._plain = plain
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = _TimedSocket(plain, self._remaining_seconds)
        if self._tls is not None:
            if self._tunnelled:
                self._tunnel()  # type: ignore[attr-defined]  # as HTTPSConnection does
            plain.settimeout(self._remaining_seconds())
            self._plain = self._tls.wrap_socket(plain, server_hostname=self._name)
            self.sock = _TimedSocket(self._plain, self._remaining_seconds)

    def abort(self) -> None:
        """Interrupt the thread that waits on the socket."""
        plain = self._plain
        if plain is not None:
            try:
                plain.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # no longer connected: no thread waits

    def _remaining_seconds(self) -> float:
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("no answer in time")
        return remaining


class _TimedSocket:
    """The part of the socket interface that `http.client` uses."""

    def __init__(self, plain: socket.socket, remaining_seconds: Callable[[], float]) -> None:
        self._plain = plain
        self._remaining_seconds = remaining_seconds

    def sendall(self, content: bytes) -> None:
        self._plain.settimeout(self._remaining_seconds())
        self._plain.sendall(content)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._plain, self._remaining_seconds))

    def close(self) -> None:
        self._plain.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, plain: socket.socket, remaining_seconds: Callable[[], float]) -> None:
        self._plain = plain
        self._remaining_seconds = remaining_seconds
        # The file keeps the socket open. `http.client` closes the socket before the body is read
        # when the collector sends "Connection: close".
        self._file = plain.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._plain.settimeout(self._remaining_seconds())
        return self._plain.recv_into(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def _resolvable(url: SplitResult) -> bytes:
    """Return the host of *url* as bytes.

    For a host of type str, Python imports its Unicode tables in this thread. In a child that is
    forked during that import, the import never ends.
    """
    host = url.hostname or ""
    return host.encode("ascii" if host.isascii() else "idna")


def proxy_authorization(proxy: SplitResult) -> dict[str, str]:
    """Return the authorization header for the credentials in the URL of *proxy*."""
    if proxy.username is None:
        return {}
    credentials = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"proxy-authorization": f"Basic {b64encode(credentials.encode()).decode()}"}
