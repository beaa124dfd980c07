"""OTLP collector in the process of the test."""

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.fakes.faults import CLOSED, Fault
from tests.fakes.grpc_listener import GrpcListener
from tests.fakes.http_listener import HttpListener
from tests.fakes.received import Received, Request
from tests.ports import free_ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """TLS of a collector, as paths of PEM files."""

    certificate: str
    """File with certificate and key."""
    client_authority: str
    """Authority of client certificates. If empty, clients need no certificate."""

    def context(self) -> ssl.SSLContext:
        """Return the TLS context for HTTP."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate)
        if self.client_authority:
            context.load_verify_locations(self.client_authority)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def credentials(self) -> grpc.ServerCredentials:
        """Return the credentials for gRPC."""
        pair = Path(self.certificate).read_bytes()
        authority = Path(self.client_authority).read_bytes() if self.client_authority else None
        return grpc.ssl_server_credentials(
            [(pair, pair)], authority, require_client_auth=authority is not None
        )


class Collector:
    """OTLP collector on two ports of loopback, as a context manager.

    Args:
        tls: TLS of both ports, or None for plain text.
    """

    def __init__(self, tls: Tls | None = None) -> None:
        self.http_port, self.grpc_port = free_ports(2)
        self._scheme = "https" if tls else "http"
        self._received = Received()
        self._http = HttpListener(self._received, self.http_port, tls.context() if tls else None)
        self._grpc = GrpcListener(
            self._received, self.grpc_port, tls.credentials() if tls else None
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def http_endpoint(self) -> str:
        """Value of OTEL_EXPORTER_OTLP_ENDPOINT for http/protobuf."""
        return f"{self._scheme}://127.0.0.1:{self.http_port}"

    @property
    def grpc_endpoint(self) -> str:
        """Value of OTEL_EXPORTER_OTLP_ENDPOINT for grpc."""
        return f"{self._scheme}://127.0.0.1:{self.grpc_port}"

    @property
    def spans(self) -> list[Span]:
        """Distinct accepted spans. A sender repeats a span if it received no response."""
        return list({span.span_id: span for span in self._received.accepted}.values())

    @property
    def logs(self) -> list[LogRecord]:
        """Accepted log records, over HTTP."""
        return self._received.logs

    @property
    def deliveries(self) -> int:
        """Number of accepted spans, including repeated ones."""
        return len(self._received.accepted)

    @property
    def requests(self) -> list[Request]:
        """All requests in order, including rejected ones."""
        return self._received.requests

    def misbehave(self, fault: Fault) -> None:
        """Apply *fault* from now on. Close open connections."""
        self._close()
        self._received.fault = fault
        if fault != CLOSED:
            self._open()

    def behave(self) -> None:
        """Accept everything from now on."""
        self._close()
        self._received.fault = None
        self._open()

    def _open(self) -> None:
        self._run(self._http.open())
        self._grpc.open()

    def _close(self) -> None:
        self._run(self._http.close())
        self._grpc.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=5)
