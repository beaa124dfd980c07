"""Spans by service: started, dropped, accepted by the collector; ratio of failed export calls."""

from typing import Final

from instrumentation import conventions
from sightline.mixin import queries
from sightline.mixin.model import Group, Record
from sightline.mixin.queries import or_zero, share

STARTED: Final = f"job:{conventions.OTEL_SDK_SPAN_STARTED}:rate"
DROPPED: Final = "job:otel_sdk_processor_span_dropped:rate"
DELIVERED: Final = f"job:{conventions.OTEL_SDK_EXPORTER_SPAN_EXPORTED}:rate"
EXPORTS_FAILED: Final = "job:otel_sdk_exporter_operation_errors:ratio"

EXPORT_COUNT: Final = f"{conventions.OTEL_SDK_EXPORTER_OPERATION_DURATION_SECONDS}_count"
_EXPORTS: Final = queries.rate(EXPORT_COUNT)
_FAILURES: Final = queries.rate(EXPORT_COUNT, where='error_type!=""')

TELEMETRY: Final = Group(
    name="telemetry.recording",
    rules=(
        Record(name=STARTED, expr=queries.spans_started()),
        Record(name=DROPPED, expr=queries.spans_dropped()),
        Record(name=DELIVERED, expr=queries.spans_delivered()),
        Record(name=EXPORTS_FAILED, expr=share(or_zero(_FAILURES, _EXPORTS), _EXPORTS)),
    ),
)
