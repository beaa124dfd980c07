"""OTLP over HTTP: one persistent connection, and a deadline for every attempt.

Source: OpenTelemetry specification, "OTLP/HTTP".
"""

from __future__ import annotations

import http.client
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from instrumentation._export.response import parse_response
from instrumentation._export.verdict import Failed, Refused, TooLarge, Verdict
from instrumentation._settings.export import ExportSettings, hide_credentials, is_http_url
from instrumentation._support.compression import decompress
from instrumentation._support.http import Connection, proxy_authorization
from instrumentation._support.redaction import escape_for_log
from instrumentation.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

_MAX_BODY_BYTES: Final = 64 * 1024
_MAX_BODY_SECONDS: Final = 1.0
"""Bounds of a response's body. The status alone decides whether the request was accepted."""

_BAD_REQUEST: Final = frozenset({400, 405, 411, 415, 422, 431})
"""Statuses that reject the content of the request. All others, including 401, 404 and 302, are
treated as an outage, so that no span is lost until the configuration is fixed."""
_TOO_LARGE: Final = 413
_THROTTLED: Final = 429

_STALE_CONNECTION_ERRORS: Final = (
    http.client.RemoteDisconnected,
    ConnectionResetError,
    BrokenPipeError,
)
"""Errors of a persistent connection that the collector has closed."""


class HttpTransport:
    """Transport that posts to one URL."""

    def __init__(self, settings: ExportSettings) -> None:
        url, proxy = urlsplit(settings.endpoint), _proxy(settings.proxy)
        self._target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        self._gzip = settings.compression == "gzip"
        self._headers = {
            "content-type": "application/x-protobuf",
            "user-agent": "Sightline-OTLP-Exporter-Python",
            **({"content-encoding": "gzip"} if self._gzip else {}),
            **settings.headers,
        }
        if proxy is not None and url.scheme == "http":
            self._target = f"http://{url.netloc.rpartition('@')[2]}{self._target}"
            self._headers |= proxy_authorization(proxy)
        self._connection = Connection(url, _tls(url, settings), proxy)

    def send(self, body: bytes, deadline: float) -> Verdict:
        """See `Transport.send`."""
        content = body if self._gzip else decompress(body)
        self._connection.deadline = deadline
        kept = self._connection.sock is not None
        try:
            try:
                return self._post(content)
            except _STALE_CONNECTION_ERRORS:
                if not kept:
                    raise
                self.close()
                return self._post(content)
        except (OSError, http.client.HTTPException) as error:
            connected = self._connection.sock is not None
            self.close()
            return Failed(
                cause=type(error).__name__,
                detail=escape_for_log(str(error)),
                unreachable=not (connected or isinstance(error, TimeoutError)),
            )

    def abort(self) -> None:
        """See `Transport.abort`."""
        self._connection.abort()

    def close(self) -> None:
        """See `Transport.close`."""
        self._connection.close()

    def _post(self, content: bytes) -> Verdict:
        self._connection.request("POST", self._target, content, self._headers)
        response = self._connection.getresponse()
        return _verdict(response, self._read_body(response))

    def _read_body(self, response: http.client.HTTPResponse) -> bytes | None:
        """Return the body, or None when it exceeds its bounds."""
        longest = time.monotonic() + _MAX_BODY_SECONDS
        self._connection.deadline = min(self._connection.deadline, longest)
        try:
            body = response.read(_MAX_BODY_BYTES)
        except (OSError, http.client.HTTPException):
            self.close()
            return None
        if response.isclosed():
            return body
        self.close()  # the rest of the body would be parsed as the next response
        return None


def _proxy(value: str) -> SplitResult | None:
    if not value:
        return None
    if not (value.startswith("http://") and is_http_url(value)):
        raise ConfigurationError(
            f"{hide_credentials(value)!r}, the proxy of HTTPS_PROXY, HTTP_PROXY or ALL_PROXY: "
            "expected a URL like http://proxy:3128; add the collector to NO_PROXY to bypass it"
        )
    return urlsplit(value)


def _tls(url: SplitResult, settings: ExportSettings) -> ssl.SSLContext | None:
    if url.scheme != "https":
        return None
    import ssl

    try:
        context = ssl.create_default_context(cafile=settings.certificate or None)
        if settings.client_certificate:
            context.load_cert_chain(settings.client_certificate, settings.client_key or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"OTEL_EXPORTER_OTLP_CERTIFICATE={settings.certificate!r}, "
            f"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE={settings.client_certificate!r}, "
            f"OTEL_EXPORTER_OTLP_CLIENT_KEY={settings.client_key!r}: "
            f"expected files in PEM format ({error})"
        ) from error
    return context


def _verdict(response: http.client.HTTPResponse, body: bytes | None) -> Verdict:
    status = response.status
    cause = str(status)
    if http.client.OK <= status < http.client.MULTIPLE_CHOICES:
        return parse_response(body, _content_type(response))
    if status == _TOO_LARGE:
        return TooLarge(cause=cause)
    detail = f"HTTP {status} {escape_for_log(response.reason)}"
    if status in _BAD_REQUEST:
        return Refused(cause=cause, detail=detail)
    wait = parse_retry_after(response.headers.get("retry-after", ""))
    return Failed(
        cause=cause, detail=detail, retry_after_seconds=wait, throttled=status == _THROTTLED
    )


def _content_type(response: http.client.HTTPResponse) -> str:
    return response.headers.get_content_type() if response.headers.get("content-type") else ""


def parse_retry_after(value: str) -> float | None:
    """Return the delay in seconds, from seconds or a date. Source: RFC 9110, "Retry-After"."""
    try:
        wait = float(value) if value.isdigit() else _seconds_until(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, wait)


def _seconds_until(date: str) -> float:
    return parsedate_to_datetime(date).timestamp() - time.time()
