"""What export can be told, from the variables that OpenTelemetry fixed.

A variable that names traces (``OTEL_EXPORTER_OTLP_TRACES_…``) wins over the general one. Times in
the environment are milliseconds, here they are seconds.

Source: OpenTelemetry specification, "OpenTelemetry Protocol Exporter" and "Batch Span Processor".
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, Self
from urllib.parse import urlsplit

from instrumentation._settings import environment
from instrumentation._settings.proxy import proxy_for
from instrumentation.errors import ConfigurationError

HTTP: Final = "http/protobuf"
GRPC: Final = "grpc"

OTLP: Final = "otlp"
CONSOLE: Final = "console"
NONE: Final = "none"
STOCK_HTTP: Final = "otlp_proto_http"
STOCK_GRPC: Final = "otlp_proto_grpc"
SENDING: Final = (OTLP, CONSOLE, STOCK_HTTP, STOCK_GRPC)

SHORTEST_TIMEOUT_MILLIS: Final = 100
"""Below this a timeout is a mistake: the stock exporter of Python reads *seconds* here."""

_PORTS: Final = {HTTP: 4318, GRPC: 4317}
_SCHEMES: Final = ("http", "https")
_TRACES_PATH: Final = "/v1/traces"


class ExportSettings(NamedTuple):
    """Where finished spans go, how, and how many may wait."""

    exporters: tuple[str, ...]
    """``otlp`` is ours, ``console`` prints, ``otlp_proto_http`` and ``otlp_proto_grpc`` are the
    stock exporters; ``none``, alone, drops. Variable ``OTEL_TRACES_EXPORTER``, a list."""
    protocol: str
    """``http/protobuf`` or ``grpc``. Variable ``OTEL_EXPORTER_OTLP_PROTOCOL``."""
    endpoint: str
    """URL that takes the spans. Variable ``OTEL_EXPORTER_OTLP_ENDPOINT``, to which HTTP appends
    ``/v1/traces``, or ``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`` as it stands."""
    headers: Mapping[str, str]
    """Sent with every export, often credentials. Variable ``OTEL_EXPORTER_OTLP_HEADERS``."""
    compression: str
    """``gzip`` or ``none``; unset means gzip over HTTP and none over gRPC, whose library would
    compress again at four times the cost. Variable ``OTEL_EXPORTER_OTLP_COMPRESSION``."""
    certificate: str
    """File with the authorities to trust; empty: the system's. Variable
    ``OTEL_EXPORTER_OTLP_CERTIFICATE``."""
    client_certificate: str
    """File with our own certificate. Variable ``OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE``."""
    client_key: str
    """File with its private key. Variable ``OTEL_EXPORTER_OTLP_CLIENT_KEY``."""
    proxy: str
    """URL of the HTTP proxy on the way, empty without one. Variables ``HTTPS_PROXY``,
    ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``; loopback is reached directly."""
    timeout_seconds: float
    """Longest one attempt may take: the smaller of ``OTEL_EXPORTER_OTLP_TIMEOUT`` and
    ``OTEL_BSP_EXPORT_TIMEOUT``."""
    schedule_delay_seconds: float
    """Longest a span waits before it is sent; what a SIGKILL can cost. Variable
    ``OTEL_BSP_SCHEDULE_DELAY``."""
    max_batch_spans: int
    """Most spans in one request. Variable ``OTEL_BSP_MAX_EXPORT_BATCH_SIZE``."""
    max_queue_spans: int | None
    """Most spans that may wait; None: only bytes count. Variable ``OTEL_BSP_MAX_QUEUE_SIZE``."""
    max_queue_bytes: int
    """Most compressed bytes that may wait, oldest dropped first. Variable
    ``SIGHTLINE_EXPORT_QUEUE_BYTES``, for OpenTelemetry counts spans only."""

    def __repr__(self) -> str:
        """Everything but credentials."""
        urls = {name: without_credentials(getattr(self, name)) for name in ("endpoint", "proxy")}
        shown = self._asdict() | urls | {"headers": ...}
        return f"ExportSettings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read every variable.

        Raises:
            ConfigurationError: Names variable, value and expectation.
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
            certificate=environment.text(environ, _otlp(environ, "CERTIFICATE")),
            client_certificate=environment.text(environ, _otlp(environ, "CLIENT_CERTIFICATE")),
            client_key=environment.text(environ, _otlp(environ, "CLIENT_KEY")),
            proxy=proxy_for(endpoint, environ),
            timeout_seconds=min(
                _seconds(environ, _otlp(environ, "TIMEOUT"), 10_000),
                _seconds(environ, "OTEL_BSP_EXPORT_TIMEOUT", 30_000),
            ),
            schedule_delay_seconds=_schedule_delay(environ),
            max_batch_spans=environment.whole(
                environ, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, minimum=1
            ),
            max_queue_spans=_max_queue_spans(environ),
            max_queue_bytes=environment.whole(
                environ, "SIGHTLINE_EXPORT_QUEUE_BYTES", 8 * 1024 * 1024, minimum=1
            ),
        )


def _exporters(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Each name once, in the order given."""
    name = "OTEL_TRACES_EXPORTER"
    found = tuple(dict.fromkeys(map(str.lower, environment.words(environ, name, (OTLP,)))))
    if found != (NONE,) and not set(found).issubset(SENDING):
        raise ConfigurationError(
            f"{name}={','.join(found)!r}: expected {NONE}, or a list of {', '.join(SENDING)}; "
            "to reach another backend, send otlp to a collector"
        )
    return found


