"""What a server span says about its request. Source: semantic conventions, "HTTP server span"."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.util.types import AnyValue

from instrumentation._redaction import redacted, suspicion
from instrumentation.conventions import OTHER_METHOD
from instrumentation.settings import Settings

LONGEST = 2048
"""Characters kept of what a stranger sent: paths, queries, agents."""

REMEMBERED = 256
"""Hosts and agents that are kept decoded; strangers may send any number of others."""

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

Attributes = dict[str, AnyValue]


class ServerAttributes:
    """Builds the attributes of a request that is sampled."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.secret_parameters
        self._suspicious = suspicion(self._secret)
        self._known: dict[tuple[bytes, str, str, str], Attributes] = {}
        self._agents: dict[bytes, str] = {}
        self._captured = {
            name.encode("latin-1"): f"http.request.header.{name}"
            for name in settings.request_headers
        }

    def of(
        self, scope: Mapping[str, Any], method: str, headers: dict[bytes, bytes]
    ) -> dict[str, AnyValue]:
        """The attributes that are known before the request is dispatched."""
        version, scheme = scope.get("http_version", "1.1"), scope.get("scheme", "http")
        host = headers.get(b"host", b"")
        known = self._known.get((host, scheme, version, method))
        if known is None:
            known = self._learnt(scope, host, scheme, version, method)
        attributes = known.copy()
        attributes["url.path"] = scope["path"][:LONGEST]
        client = scope.get("client")
        if client:
            attributes["client.address"], attributes["client.port"] = client
        query = scope.get("query_string")
        if query:
            text = query[:LONGEST].decode("latin-1")
            attributes["url.query"] = (
                redacted(text, self._secret) if self._suspicious(text) else text
            )
        agent = headers.get(b"user-agent")
        if agent:
            attributes["user_agent.original"] = self._agents.get(agent) or self._decoded(agent)
        if method == OTHER_METHOD:
            attributes["http.request.method_original"] = scope["method"][:LONGEST]
        if self._captured:
            self._capture(attributes, headers)
        return attributes

    def _capture(self, attributes: dict[str, AnyValue], headers: dict[bytes, bytes]) -> None:
        for name, attribute in self._captured.items():
            if name in headers:
                attributes[attribute] = (headers[name][:LONGEST].decode("latin-1"),)

    def _learnt(
        self, scope: Mapping[str, Any], host: bytes, scheme: str, version: str, method: str
    ) -> Attributes:
        """What requests with the same host, scheme, version and method share."""
        found: Attributes = {
            "http.request.method": method,
            "url.scheme": scheme,
            "network.protocol.version": version,
            **_address(scope, host[:LONGEST].decode("latin-1"), scheme),
        }
        if len(self._known) < REMEMBERED:
            self._known[host, scheme, version, method] = found
        return found

    def _decoded(self, agent: bytes) -> str:
        text = agent[:LONGEST].decode("latin-1")
        if len(self._agents) < REMEMBERED:
            self._agents[agent] = text
        return text


def _address(scope: Mapping[str, Any], host: str, scheme: str) -> Attributes:
    """Address and port as the client named them; a Host that is none falls back to the socket."""
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port or DEFAULT_PORTS.get(scheme)
    except ValueError:
        name = port = None
    if not name:
        name, port = scope.get("server") or (None, None)
    found: Attributes = {}
    if name:
        found["server.address"] = name
    if port:
        found["server.port"] = port
    return found
