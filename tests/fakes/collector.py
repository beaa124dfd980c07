"""An OTLP collector of its own, in this process."""

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
    """What a collector encrypts with: files in PEM format."""

    certificate: str
    """Its certificate and key, one after the other."""
    client_authority: str
    """Who must have signed the client's certificate; empty: the client may be anybody."""

    def context(self) -> ssl.SSLContext:
        """For HTTP."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate)
        if self.client_authority:
            context.load_verify_locations(self.client_authority)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def credentials(self) -> grpc.ServerCredentials:
        """For gRPC."""
        pair = Path(self.certificate).read_bytes()
        authority = Path(self.client_authority).read_bytes() if self.client_authority else None
        return grpc.ssl_server_credentials(
            [(pair, pair)], authority, require_client_auth=authority is not None
        )


class Collector:
    """An OTLP collector on two ports of loopback; a context manager.

    Args:
        tls: What to encrypt with; None: nothing is.
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
        """For OTEL_EXPORTER_OTLP_ENDPOINT with http/protobuf."""
        return f"{self._scheme}://127.0.0.1:{self.http_port}"

    @property
    def grpc_endpoint(self) -> str:
        """For OTEL_EXPORTER_OTLP_ENDPOINT with grpc."""
        return f"{self._scheme}://127.0.0.1:{self.grpc_port}"

    @property
    def spans(self) -> list[Span]:
        """Spans that were taken, each once: a sender may repeat what it saw no answer to."""
        return list({span.span_id: span for span in self._received.taken}.values())

    @property
    def logs(self) -> list[LogRecord]:
        """Log records that were taken, over HTTP."""
        return self._received.logs

    @property
    def deliveries(self) -> int:
        """Spans that were taken, repetitions too."""
        return len(self._received.taken)

    @property
    def requests(self) -> list[Request]:
        """All requests, in order; those that were not taken, too."""
        return self._received.requests

    def misbehave(self, fault: Fault) -> None:
        """Be faulty from now on; connections that are open end."""
        self._close()
        self._received.fault = fault
        if fault != CLOSED:
            self._open()

    def behave(self) -> None:
        """Take everything from now on."""
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
