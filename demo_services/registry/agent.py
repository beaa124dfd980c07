"""Client of a registry that speaks Consul's HTTP API.

It blocks and uses `http.client`, which is not traced: the registry is asked all the time, and a
span for each query would hide the requests of users.
"""

import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from demo_services.connections import connect
from demo_services.tls import Identity

TIMEOUT_SECONDS: Final = 2.0
"""Timeout of a call, in addition to the time for which a query waits."""
MAX_ANSWER_BYTES: Final = 1024 * 1024
_PORTS: Final = {"http": 80, "https": 443}


class RegistryError(Exception):
    """The registry is away, or its answer cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Instance that serves."""

    address: str
    port: int
    meta: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Serving instances of a service, and the index of the catalog."""

    index: int
    instances: tuple[Found, ...]


class Agent:
    """Client with one connection at a time, for one thread.

    Args:
        url: Base URL of the registry.
        identity: Used with ``https``.
    """

    def __init__(self, url: str, identity: Identity | None) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._https = parts.scheme == "https"
        self._identity = identity
        self._connection: HTTPConnection | None = None

    def register(self, body: Mapping[str, object]) -> None:
        """Register an instance, or replace the one of the same id.

        Raises:
            RegistryError: The registry is away, or rejects it.
        """
        self._call("PUT", "/v1/agent/service/register", body)

    def deregister(self, instance_id: str) -> None:
        """Remove an instance.

        Raises:
            RegistryError: The registry is away, or does not know the instance.
        """
        self._call("PUT", f"/v1/agent/service/deregister/{quote(instance_id)}")

    def knows(self, instance_id: str) -> bool:
        """Return true if the instance is registered.

        Raises:
            RegistryError: The registry is away.
        """
        _, services = self._call("GET", "/v1/agent/services")
        return isinstance(services, dict) and instance_id in services

    def find(self, service: str, *, index: int, wait_seconds: float) -> Answer:
        """Return the serving instances once the index of the catalog differs, or after a time.

        Args:
            service: Name of the service.
            index: Index of the last answer, 0 to return at once.
            wait_seconds: Time after which the registry answers without a change.

        Raises:
            RegistryError: The registry is away.
        """
        query = urlencode({"passing": "1", "index": index, "wait": f"{wait_seconds:.0f}s"})
        path = f"/v1/health/service/{quote(service)}?{query}"
        headers, found = self._call("GET", path, wait_seconds=wait_seconds)
        try:
            instances = tuple(_read(entry) for entry in found)
            return Answer(index=int(headers.get("X-Consul-Index", "")), instances=instances)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RegistryError(f"cannot read the answer of the registry: {error!r}") from error

    def own_address(self) -> str:
        """Return the address with which this machine reaches the registry.

        Raises:
            RegistryError: The name of the registry has no address.
        """
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_DGRAM
            )[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.connect(address)  # sends nothing
                return str(probe.getsockname()[0])
        except OSError as error:
            raise RegistryError(f"{self._host}: {error}") from error

    def abort(self) -> None:
        """End the current call from another thread. It then raises `RegistryError`."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        wait_seconds: float = 0.0,
    ) -> tuple[Message, Any]:
        """Return the headers and the decoded JSON of a successful response."""
        self._connection = connection = connect(
            self._host,
            self._port,
            secure=self._https,
            identity=self._identity,
            timeout_seconds=wait_seconds + TIMEOUT_SECONDS,
        )
        try:
            content = None if body is None else json.dumps(body).encode()
            connection.request(method, path, body=content)
            response = connection.getresponse()
            text = response.read(MAX_ANSWER_BYTES)
        except (OSError, HTTPException) as error:
            raise RegistryError(f"{type(error).__name__}: {error}") from error
        finally:
            self._connection = None
            connection.close()
        if response.status != HTTPStatus.OK:
            raise RegistryError(f"status code {response.status}: {text[:200]!r}")
        try:
            return response.headers, json.loads(text) if method == "GET" else None
        except ValueError as error:
            raise RegistryError(f"expected JSON: {error}") from error


def _read(entry: Mapping[str, Any]) -> Found:
    service = entry["Service"]
    # Consul leaves the address of a service empty if it is that of its node.
    address = service["Address"] or entry["Node"]["Address"]
    return Found(
        address=str(address), port=int(service["Port"]), meta=dict(service.get("Meta") or {})
    )