def _otlp(environ: Mapping[str, str], word: str) -> str:
    """The variable that speaks for traces: the specific one when it is set."""
    specific = f"OTEL_EXPORTER_OTLP_TRACES_{word}"
    return specific if environment.text(environ, specific) else f"OTEL_EXPORTER_OTLP_{word}"


def _otlp_choice(
    environ: Mapping[str, str], word: str, default: str, among: tuple[str, ...]
) -> str:
    return environment.choice(environ, _otlp(environ, word), default, among=among)


def _seconds(environ: Mapping[str, str], name: str, default_millis: float) -> float:
    millis = environment.number(environ, name, default_millis, minimum=SHORTEST_TIMEOUT_MILLIS)
    return millis / 1000


def _schedule_delay(environ: Mapping[str, str]) -> float:
    """One second unless told otherwise: OpenTelemetry's five are five seconds lost to a SIGKILL."""
    return environment.number(environ, "OTEL_BSP_SCHEDULE_DELAY", 1000) / 1000


def _max_queue_spans(environ: Mapping[str, str]) -> int | None:
    name = "OTEL_BSP_MAX_QUEUE_SIZE"
    given = bool(environment.text(environ, name))
    return environment.whole(environ, name, 2048, minimum=1) if given else None


def _headers(environ: Mapping[str, str]) -> dict[str, str]:
    """Names in lower case, as gRPC wants them.

    Raises:
        ConfigurationError: Not ``key=value``, or a character that no header can carry.
    """
    name = _otlp(environ, "HEADERS")
    headers = {key.lower(): value for key, value in environment.pairs(environ, name).items()}
    for key, value in headers.items():
        if not (key.isascii() and (key + value).isprintable() and value.isascii()):
            raise ConfigurationError(
                f"{name}: header {key!r} holds characters that HTTP cannot carry; "
                "expected printable ASCII, percent-encoded like key=a%20b"
            )
    return headers


def _endpoint(environ: Mapping[str, str], protocol: str) -> str:
    name = _otlp(environ, "ENDPOINT")
    value = environment.text(environ, name, f"http://localhost:{_PORTS[protocol]}")
    if protocol == GRPC:
        value = _with_scheme(environ, value)
    _check_url(name, value)
    if protocol == HTTP and "_TRACES_" not in name:
        return value.rstrip("/") + _TRACES_PATH
    return value


def _with_scheme(environ: Mapping[str, str], value: str) -> str:
    """A gRPC ``host:port`` is encrypted unless OTEL_EXPORTER_OTLP_INSECURE says otherwise."""
    insecure = environment.boolean(environ, _otlp(environ, "INSECURE"), default=False)
    if "://" in value:
        return value
    return f"{'http' if insecure else 'https'}://{value}"


def _check_url(name: str, value: str) -> None:
    if not valid(value):
        raise ConfigurationError(
            f"{name}={without_credentials(value)!r}: expected a URL like http://localhost:4318"
        )


def valid(value: str) -> bool:
    """Whether *value* is a URL with a host that HTTP reaches."""
    try:
        url = urlsplit(value)
        return url.scheme in _SCHEMES and bool(url.hostname) and url.port != 0
    except ValueError:  # a port that is not a number, brackets that do not match
        return False


def without_credentials(value: str) -> str:
    """*value* fit to be shown: what stands before an ``@`` may be a password."""
    credentials, at, rest = value.rpartition("@")
    scheme, separator, _ = credentials.partition("://")
    return f"{scheme}{separator}…{at}{rest}" if at else value
