"""Collector that compares each span and log record with the tenant that it names.

::

    python -m tests.benchmarks.tenants.collector

It prints its port, and a ``Tally`` as JSON for each line of input.
"""

import gzip
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.benchmarks.subjects import print_line
from tests.benchmarks.tenants.identity import tenant_in, tenant_of
from tests.fakes.received import attribute

CHILD: Final = "child"
"""Span of a forked child. It is not counted: a slow child exports it, a fast one exits before."""


@dataclass(slots=True)
class Tally:
    """Counts of received spans and log records."""

    spans: int = 0
    """Distinct spans."""
    repeated: int = 0
    server_spans: int = 0
    records: int = 0
    crossed_spans: int = 0
    """Spans in the trace of a tenant that they or their events do not name."""
    crossed_records: int = 0
    """Log records in the trace of a tenant that they do not name."""


class Ledger:
    """Tally of a collector; its methods may be called from several threads."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._seen: set[bytes] = set()
        self._lock = Lock()

    def take(self, path: str, body: bytes) -> None:
        """Count the content of one export request."""
        with self._lock:
            if path == "/v1/logs":
                self._take_records(records_of(ExportLogsServiceRequest.FromString(body)))
            else:
                self._take_spans(spans_of(ExportTraceServiceRequest.FromString(body)))

    def _take_spans(self, spans: Iterable[Span]) -> None:
        tally = self.tally
        for span in spans:
            if span.name == CHILD:
                continue
            tally.repeated += span.span_id in self._seen
            self._seen.add(span.span_id)
            tally.server_spans += span.kind == Span.SPAN_KIND_SERVER
            tally.crossed_spans += crosses(span)
        tally.spans = len(self._seen)

    def _take_records(self, records: Iterable[LogRecord]) -> None:
        for record in records:
            self.tally.records += 1
            named = tenant_in(record.body.string_value)
            self.tally.crossed_records += differ(named, tenant_of(record.trace_id.hex()))


def spans_of(request: ExportTraceServiceRequest) -> Iterable[Span]:
    """Return the spans of *request*."""
    scopes = (scope for resource in request.resource_spans for scope in resource.scope_spans)
    return (span for scope in scopes for span in scope.spans)


def records_of(request: ExportLogsServiceRequest) -> Iterable[LogRecord]:
    """Return the log records of *request*."""
    scopes = (scope for resource in request.resource_logs for scope in resource.scope_logs)
    return (record for scope in scopes for record in scope.log_records)


def crosses(span: Span) -> bool:
    """Return true if *span* or one of its events names another tenant than its trace."""
    owner = tenant_of(span.trace_id.hex())
    tenant = attribute(span.attributes, "tenant")
    named = [None if tenant is None else int(str(tenant))]
    named += [tenant_in(event.name) for event in span.events]
    return any(differ(name, owner) for name in named)


def differ(named: int | None, owner: int | None) -> bool:
    """Return true if both are known and not equal. -1 is a caller without a trace."""
    return named is not None and owner is not None and named != owner


def serve() -> None:
    """Serve until standard input ends."""
    ledger = Ledger()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            ledger.take(self.path, body)
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    print_line(server.server_port)
    for _ in sys.stdin:
        print_line(json.dumps(asdict(ledger.tally)))


if __name__ == "__main__":
    serve()
