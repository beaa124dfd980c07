"""What a server span says about its request. Source: semantic conventions, "HTTP server span"."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from instrumentation._otlp.attribute_group import AttributeGroup, Attributes, Remembered
from instrumentation._otlp.outcome import FAILED, UNSET, Outcome
from instrumentation._spans.attributes import cleaned, cut
from instrumentation._support.redaction import (
    LONGEST,
    REDACTED,
    redacted,
    redacted_path,
    redacted_text,
)
from instrumentation.conventions import OTHER_METHOD
from instrumentation.settings import LENGTH_LIMIT, Settings

Key = TypeVar("Key")


DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

Socket = tuple[Any, ...]
"""Address and port; of a Unix socket its path."""

Target = tuple[bytes, Socket | None, str, str, str]
"""Host header, the server's own socket, scheme, protocol version and method."""

Ending = tuple[str, str, int, str]
"""Method, route, status code and type of the error; empty and 0 for none."""

WEBSOCKET: Attributes = {"network.protocol.name": "websocket"}


class ServerAttributes:
    """Builds the attributes of sampled requests in groups, most of which come again and again."""

    def __init__(self, settings: Settings) -> None:
        longest = settings.limits.attribute_length
        secret = self._secret = settings.secret_parameters

        def query(sent: bytes) -> Attributes:
            shown = redacted(sent[: 2 * LONGEST].decode("latin-1"), secret)
            return {"url.query": shown[:LONGEST]}

        def path(sent: str) -> Attributes:
            return {"url.path": redacted_path(sent[:LONGEST], secret)}

        def grouped(make: Callable[[Key], Attributes]) -> Callable[[Key], AttributeGroup]:
            return lambda key: AttributeGroup(_bounded(make(key), longest))

        self._targets = Remembered(grouped(_target))
        self._paths = Remembered(grouped(path), secret=_redacted("url.path"))
        self._clients = Remembered(grouped(_client))
        self._queries = Remembered(grouped(query), secret=_redacted("url.query"))
        self._agents = Remembered(grouped(_agent))
        self._rare = grouped(self._captured)
        self.outcomes = _outcomes({}, longest)
        """What is known at the end of a request."""
        self.socket_outcomes = _outcomes(WEBSOCKET, longest)
        """What is known at the end of a WebSocket."""
        self._request_headers = {
            name.encode("latin-1"): f"http.request.header.{name}"
            for name in settings.request_headers
        }

    def of(
        self, scope: Mapping[str, Any], method: str, headers: dict[bytes, bytes]
    ) -> list[AttributeGroup]:
        """What is known before the request is dispatched."""
        get, header = scope.get, headers.get
        client, server = get("client"), get("server")
        if isinstance(client, list) or isinstance(server, list):  # are no keys
            sockets = {"client": client and tuple(client), "server": server and tuple(server)}
            return self.of({**scope, **sockets}, method, headers)
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
            groups.append(self._rare((scope, method, headers)))
        return groups

    def _captured(self, request: tuple[Mapping[str, Any], str, dict[bytes, bytes]]) -> Attributes:
        """What no two requests need to share."""
        scope, method, headers = request
        found: Attributes = {}
        if method == OTHER_METHOD:
            found["http.request.method_original"] = scope["method"][:LONGEST]
        for name, attribute in self._request_headers.items():
            if name in headers:
                found[attribute] = self.captured(headers[name])
        return found

    def captured(self, value: bytes) -> tuple[str]:
        """Return the value of a header, without secrets in the URLs that it has."""
        text = value[: 2 * LONGEST].decode("latin-1")
        return (redacted_text(text, self._secret)[:LONGEST],)


def _outcomes(more: Attributes, longest: int) -> Remembered[Ending, Outcome]:
    return Remembered(lambda ending: _outcome(ending, more, longest))


def _outcome(ending: Ending, more: Attributes, longest: int) -> Outcome:
    method, route, status_code, error = ending
    kind = "WS" if more is WEBSOCKET else "HTTP" if method == OTHER_METHOD else method
    named: Attributes = {
        "http.route": cut(route, LENGTH_LIMIT),
        "http.response.status_code": status_code,
        "error.type": error,
    }
    return Outcome(
        cut(f"{kind} {route}", LENGTH_LIMIT) if route else kind,
        _bounded({**more, **{name: value for name, value in named.items() if value}}, longest),
        FAILED if error else UNSET,
    )


def _client(client: Socket) -> Attributes:
    return {"client.address": client[0], "client.port": client[1]}


def _redacted(name: str) -> Callable[[AttributeGroup], bool]:
    """Return a function that tells whether the attribute *name* of a group was redacted."""
    return lambda group: REDACTED in str(group.attributes[name])


def _agent(agent: bytes) -> Attributes:
    return {"user_agent.original": agent[:LONGEST].decode("latin-1")}


def _target(target: Target) -> Attributes:
    host, server, scheme, version, method = target
    name, port = _address(host[:LONGEST].decode("latin-1"), server, scheme)
    found: Attributes = {
        "http.request.method": method,
        "url.scheme": scheme,
        "network.protocol.version": version,
        "server.address": name,
        "server.port": port,
    }
    return {name: value for name, value in found.items() if value}


def _address(host: str, server: Socket | None, scheme: str) -> tuple[str | None, int | None]:
    """Address and port as the client named them; a Host that is none falls back to the socket."""
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port or DEFAULT_PORTS.get(scheme)
    except ValueError:
        name = port = None
    if name or not server:
        return name, port
    return server[0], server[1]


def _bounded(attributes: Attributes, longest: int) -> Attributes:
    """Return *attributes* within the limit, where it is smaller than what they have anyway."""
    if longest >= LONGEST:
        return attributes
    return {name: cleaned(value, longest) for name, value in attributes.items()}
