"""OTLP over gRPC: encoded requests, with gRPC's own retries disabled.

Source: OpenTelemetry specification, "OTLP/gRPC"; google.rpc, status.proto and error_details.proto.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from instrumentation._export.response import parse_response
from instrumentation._export.verdict import Failed, Refused, TooLarge, Verdict
from instrumentation._otlp.wire import fields
from instrumentation._support.compression import decompress
from instrumentation._support.redaction import escape_for_log
from instrumentation.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import grpc

    from instrumentation._settings.export import ExportSettings

_METHOD: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

_BAD_REQUEST: Final = frozenset({"INVALID_ARGUMENT"})
"""Codes that reject the content of the request. All others are treated as an outage."""

_UNAVAILABLE: Final = "UNAVAILABLE"
_PROBE_SECONDS: Final = 0.5

_RECEIVER_BOUND_BYTES: Final = 4 * 1024 * 1024
"""Default message limit of a gRPC server, which answers RESOURCE_EXHAUSTED above it."""

_OPTIONS: Final = (
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 250),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 2000),
)
"""Reconnect backoff up to our own, because gRPC's default grows to two minutes."""


class GrpcTransport:
    """Transport that calls ``Export`` on one channel; the first call opens it."""

    def __init__(self, settings: ExportSettings) -> None:
        self._grpc = _import_grpc()
        self._settings = settings
        self._metadata = tuple(settings.headers.items())
        self._channel: grpc.Channel | None = None
        self._call: Any = None
        self._credentials = self._tls(urlsplit(settings.endpoint))

    def send(self, body: bytes, deadline: float) -> Verdict:
        """See `Transport.send`."""
        message = decompress(body)
        try:
            return parse_response(self._call_export(message, deadline))
        except self._grpc.FutureCancelledError:
            return Failed(cause="CANCELLED", detail="aborted by shutdown")
        except self._grpc.RpcError as error:
            verdict = _verdict(error, len(message))
            if isinstance(verdict, Failed) and verdict.cause == _UNAVAILABLE:
                return verdict._replace(unreachable=self._is_unreachable())
            return verdict

    def _is_unreachable(self) -> bool:
        """Return True when no connection can be opened, which gRPC reports only as a text."""
        url = urlsplit(self._settings.endpoint)
        if self._settings.proxy:
            return False
        try:
            socket.create_connection((url.hostname or "", url.port or 443), _PROBE_SECONDS).close()
        except TimeoutError:
            return False
        except OSError:
            return True
        return False

    def _call_export(self, message: bytes, deadline: float) -> bytes:
        export, metadata = self._export(), self._metadata
        timeout = max(0.001, deadline - time.monotonic())
        try:
            self._call = export.future(message, timeout=timeout, metadata=metadata)
        except RuntimeError:
            # Python 3.12 starts no thread during interpreter shutdown; a blocking call needs none.
            return export(message, timeout=timeout, metadata=metadata)
        response: bytes = self._call.result()
        return response

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

    def _export(self) -> grpc.UnaryUnaryMultiCallable[bytes, bytes]:
        if self._channel is None:
            self._channel = self._open()
        return self._channel.unary_unary(
            _METHOD, request_serializer=bytes, response_deserializer=bytes
        )

    def _open(self) -> grpc.Channel:
        address = grpc_target(urlsplit(self._settings.endpoint))
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

    def _tls(self, url: SplitResult) -> grpc.ChannelCredentials | None:
        if url.scheme != "https":
            return None
        settings = self._settings
        try:
            credentials: grpc.ChannelCredentials = self._grpc.ssl_channel_credentials(
                root_certificates=_read_file(settings.certificate),
                private_key=_read_file(settings.client_key),
                certificate_chain=_read_file(settings.client_certificate),
            )
        except OSError as error:
            raise ConfigurationError(
                f"{error.filename!r}: expected a certificate or key in PEM format; check "
                f"OTEL_EXPORTER_OTLP_CERTIFICATE, _CLIENT_CERTIFICATE and _CLIENT_KEY ({error})"
            ) from error
        return credentials


def _import_grpc() -> Any:
    try:
        import grpc
    except ImportError as error:
        raise ConfigurationError(
            "OTEL_EXPORTER_OTLP_PROTOCOL='grpc': expected the package grpcio; "
            "install the extra [grpc], or set http/protobuf"
        ) from error
    return grpc


def grpc_target(url: SplitResult) -> str:
    """Return host and port of *url* in gRPC's syntax."""
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    return f"{host}:{url.port or (443 if url.scheme == 'https' else 80)}"


def _read_file(path: str) -> bytes | None:
    return Path(path).read_bytes() if path else None


def _verdict(error: Any, size: int) -> Verdict:
    code = error.code().name
    detail = f"gRPC {code}: {escape_for_log(error.details() or '')}"
    wait = parse_retry_delay(error.trailing_metadata() or ())
    if code == "RESOURCE_EXHAUSTED" and wait is None and size > _RECEIVER_BOUND_BYTES:
        return TooLarge(cause=code)
    if code in _BAD_REQUEST:
        return Refused(cause=code, detail=detail)
    throttled = code == "RESOURCE_EXHAUSTED" and wait is not None
    return Failed(cause=code, detail=detail, retry_after_seconds=wait, throttled=throttled)


def parse_retry_delay(metadata: Iterable[tuple[str, str | bytes]]) -> float | None:
    """Return the delay of a ``RetryInfo``, sent alone or in the details of a ``Status``."""
    for key, value in metadata:
        if not isinstance(value, bytes):
            continue
        try:
            if key == "google.rpc.retryinfo-bin":
                return _parse_retry_info(value)
            if key == "grpc-status-details-bin":
                return _parse_status(value)
        except ValueError:
            continue
    return None


def _parse_status(status: bytes) -> float | None:
    for number, value in fields(status):
        if number == 3 and isinstance(value, bytes):  # noqa: PLR2004  Status.details
            detail = dict(fields(value))
            if str(detail.get(1)).find("google.rpc.RetryInfo") >= 0:
                return _parse_retry_info(detail[2])
    return None


def _parse_retry_info(retry_info: int | bytes) -> float | None:
    for number, value in fields(retry_info if isinstance(retry_info, bytes) else b""):
        if number == 1 and isinstance(value, bytes):
            duration = dict(fields(value))
            return _int_or_zero(duration.get(1)) + _int_or_zero(duration.get(2)) / 1e9
    return None


def _int_or_zero(value: int | bytes | None) -> int:
    return value if isinstance(value, int) else 0
