"""Attributes of server spans. Source: semantic conventions, "HTTP server span"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from instrumentation._otlp.attribute_group import (
    FAILED,
    UNSET,
    AttributeGroup,
    Attributes,
    GroupCache,
    Outcome,
)
from instrumentation._spans.sanitizer import sanitize_value, truncate
from instrumentation._support.redaction import (
    MAX_FIELD_CHARS,
    REDACTED,
    redact_path,
    redact_query,
    redact_text,
)
from instrumentation.conventions import CLIENT_DISCONNECTED, OTHER_METHOD, Attribute
from instrumentation.settings import LENGTH_LIMIT, Settings

Key = TypeVar("Key")

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

HANDSHAKE = "GET"
"""Method of a WebSocket's handshake. Source: RFC 6455, section 4.1."""

Headers = Iterable[tuple[bytes, bytes]]

SocketAddress = tuple[Any, ...]
"""Address and port, or path of a Unix socket and None."""

Target = tuple[bytes, SocketAddress | None, str, str, str]
"""Host header, socket of the server, scheme, protocol version and method."""

OutcomeKey = tuple[str, str, int, str]
"""Method, route, status code and error type; empty or 0 for none."""

WEBSOCKET: Attributes = {"network.protocol.name": "websocket"}


class ServerAttributes:
    """Factory of the attributes of sampled requests, in groups that are cached."""

    def __init__(self, settings: Settings) -> None:
        max_length = settings.limits.attribute_length
        secret = self._secret = settings.secret_parameters

        def query(sent: bytes) -> Attributes:
            shown = redact_query(sent[: 2 * MAX_FIELD_CHARS].decode("latin-1"), secret)
            return {"url.query": shown[:MAX_FIELD_CHARS]}

        def path(sent: str) -> Attributes:
            return {Attribute.URL_PATH: redact_path(sent[:MAX_FIELD_CHARS], secret)}

        def group_factory(make: Callable[[Key], Attributes]) -> Callable[[Key], AttributeGroup]:
            return lambda key: AttributeGroup(_truncate_values(make(key), max_length))

        self._targets = GroupCache(group_factory(_target))
        self._paths = GroupCache(group_factory(path), secret=_is_redacted(Attribute.URL_PATH))
        self._clients = GroupCache(group_factory(_client))
        self._queries = GroupCache(group_factory(query), secret=_is_redacted("url.query"))
        self._agents = GroupCache(group_factory(_agent))
        self._uncached = group_factory(self._uncached_attributes)
        self.outcomes = _outcomes({}, max_length)
        """Outcomes of requests."""
        self.socket_outcomes = _outcomes(WEBSOCKET, max_length)
        """Outcomes of WebSockets."""
        self._request_headers = _header_attributes("request", settings.request_headers)
        self._response_headers = _header_attributes("response", settings.response_headers)
        self.captures_response_headers = bool(self._response_headers)

    def groups(
        self, scope: Mapping[str, Any], method: str, headers: dict[bytes, bytes]
    ) -> list[AttributeGroup]:
        """Return the attributes that are known before dispatch."""
        get, header = scope.get, headers.get
        client, server = get("client"), get("server")
        if isinstance(client, list) or isinstance(server, list):  # cannot be keys
            sockets = {"client": client and tuple(client), "server": server and tuple(server)}
            return self.groups({**scope, **sockets}, method, headers)
        scheme, version = get("scheme", "http"), get("http_version", "1.1")
        groups = [
            self._targets[header(b"host", b""), server, scheme, version, method],
            self._paths[scope["path"]],
        ]
        if client:
            groups.append(self._clients[client])
        if query := get("query_string"):
            groups.append(self._queries[query])
        if agent := header(b"user-agent"):
            groups.append(self._agents[agent])
        if method == OTHER_METHOD or self._request_headers:
            groups.append(self._uncached((scope, method)))
        return groups

    def _uncached_attributes(self, request: tuple[Mapping[str, Any], str]) -> Attributes:
        """Return attributes that differ per request and are not cached."""
        scope, method = request
        found = self._captured(scope["headers"], self._request_headers)
        if method == OTHER_METHOD:
            found[Attribute.HTTP_REQUEST_METHOD_ORIGINAL] = scope["method"][:MAX_FIELD_CHARS]
        return found

    def response_headers(self, headers: Headers) -> Attributes:
        """Return the attributes of the response headers that are captured."""
        return self._captured(headers, self._response_headers)

    def _captured(self, headers: Headers, attributes: Mapping[bytes, str]) -> Attributes:
        """Return all values of each header in *attributes*, which may be repeated."""
        found: dict[str, list[str]] = {}
        for name, value in headers if attributes else ():
            attribute = attributes.get(name.lower())
            if attribute is not None:
                found.setdefault(attribute, []).append(self._header_value(value))
        return {attribute: tuple(values) for attribute, values in found.items()}

    def _header_value(self, value: bytes) -> str:
        """Return the value of a header with redacted URLs."""
        text = value[: 2 * MAX_FIELD_CHARS].decode("latin-1")
        return redact_text(text, self._secret)[:MAX_FIELD_CHARS]


