"""OTLP over gRPC: requests pass as bytes, and we decide when to try again.

Source: OpenTelemetry specification, "OTLP/gRPC"; google.rpc, status.proto and error_details.proto.
"""

import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from instrumentation._export.answer import partial_success
from instrumentation._export.http import GZIP_BITS
from instrumentation._export.verdict import Failed, Refused, TooLarge, Verdict
from instrumentation._otlp.wire import fields
from instrumentation._settings.export import ExportSettings
from instrumentation._support.redaction import printable
from instrumentation.errors import ConfigurationError

if TYPE_CHECKING:
    import grpc

_METHOD: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

_BAD_REQUEST: Final = frozenset({"INVALID_ARGUMENT"})
"""As for HTTP: the content of the request is at fault. Other codes may be repaired."""

_RECEIVER_BOUND_BYTES: Final = 4 * 1024 * 1024
"""What a gRPC receiver takes unless told otherwise; it says RESOURCE_EXHAUSTED to more."""

_OPTIONS: Final = (
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 250),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 2000),
)
"""The channel must not wait longer than we do: its own default grows to two minutes."""


class GrpcTransport:
    """Calls ``Export`` on one channel, which is opened by the first call."""

    component_type = "otlp_grpc_span_exporter"

    def __init__(self, settings: ExportSettings) -> None:
        self._grpc = _grpc()
        self._settings = settings
        self._metadata = tuple(settings.headers.items())
        self._channel: grpc.Channel | None = None
        self._call: Any = None
        self._credentials = self._tls(urlsplit(settings.endpoint))

    def send(self, body: bytes, deadline: float) -> Verdict:
        """See `Transport.send`."""
        message = zlib.decompress(body, GZIP_BITS)
        try:
            return partial_success(self._answer(message, deadline))
        except self._grpc.FutureCancelledError:
            return Failed(cause="CANCELLED", detail="given up")
        except self._grpc.RpcError as error:
            return _verdict(error, len(message))

    def _answer(self, message: bytes, deadline: float) -> bytes:
        export, metadata = self._export(), self._metadata
        timeout = max(0.001, deadline - time.monotonic())
        try:
            self._call = export.future(message, timeout=timeout, metadata=metadata)
        except RuntimeError:
            # Python 3.12 starts no thread while it ends; a call that blocks needs none.
            return export(message, timeout=timeout, metadata=metadata)
        answer: bytes = self._call.result()
        return answer

    def abort(self) -> None:
        """See `Transport.abort`."""
        call = self._call
        if call is not None:
            call.cancel()

    def close(self) -> None:
        """See `Transport.close`."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _export(self) -> "grpc.UnaryUnaryMultiCallable[bytes, bytes]":
        if self._channel is None:
            self._channel = self._open()
        return self._channel.unary_unary(
            _METHOD, request_serializer=bytes, response_deserializer=bytes
        )

    def _open(self) -> "grpc.Channel":
        address = target(urlsplit(self._settings.endpoint))
        gzip = self._settings.compression == "gzip"
        compressions = self._grpc.Compression
        options: dict[str, Any] = {
            "options": (*_OPTIONS, ("grpc.enable_http_proxy", int(bool(self._settings.proxy)))),
            "compression": compressions.Gzip if gzip else compressions.NoCompression,
        }
        channel: grpc.Channel = (
            self._grpc.secure_channel(address, self._credentials, **options)
            if self._credentials
            else self._grpc.insecure_channel(address, **options)
        )
        return channel

    def _tls(self, url: SplitResult) -> "grpc.ChannelCredentials | None":
        if url.scheme != "https":
            return None
        settings = self._settings
        try:
            credentials: grpc.ChannelCredentials = self._grpc.ssl_channel_credentials(
                root_certificates=_file(settings.certificate),
                private_key=_file(settings.client_key),
                certificate_chain=_file(settings.client_certificate),
            )
        except OSError as error:
            raise ConfigurationError(
                f"{error.filename!r}: expected a certificate or key in PEM format, as named by "
                f"OTEL_EXPORTER_OTLP_CERTIFICATE, _CLIENT_CERTIFICATE or _CLIENT_KEY ({error})"
            ) from error
        return credentials


def _grpc() -> Any:  # noqa: ANN401  a module
    try:
        import grpc  # noqa: PLC0415  an extra, and 90 ms
    except ImportError as error:
        raise ConfigurationError(
            "OTEL_EXPORTER_OTLP_PROTOCOL='grpc': expected the package grpcio; "
            "install the extra [grpc], or set http/protobuf"
        ) from error
    return grpc


def target(url: SplitResult) -> str:
    """Host and port of *url*, as gRPC reads them."""
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    return f"{host}:{url.port or (443 if url.scheme == 'https' else 80)}"


def _file(path: str) -> bytes | None:
    return Path(path).read_bytes() if path else None


def _verdict(error: Any, size: int) -> Verdict:  # noqa: ANN401  an RpcError that is a Call, too
    code = error.code().name
    detail = f"gRPC {code}: {printable(error.details() or '')}"
    wait = retry_delay(error.trailing_metadata() or ())
    if code == "RESOURCE_EXHAUSTED" and wait is None and size > _RECEIVER_BOUND_BYTES:
        return TooLarge(cause=code)
    if code in _BAD_REQUEST:
        return Refused(cause=code, detail=detail)
    throttled = code == "RESOURCE_EXHAUSTED" and wait is not None
    return Failed(cause=code, detail=detail, retry_after_seconds=wait, throttled=throttled)


def retry_delay(metadata: Iterable[tuple[str, str | bytes]]) -> float | None:
    """Delay of a ``RetryInfo``, alone or among the details of a ``Status``."""
    for key, value in metadata:
        if not isinstance(value, bytes):
            continue
        try:
            if key == "google.rpc.retryinfo-bin":
                return _delay(value)
            if key == "grpc-status-details-bin":
                return _delay_in_status(value)
        except ValueError:
            continue
    return None


def _delay_in_status(status: bytes) -> float | None:
    for number, value in fields(status):
        if number == 3 and isinstance(value, bytes):  # noqa: PLR2004  Status.details
            detail = dict(fields(value))
            if str(detail.get(1)).find("google.rpc.RetryInfo") >= 0:
                return _delay(detail[2])
    return None


def _delay(retry_info: int | bytes) -> float | None:
    for number, value in fields(retry_info if isinstance(retry_info, bytes) else b""):
        if number == 1 and isinstance(value, bytes):
            duration = dict(fields(value))
            return _whole(duration.get(1)) + _whole(duration.get(2)) / 1e9
    return None


def _whole(value: int | bytes | None) -> int:
    return value if isinstance(value, int) else 0
