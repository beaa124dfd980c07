"""Client side of an HTTP call: a CLIENT span, propagation headers and one sample.

Source: semantic conventions, "HTTP client span" and ``http.client.request.duration``.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from instrumentation._clients.resends import current_resend_count
from instrumentation._clients.template import current_template
from instrumentation._spans.limits import limit_tracer
from instrumentation._spans.propagators import W3C_PROPAGATORS, Propagators, baggage_header
from instrumentation._spans.sanitizer import Sanitizer
from instrumentation._support.cached_property import cached_property
from instrumentation._support.guard import Guard, NullCounter, qualified_name
from instrumentation._support.opentelemetry_access import CLIENTS_KEY, SUPPRESSION_KEYS
from instrumentation._support.redaction import MAX_FIELD_CHARS, redact_path, redact_query
from instrumentation.conventions import (
    HTTP_CLIENT_REQUEST_DURATION_SECONDS,
    HTTP_CLIENT_REQUEST_RESENDS,
    KNOWN_METHODS,
    OTHER_METHOD,
    SCHEMA_URL,
    SCOPE,
    VERSION,
    Attribute,
)
from instrumentation.settings import LOCAL_HOSTS, Limits

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from opentelemetry.util.types import AnyValue

    from instrumentation._metrics.families import BoundedChildren, Families
    from instrumentation._metrics.histogram import Observer

HTTP_VERSIONS: Final = {10: "1.0", 11: "1.1", 20: "2"}
"""Versions of HTTP by the number that http.client and urllib3 have for them."""

DEFAULT_SANITIZER: Final = Sanitizer(Limits.from_env({}))
"""Default limits and secrets, for clients without settings."""

CLIENT_ERROR: Final = 400
DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Clients:
    """Factory of calls, one for each service.

    Args:
        provider: Provider of the tracer.
        guard: Counts internal errors and hides them from the caller.
        families: Metrics of the calls; None for no metrics.
        sanitizer: Limits of the spans and secrets in their URLs and errors.
        baggage_hosts: Hosts that receive baggage.
        propagators: Writers of the headers; W3C's when left out.
    """

    def __init__(  # noqa: PLR0913  one argument for each setting
        self,
        provider: trace.TracerProvider,
        *,
        guard: Guard,
        families: Families | None = None,
        sanitizer: Sanitizer | None = None,
        baggage_hosts: tuple[str, ...] = LOCAL_HOSTS,
        propagators: Propagators = W3C_PROPAGATORS,
    ) -> None:
        self._provider = provider
        self._sanitizer = sanitizer or DEFAULT_SANITIZER
        self._baggage_hosts = baggage_hosts
        self._propagators = propagators
        self._families = families
        self.durations: BoundedChildren[Observer] | None = (
            families.histogram(HTTP_CLIENT_REQUEST_DURATION_SECONDS) if families else None
        )
        self.start_operation = guard.operation("client_start")
        self.end_operation = guard.operation("client_end")

    @cached_property
    def _tracer(self) -> trace.Tracer:
        tracer = self._provider.get_tracer(SCOPE, VERSION, SCHEMA_URL)
        return limit_tracer(tracer, self._sanitizer)

    def start(self, method: str, url: str) -> Call | None:
        """Start a call; None when tracing is suppressed or an internal error occurs."""
        with self.start_operation:
            if not any(context_api.get_value(key) for key in SUPPRESSION_KEYS):
                return self._start(method, urlsplit(url))
        return None

    def _start(self, method: str, url: SplitResult) -> Call:
        known = method if method in KNOWN_METHODS else OTHER_METHOD
        host, port = url.hostname or "", url.port or DEFAULT_PORTS.get(url.scheme, 0)
        attributes: dict[str, AnyValue] = {
            Attribute.HTTP_REQUEST_METHOD: known,
            Attribute.SERVER_ADDRESS: host,
            Attribute.SERVER_PORT: port,
            Attribute.URL_FULL: self._full_url(url, host),
        }
        if known == OTHER_METHOD:
            attributes[Attribute.HTTP_REQUEST_METHOD_ORIGINAL] = method
        name = "HTTP" if known == OTHER_METHOD else known
        template = current_template()
        if template:
            name, attributes["url.template"] = f"{name} {template}", template
        resends = current_resend_count()
        if resends:
            attributes[Attribute.HTTP_REQUEST_RESEND_COUNT] = resends
            self._count_resend(known, host, port)
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
        headers = self._propagators.outgoing_headers(
            trace.set_span_in_context(span), include_baggage=self.sends_baggage_to(host)
        )
        return Call(self, span, (known, host, port), headers)

    def _count_resend(self, method: str, host: str, port: int) -> None:
        """Count a repetition. The counter exists from the first one: a service may have its own."""
        if self._families is not None:
            resends = self._families.counter(HTTP_CLIENT_REQUEST_RESENDS)
            resends.child(method, host, port).inc()

    def _full_url(self, url: SplitResult, host: str) -> str:
        """Return the URL without credentials, with redacted secrets, truncated."""
        netloc = f"[{host}]" if ":" in host else host
        if url.port:
            netloc = f"{netloc}:{url.port}"
        secret = self._sanitizer.secret
        query = redact_query(url.query, secret) if url.query else ""
        path = redact_path(url.path, secret)
        return url._replace(netloc=netloc, path=path, query=query, fragment="").geturl()[
            :MAX_FIELD_CHARS
        ]

    def sends_baggage_to(self, host: str) -> bool:
        """Return true when *host* matches `baggage_hosts`."""
        return any(fnmatchcase(host, pattern) for pattern in self._baggage_hosts)


class Call:
    """Call in flight."""

    __slots__ = ("_clients", "_headers", "_labels", "_span", "_started_at")

    def __init__(
        self,
        clients: Clients,
        span: trace.Span,
        labels: tuple[str, str, int],
        headers: dict[str, str],
    ) -> None:
        self._clients = clients
        self._span = span
        self._labels = labels
        self._started_at = perf_counter()
        self._headers = headers

    def write_context(self, headers: MutableMapping[str, str]) -> None:
        """Write the span and baggage into *headers*, in place of those of an earlier hop.

        Baggage that the service itself wrote is kept unless the current baggage replaces it.
        """
        with self._clients.start_operation:
            if "traceparent" in self._headers:
                headers.pop("tracestate", None)
            remove_baggage(headers)
            headers.update(self._headers)

    def on_redirect(self, url: str, headers: MutableMapping[str, str]) -> None:
        """Remove baggage from *headers* when the host of *url* must not receive it."""
        with self._clients.end_operation:
            if not self._clients.sends_baggage_to(urlsplit(url).hostname or ""):
                remove_baggage(headers)

    def on_response(self, status_code: int, *, version: str = "", peer: object = None) -> None:
        """Record the response and end the span.

        Args:
            status_code: Status code.
            version: Version of HTTP, like ``1.1``; empty if unknown.
            peer: Address of the server's socket: host and port first; None if unknown.
        """
        with self._clients.end_operation:
            if version:
                self._span.set_attribute(Attribute.NETWORK_PROTOCOL_VERSION, version)
            if isinstance(peer, tuple) and len(peer) > 1:
                self._span.set_attribute(Attribute.NETWORK_PEER_ADDRESS, peer[0])
                self._span.set_attribute(Attribute.NETWORK_PEER_PORT, peer[1])
            self._span.set_attribute(Attribute.HTTP_RESPONSE_STATUS_CODE, status_code)
            error = str(status_code) if status_code >= CLIENT_ERROR else ""
            self._end(status_code, error)

    def on_error(self, error: BaseException) -> None:
        """Record *error* in place of a response and end the span."""
        with self._clients.end_operation:
            self._span.record_exception(error)
            self._end("", qualified_name(error))

    def _end(self, status_code: int | str, error: str) -> None:
        duration = perf_counter() - self._started_at
        if error:
            self._span.set_attribute(Attribute.ERROR_TYPE, error)
            self._span.set_status(StatusCode.ERROR)
        if self._clients.durations is not None:
            observer = self._clients.durations.child(*self._labels, status_code, error)
            observer.observe_in(self._span.get_span_context(), duration)
        self._span.end()


def remove_baggage(headers: MutableMapping[str, str]) -> None:
    """Remove the current baggage, because a redirect sends all headers to the new host."""
    if "baggage" in headers and headers["baggage"] == baggage_header():
        del headers["baggage"]


def current_clients(default: Clients | None) -> Clients:
    """Return the clients of the service that handles the current request, or else *default*."""
    owner: Any = context_api.get_value(CLIENTS_KEY)
    if owner is not None:
        clients: Clients = owner.clients
        return clients
    return default or default_clients()


def default_clients() -> Clients:
    """Return clients with the global tracer and without metrics."""
    return Clients(trace.get_tracer_provider(), guard=Guard(NullCounter, strict=False))