def _header_attributes(direction: str, names: Iterable[str]) -> Mapping[bytes, str]:
    """Return the names of the attributes by header."""
    return {name.encode("latin-1"): f"http.{direction}.header.{name}" for name in names}


def _outcomes(extra: Attributes, max_length: int) -> GroupCache[OutcomeKey, Outcome]:
    return GroupCache(lambda key: _outcome(key, extra, max_length))


def _outcome(key: OutcomeKey, extra: Attributes, max_length: int) -> Outcome:
    method, route, status_code, error = key
    kind = "WS" if extra is WEBSOCKET else "HTTP" if method == OTHER_METHOD else method
    named: Attributes = {
        Attribute.HTTP_ROUTE: truncate(route, LENGTH_LIMIT),
        Attribute.HTTP_RESPONSE_STATUS_CODE: status_code,
        Attribute.ERROR_TYPE: error,
    }
    return Outcome(
        truncate(f"{kind} {route}", LENGTH_LIMIT) if route else kind,
        _truncate_values(
            {**extra, **{name: value for name, value in named.items() if value}}, max_length
        ),
        FAILED if error and error != CLIENT_DISCONNECTED else UNSET,
    )


def _client(client: SocketAddress) -> Attributes:
    """Return the attributes of the client's socket; a port of 0 is that of a forwarding header."""
    address, port = client
    found: Attributes = {"client.address": address}
    if port:
        found |= {
            "client.port": port,
            Attribute.NETWORK_PEER_ADDRESS: address,
            Attribute.NETWORK_PEER_PORT: port,
        }
    return found


def _is_redacted(name: str) -> Callable[[AttributeGroup], bool]:
    """Return a predicate: the attribute *name* of a group is redacted."""
    return lambda group: REDACTED in str(group.attributes[name])


def _agent(agent: bytes) -> Attributes:
    return {"user_agent.original": agent[:MAX_FIELD_CHARS].decode("latin-1")}


def _target(target: Target) -> Attributes:
    host, server, scheme, version, method = target
    name, port = _address(host[:MAX_FIELD_CHARS].decode("latin-1"), server, scheme)
    found: Attributes = {
        Attribute.HTTP_REQUEST_METHOD: method,
        "url.scheme": scheme,
        Attribute.NETWORK_PROTOCOL_VERSION: version,
        Attribute.SERVER_ADDRESS: name,
        Attribute.SERVER_PORT: port,
    }
    return {name: value for name, value in found.items() if value}


def _address(host: str, server: SocketAddress | None, scheme: str) -> tuple[str | None, int | None]:
    """Return address and port of a valid Host header, or else of the socket."""
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port or DEFAULT_PORTS.get(scheme)
    except ValueError:
        name = port = None
    if name or not server:
        return name, port
    return server[0], server[1]


def _truncate_values(attributes: Attributes, max_length: int) -> Attributes:
    """Return *attributes* with values of at most *max_length* characters."""
    if max_length >= MAX_FIELD_CHARS:
        return attributes
    return {name: sanitize_value(value, max_length) for name, value in attributes.items()}
