"""The client side of an HTTP call: a CLIENT span, its context in the headers, one sample.

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

from instrumentation._metrics.families import Bounded, Families
from instrumentation._spans.limits import limited
from instrumentation._spans.propagation import members
from instrumentation._spans.propagators import USUAL, Propagators
from instrumentation._spans.sanitizer import Sanitizer
from instrumentation._support.guard import Guard, Uncounted, qualified_name
from instrumentation._support.once import once
from instrumentation._support.redaction import LONGEST, redacted, redacted_path
from instrumentation.conventions import KNOWN_METHODS, OTHER_METHOD, SCOPE
from instrumentation.settings import LOCAL_HOSTS, Limits

if TYPE_CHECKING:
    from opentelemetry.util.types import AnyValue

    from instrumentation._metrics.histogram import Observer

CLIENTS: Final = create_key("instrumentation-clients")
"""Context key of the `Clients` of the service whose request is being served."""

SUPPRESSED: Final = (_SUPPRESS_HTTP_INSTRUMENTATION_KEY, _SUPPRESS_INSTRUMENTATION_KEY)
"""Context keys that exporters set: their own calls must not become spans to export."""

DEFAULTS: Final = Sanitizer(Limits.from_env({}))
"""Limits and secrets where no service has set its own."""

CLIENT_ERROR: Final = 400
DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Clients:
    """Starts calls; one for each service.

    Args:
        provider: Gives the tracer that starts the spans.
        guard: Keeps failures of ours from the caller.
        families: Where the calls are counted; None: nowhere.
        sanitizer: Limits of the spans and secrets in their URLs and errors.
        baggage_hosts: Hosts that baggage is sent to.
        propagators: Write the headers; W3C's when left out.
    """

    def __init__(  # noqa: PLR0913  each is a thing that settings say
        self,
        provider: trace.TracerProvider,
        *,
        guard: Guard,
        families: Families | None = None,
        sanitizer: Sanitizer | None = None,
        baggage_hosts: tuple[str, ...] = LOCAL_HOSTS,
        propagators: Propagators = USUAL,
    ) -> None:
        self._provider = provider
        self._sanitizer = sanitizer or DEFAULTS
        self._baggage_hosts = baggage_hosts
        self._propagators = propagators
        self.durations: Bounded[Observer] | None = (
            families.histogram("http_client_request_duration_seconds") if families else None
        )
        self.starting = guard.operation("client_start")
        self.finishing = guard.operation("client_end")

    @once
    def _tracer(self) -> trace.Tracer:
        return limited(self._provider.get_tracer(SCOPE), self._sanitizer)

    def start(self, method: str, url: str) -> "Call | None":
        """Begin a call; None when the call is not to be observed, or that failed."""
        with self.starting:
            if not any(context_api.get_value(key) for key in SUPPRESSED):
                return self._start(method, urlsplit(url))
        return None

    def _start(self, method: str, url: SplitResult) -> "Call":
        known = method if method in KNOWN_METHODS else OTHER_METHOD
        host, port = url.hostname or "", url.port or DEFAULT_PORTS.get(url.scheme, 0)
        attributes: dict[str, AnyValue] = {
            "http.request.method": known,
            "server.address": host,
            "server.port": port,
            "url.full": self._shown(url, host),
        }
        if known == OTHER_METHOD:
            attributes["http.request.method_original"] = method
        name = "HTTP" if known == OTHER_METHOD else known
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
        headers = self._propagators.outgoing(
            trace.set_span_in_context(span), with_members=self.may_have_baggage(host)
        )
        return Call(self, span, (known, host, port), headers)

    def _shown(self, url: SplitResult, host: str) -> str:
        """The URL without credentials and with secret values redacted, cut."""
        netloc = f"[{host}]" if ":" in host else host
        if url.port:
            netloc = f"{netloc}:{url.port}"
        secret = self._sanitizer.secret
        query = redacted(url.query, secret) if url.query else ""
        path = redacted_path(url.path, secret)
        return url._replace(netloc=netloc, path=path, query=query, fragment="").geturl()[:LONGEST]

    def may_have_baggage(self, host: str) -> bool:
        """Whether *host* is listed."""
        return any(fnmatchcase(host, pattern) for pattern in self._baggage_hosts)


class Call:
    """A call under way."""

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
        """Write what is to be sent along into *headers*, instead of what an earlier hop did.

        Baggage of the service's own making stays, where none of ours replaces it.
        """
        with self._clients.starting:
            if "traceparent" in self._headers:
                headers.pop("tracestate", None)
            forget_baggage(headers)
            headers.update(self._headers)

    def redirected(self, url: str, headers: MutableMapping[str, str]) -> None:
        """The call goes on at *url*, with the same *headers*."""
        with self._clients.finishing:
            if not self._clients.may_have_baggage(urlsplit(url).hostname or ""):
                forget_baggage(headers)

    def answered(self, status_code: int) -> None:
        """The answer's headers are in."""
        with self._clients.finishing:
            self._span.set_attribute("http.response.status_code", status_code)
            error = str(status_code) if status_code >= CLIENT_ERROR else ""
            self._end(status_code, error)

    def failed(self, error: BaseException) -> None:
        """No answer came."""
        with self._clients.finishing:
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


def forget_baggage(headers: MutableMapping[str, str]) -> None:
    """Remove the current baggage: who is redirected takes all headers along to another host."""
    if "baggage" in headers and headers["baggage"] == members():
        del headers["baggage"]


def current(default: Clients | None) -> Clients:
    """The clients of the service whose request is being served, or else *default*."""
    found = context_api.get_value(CLIENTS)
    if isinstance(found, Clients):
        return found
    return default or unattached()


def unattached() -> Clients:
    """Clients for a service that was not instrumented: the global tracer, no metrics."""
    return Clients(trace.get_tracer_provider(), guard=Guard(Uncounted, strict=False))
