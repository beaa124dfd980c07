"""Requests and spans that a collector received."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.fakes.faults import Fault


@dataclass(slots=True)
class Request:
    """Received request."""

    headers: dict[str, str]
    body: bytes
    """Uncompressed body."""
    path: str = "/v1/traces"

    @property
    def logs(self) -> list[LogRecord]:
        """Log records of the request, none if it contains spans."""
        if not self.path.endswith("/v1/logs"):
            return []
        return [
            record
            for resource in ExportLogsServiceRequest.FromString(self.body).resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    @property
    def message(self) -> ExportTraceServiceRequest:
        """Decoded request."""
        return ExportTraceServiceRequest.FromString(self.body)

    @property
    def spans(self) -> list[Span]:
        """Spans of the request."""
        return [
            span
            for resource in self.message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@dataclass(slots=True)
class Received:
    """Received requests, accepted spans and log records, and the current fault."""

    fault: Fault | None = None
    requests: list[Request] = field(default_factory=list)
    accepted: list[Span] = field(default_factory=list)
    logs: list[LogRecord] = field(default_factory=list)

    def receive(self, request: Request) -> ExportTraceServiceResponse | ExportLogsServiceResponse:
        """Accept the content of *request*, except spans that the fault rejects."""
        if request.logs:
            self.logs += request.logs
            return ExportLogsServiceResponse()
        answer = ExportTraceServiceResponse()
        spans = request.spans
        rejected = min(self.fault.rejected if self.fault else 0, len(spans))
        if rejected:
            answer.partial_success.rejected_spans = rejected
            answer.partial_success.error_message = "quota\nexceeded"
        self.accepted += spans[rejected:]
        return answer

    def store_rest(self, request: Request, marker: bytes) -> None:
        """Store the spans of a rejected request that do not contain *marker*."""
        self.accepted += [span for span in request.spans if marker not in span.SerializeToString()]


def attribute(attributes: Iterable[KeyValue], key: str) -> object:
    """Return the value of *key* in *attributes*, or None."""
    values = [item.value for item in attributes if item.key == key]
    return getattr(values[0], values[0].WhichOneof("value") or "") if values else None
