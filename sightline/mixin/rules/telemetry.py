"""Spans by service: started, dropped, taken by the collector; export calls that failed."""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.model import Group, Record
from sightline.mixin.queries import or_zero, share

STARTED: Final = "job:otel_sdk_span_started:rate"
DROPPED: Final = "job:otel_sdk_processor_span_dropped:rate"
DELIVERED: Final = "job:otel_sdk_exporter_span_exported:rate"
EXPORTS_FAILED: Final = "job:otel_sdk_exporter_operation_errors:ratio"

_EXPORTS: Final = queries.rate("otel_sdk_exporter_operation_duration_seconds_count")
_FAILURES: Final = queries.rate(
    "otel_sdk_exporter_operation_duration_seconds_count", where='error_type!=""'
)

TELEMETRY: Final = Group(
    name="telemetry.recording",
    rules=(
        Record(name=STARTED, expr=queries.spans_started()),
        Record(name=DROPPED, expr=queries.spans_dropped()),
        Record(name=DELIVERED, expr=queries.spans_delivered()),
        Record(name=EXPORTS_FAILED, expr=share(or_zero(_FAILURES, _EXPORTS), _EXPORTS)),
    ),
)
