"""OTLP over HTTP: one connection, kept open, and a deadline for every attempt.

Source: OpenTelemetry specification, "OTLP/HTTP".
"""

import http.client
import time
import zlib
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from instrumentation._export.answer import partial_success
from instrumentation._export.verdict import Failed, Refused, TooLarge, Verdict
from instrumentation._settings.export import ExportSettings, valid, without_credentials
from instrumentation._support.http import Connection, proxy_authorization
from instrumentation._support.redaction import printable
from instrumentation.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

GZIP_BITS: Final = 31
"""``wbits`` that make zlib read and write gzip."""

_MAX_BODY_BYTES: Final = 64 * 1024
_MAX_BODY_SECONDS: Final = 1.0
"""For the body of an answer, which holds statistics only: the status has decided before."""

_BAD_REQUEST: Final = frozenset({400, 405, 411, 415, 422, 431})
"""The content of the request is at fault. Other statuses, 401, 404 and 302 among them, are an
outage of the set-up: repaired without a restart, nothing is lost."""
_TOO_LARGE: Final = 413
_THROTTLED: Final = 429

_STALE: Final = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
"""What a kept connection answers with when the collector closed it meanwhile."""


class HttpTransport:
    """Posts to one URL."""

    component_type = "otlp_http_span_exporter"

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
        content = body if self._gzip else zlib.decompress(body, GZIP_BITS)
        self._connection.deadline = deadline
        kept = self._connection.sock is not None
        try:
            try:
                return self._post(content)
            except _STALE:
                if not kept:
                    raise
                self.close()
                return self._post(content)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Failed(cause=type(error).__name__, detail=printable(str(error)))

    def abort(self) -> None:
        """See `Transport.abort`."""
        self._connection.abort()

    def close(self) -> None:
        """See `Transport.close`."""
        self._connection.close()

    def _post(self, content: bytes) -> Verdict:
        self._connection.request("POST", self._target, content, self._headers)
        answer = self._connection.getresponse()
        return _verdict(answer, self._body(answer))

    def _body(self, answer: http.client.HTTPResponse) -> bytes | None:
        """Return the body, or None when it does not end within its bounds."""
        longest = time.monotonic() + _MAX_BODY_SECONDS
        self._connection.deadline = min(self._connection.deadline, longest)
        try:
            body = answer.read(_MAX_BODY_BYTES)
        except (OSError, http.client.HTTPException):
            self.close()
            return None
        if answer.isclosed():
            return body
        self.close()  # the rest of the body would be read as the next answer
        return None


def _proxy(value: str) -> SplitResult | None:
    if not value:
        return None
    if not (value.startswith("http://") and valid(value)):
        raise ConfigurationError(
            f"{without_credentials(value)!r}, the proxy of HTTPS_PROXY, HTTP_PROXY or ALL_PROXY: "
            "expected a URL like http://proxy:3128; name the collector in NO_PROXY to do without"
        )
    return urlsplit(value)


def _tls(url: SplitResult, settings: ExportSettings) -> "ssl.SSLContext | None":
    if url.scheme != "https":
        return None
    import ssl  # noqa: PLC0415  costs 10 ms where it is not needed

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


def _verdict(answer: http.client.HTTPResponse, body: bytes | None) -> Verdict:
    status = answer.status
    cause = str(status)
    if http.client.OK <= status < http.client.MULTIPLE_CHOICES:
        return partial_success(body, _content_type(answer))
    if status == _TOO_LARGE:
        return TooLarge(cause=cause)
    detail = f"HTTP {status} {printable(answer.reason)}"
    if status in _BAD_REQUEST:
        return Refused(cause=cause, detail=detail)
    wait = retry_after(answer.headers.get("retry-after", ""))
    return Failed(
        cause=cause, detail=detail, retry_after_seconds=wait, throttled=status == _THROTTLED
    )


def _content_type(answer: http.client.HTTPResponse) -> str:
    return answer.headers.get_content_type() if answer.headers.get("content-type") else ""


def retry_after(value: str) -> float | None:
    """Seconds, or a date. Source: RFC 9110, "Retry-After"."""
    try:
        wait = float(value) if value.isdigit() else _until(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, wait)


def _until(date: str) -> float:
    return parsedate_to_datetime(date).timestamp() - time.time()
