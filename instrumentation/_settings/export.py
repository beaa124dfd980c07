"""Settings of the export, from OpenTelemetry's environment variables.

A variable for traces (``OTEL_EXPORTER_OTLP_TRACES_…``) overrides the general one. Times are
milliseconds in the environment and seconds here.

Source: OpenTelemetry specification, "OpenTelemetry Protocol Exporter" and "Batch Span Processor".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from instrumentation._settings import environment
from instrumentation._support.record import Record
from instrumentation.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

HTTP: Final = "http/protobuf"
GRPC: Final = "grpc"

OTLP: Final = "otlp"
CONSOLE: Final = "console"
NONE: Final = "none"
STOCK_HTTP: Final = "otlp_proto_http"
STOCK_GRPC: Final = "otlp_proto_grpc"
EXPORTER_NAMES: Final = (OTLP, CONSOLE, STOCK_HTTP, STOCK_GRPC)

MIN_TIMEOUT_MILLIS: Final = 100
"""Minimum timeout. A smaller value is probably meant in seconds, as the stock exporter reads it."""

_PORTS: Final = {HTTP: 4318, GRPC: 4317}
_SCHEMES: Final = ("http", "https")
_PROXY_VARIABLES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy"})
_TRACES_PATH: Final = "/v1/traces"


class ExportSettings(Record):
    """Destination, transport and bounds of the export."""

    exporters: tuple[str, ...]
    """``otlp`` is this package's exporter, ``console`` prints, ``otlp_proto_http`` and
    ``otlp_proto_grpc`` are OpenTelemetry's exporters; ``none``, as the only item, discards.
    Variable ``OTEL_TRACES_EXPORTER``, a list."""
    protocol: str
    """``http/protobuf`` or ``grpc``. Variable ``OTEL_EXPORTER_OTLP_PROTOCOL``."""
    endpoint: str
    """URL of the collector. Variable ``OTEL_EXPORTER_OTLP_ENDPOINT``, to which HTTP appends
    ``/v1/traces``, or ``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT``, which is used unchanged."""
    headers: Mapping[str, str]
    """Headers of every request, often credentials. Variable ``OTEL_EXPORTER_OTLP_HEADERS``."""
    compression: str
    """``gzip`` or ``none``; defaults to gzip over HTTP and none over gRPC, whose library would
    compress again at four times the cost. Variable ``OTEL_EXPORTER_OTLP_COMPRESSION``."""
    certificate: str
    """File with the trusted certificate authorities; empty means the system's. Variable
    ``OTEL_EXPORTER_OTLP_CERTIFICATE``."""
    client_certificate: str
    """File with the client certificate. Variable ``OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE``."""
    client_key: str
    """File with the private key of the client certificate. Variable
    ``OTEL_EXPORTER_OTLP_CLIENT_KEY``."""
    proxy: str
    """URL of the HTTP proxy; empty means none. Variables ``HTTPS_PROXY``, ``HTTP_PROXY``,
    ``ALL_PROXY`` and ``NO_PROXY``; loopback addresses are never proxied."""
    timeout_seconds: float
    """Timeout of one attempt: the smaller of ``OTEL_EXPORTER_OTLP_TIMEOUT`` and
    ``OTEL_BSP_EXPORT_TIMEOUT``."""
    schedule_delay_seconds: float
    """Maximum delay before a span is sent; a SIGKILL loses the spans of this period. Variable
    ``OTEL_BSP_SCHEDULE_DELAY``."""
    max_batch_spans: int
    """Maximum number of spans in one request. Variable ``OTEL_BSP_MAX_EXPORT_BATCH_SIZE``."""
    max_queue_spans: int | None
    """Maximum number of queued spans; None means that only the size in bytes is bounded. Variable
    ``OTEL_BSP_MAX_QUEUE_SIZE``."""
    max_queue_bytes: int
    """Maximum compressed size of the queue; the oldest spans are dropped first. Variable
    ``SIGHTLINE_EXPORT_QUEUE_BYTES``, because OpenTelemetry has no variable for bytes."""

    def __repr__(self) -> str:
        """Return all fields except credentials."""
        urls = {name: hide_credentials(getattr(self, name)) for name in ("endpoint", "proxy")}
        shown = self._asdict() | urls | {"headers": ...}
        return f"ExportSettings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read all variables.

        Raises:
            ConfigurationError: Contains variable, value and expectation.
        """
        protocol = _otlp_choice(environ, "PROTOCOL", HTTP, (HTTP, GRPC))
        endpoint = _endpoint(environ, protocol)
        return cls(
            exporters=_exporters(environ),
            protocol=protocol,
            endpoint=endpoint,
            headers=_headers(environ),
            compression=_otlp_choice(
                environ, "COMPRESSION", "gzip" if protocol == HTTP else "none", ("gzip", "none")
            ),
            certificate=environment.text(environ, _otlp_variable(environ, "CERTIFICATE")),
            client_certificate=environment.text(
                environ, _otlp_variable(environ, "CLIENT_CERTIFICATE")
            ),
            client_key=environment.text(environ, _otlp_variable(environ, "CLIENT_KEY")),
            proxy=_proxy(environ, endpoint),
            timeout_seconds=min(
                _seconds(environ, _otlp_variable(environ, "TIMEOUT"), 10_000),
                _seconds(environ, "OTEL_BSP_EXPORT_TIMEOUT", 30_000),
            ),
            schedule_delay_seconds=_schedule_delay(environ),
            max_batch_spans=environment.integer(
                environ, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, minimum=1
            ),
            max_queue_spans=_max_queue_spans(environ),
            max_queue_bytes=environment.integer(
                environ, "SIGHTLINE_EXPORT_QUEUE_BYTES", 8 * 1024 * 1024, minimum=1
            ),
        )


