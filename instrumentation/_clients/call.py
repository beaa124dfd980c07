"""Client side of an HTTP call: a CLIENT span, propagation headers and one sample.

Source: semantic conventions, "HTTP client span" and ``http.client.request.duration``.
"""

from collections.abc import MutableMapping
from fnmatch import fnmatchcase
from time import perf_counter
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.context import (
    _SUPPRESS_HTTP_INSTRUMENTATION_KEY,
    _SUPPRESS_INSTRUMENTATION_KEY,
    create_key,
)
from opentelemetry.trace import SpanKind, StatusCode

from instrumentation._metrics.families import BoundedChildren, Families
from instrumentation._spans.limits import limit_tracer
from instrumentation._spans.propagation import baggage_header
from instrumentation._spans.propagators import W3C_PROPAGATORS, Propagators
from instrumentation._spans.sanitizer import Sanitizer
from instrumentation._support.cached_property import cached_property
from instrumentation._support.guard import Guard, NullCounter, qualified_name
from instrumentation._support.redaction import MAX_FIELD_CHARS, redact_path, redact_query
from instrumentation.conventions import KNOWN_METHODS, OTHER_METHOD, SCOPE
from instrumentation.settings import LOCAL_HOSTS, Limits

if TYPE_CHECKING:
    from opentelemetry.util.types import AnyValue

    from instrumentation._metrics.histogram import Observer

CLIENTS_KEY: Final = create_key("instrumentation-clients")
"""Context key of the `Clients` of the service that handles the current request."""

SUPPRESSION_KEYS: Final = (_SUPPRESS_HTTP_INSTRUMENTATION_KEY, _SUPPRESS_INSTRUMENTATION_KEY)
"""Context keys that exporters set so that their own calls are not traced."""

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
        self.durations: BoundedChildren[Observer] | None = (
            families.histogram("http_client_request_duration_seconds") if families else None
        )
        self.start_operation = guard.operation("client_start")
        self.end_operation = guard.operation("client_end")

    @cached_property
    def _tracer(self) -> trace.Tracer:
        return limit_tracer(self._provider.get_tracer(SCOPE), self._sanitizer)

    def start(self, method: str, url: str) -> "Call | None":
        """Start a call; None when tracing is suppressed or an internal error occurs."""
        with self.start_operation:
            if not any(context_api.get_value(key) for key in SUPPRESSION_KEYS):
                return self._start(method, urlsplit(url))
        return None

    def _start(self, method: str, url: SplitResult) -> "Call":
        known = method if method in KNOWN_METHODS else OTHER_METHOD
        host, port = url.hostname or "", url.port or DEFAULT_PORTS.get(url.scheme, 0)
        attributes: dict[str, AnyValue] = {
            "http.request.method": known,
            "server.address": host,
            "server.port": port,
            "url.full": self._full_url(url, host),
        }
        if known == OTHER_METHOD:
            attributes["http.request.method_original"] = method
        name = "HTTP" if known == OTHER_METHOD else known
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
        headers = self._propagators.outgoing_headers(
            trace.set_span_in_context(span), include_baggage=self.sends_baggage_to(host)
        )
        return Call(self, span, (known, host, port), headers)

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

    def on_response(self, status_code: int) -> None:
        """Record the status of the response and end the span."""
        with self._clients.end_operation:
            self._span.set_attribute("http.response.status_code", status_code)
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
            self._span.set_attribute("error.type", error)
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
    found = context_api.get_value(CLIENTS_KEY)
    if isinstance(found, Clients):
        return found
    return default or default_clients()


def default_clients() -> Clients:
    """Return clients with the global tracer and without metrics."""
    return Clients(trace.get_tracer_provider(), guard=Guard(NullCounter, strict=False))