def _proxy(environ: Mapping[str, str], endpoint: str) -> str:
    if not any(name.lower() in _PROXY_VARIABLES for name in environ):
        return ""
    from instrumentation._settings.proxy import proxy_for

    return proxy_for(endpoint, environ)


def _exporters(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the exporters without duplicates, in the order given."""
    name = "OTEL_TRACES_EXPORTER"
    found = tuple(dict.fromkeys(map(str.lower, environment.items(environ, name, (OTLP,)))))
    if found != (NONE,) and not set(found).issubset(EXPORTER_NAMES):
        raise ConfigurationError(
            f"{name}={','.join(found)!r}: expected {NONE}, or a list of "
            f"{', '.join(EXPORTER_NAMES)}; "
            "to reach another backend, send otlp to a collector"
        )
    return found


def _otlp_variable(environ: Mapping[str, str], word: str) -> str:
    """Return the name of the variable that applies to traces: the specific one when it is set."""
    specific = f"OTEL_EXPORTER_OTLP_TRACES_{word}"
    return specific if environment.text(environ, specific) else f"OTEL_EXPORTER_OTLP_{word}"


def _otlp_choice(
    environ: Mapping[str, str], word: str, default: str, among: tuple[str, ...]
) -> str:
    return environment.choice(environ, _otlp_variable(environ, word), default, among=among)


def _seconds(environ: Mapping[str, str], name: str, default_millis: float) -> float:
    millis = environment.number(environ, name, default_millis, minimum=MIN_TIMEOUT_MILLIS)
    return millis / 1000


def _schedule_delay(environ: Mapping[str, str]) -> float:
    """Return the delay; defaults to one second instead of OpenTelemetry's five.

    A SIGKILL loses the spans of that period.
    """
    return environment.number(environ, "OTEL_BSP_SCHEDULE_DELAY", 1000) / 1000


def _max_queue_spans(environ: Mapping[str, str]) -> int | None:
    name = "OTEL_BSP_MAX_QUEUE_SIZE"
    given = bool(environment.text(environ, name))
    return environment.integer(environ, name, 2048, minimum=1) if given else None


def _headers(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with names in lower case, as gRPC requires.

    Raises:
        ConfigurationError: An item is not ``key=value`` or contains an invalid character.
    """
    name = _otlp_variable(environ, "HEADERS")
    headers = {key.lower(): value for key, value in environment.key_values(environ, name).items()}
    for key, value in headers.items():
        if not (key.isascii() and (key + value).isprintable() and value.isascii()):
            raise ConfigurationError(
                f"{name}: header {key!r} contains characters that are invalid in HTTP; "
                "expected printable ASCII, percent-encoded like key=a%20b"
            )
    return headers


def _endpoint(environ: Mapping[str, str], protocol: str) -> str:
    name = _otlp_variable(environ, "ENDPOINT")
    value = environment.text(environ, name, f"http://localhost:{_PORTS[protocol]}")
    if protocol == GRPC:
        value = _with_scheme(environ, value)
    _check_url(name, value)
    if protocol == HTTP and "_TRACES_" not in name:
        return value.rstrip("/") + _TRACES_PATH
    return value


def _with_scheme(environ: Mapping[str, str], value: str) -> str:
    """Add a scheme to ``host:port``: https, or http if OTEL_EXPORTER_OTLP_INSECURE is true."""
    insecure = environment.boolean(environ, _otlp_variable(environ, "INSECURE"), default=False)
    if "://" in value:
        return value
    return f"{'http' if insecure else 'https'}://{value}"


def _check_url(name: str, value: str) -> None:
    if not is_http_url(value):
        raise ConfigurationError(
            f"{name}={hide_credentials(value)!r}: expected a URL like http://localhost:4318"
        )


def is_http_url(value: str) -> bool:
    """Return whether *value* is an HTTP URL with a host."""
    try:
        url = urlsplit(value)
        return url.scheme in _SCHEMES and bool(url.hostname) and url.port != 0
    except ValueError:  # invalid port, or unbalanced brackets
        return False


def hide_credentials(value: str) -> str:
    """Return *value* without the part before an ``@``, which may be a password."""
    credentials, at, rest = value.rpartition("@")
    scheme, separator, _ = credentials.partition("://")
    return f"{scheme}{separator}…{at}{rest}" if at else value
