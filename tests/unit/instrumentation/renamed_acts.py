"""Telemetry of a service after a package renamed names: ``python renamed_acts.py PACKAGE NAME…``.

The program prints the resulting samples and spans.
"""
# ruff: noqa: E402  the package is imported once its names are changed

import asyncio
import importlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))

from tests.renaming import rename

rename(sys.argv[1], sys.argv[2:])

from opentelemetry import trace
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from prometheus_client import Counter, Gauge, Histogram, Summary
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse

from instrumentation import Settings, TelemetryMiddleware
from instrumentation._export.encoder import SpanEncoder
from instrumentation._setup.recording import ENVIRON, recording
from instrumentation._setup.telemetry import Telemetry, pipeline_of
from instrumentation._spans import sdk_access
from instrumentation._support import opentelemetry_access, prometheus_client_access
from tests.asgi import answer, scope

CALLER = [
    (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    (b"tracestate", b"vendor=value"),
]
OPEN_METRICS = [(b"accept", b"application/openmetrics-text")]
URL = "https://user:password@host/"


class Exported(SpanExporter):
    """Exporter that encodes spans and keeps the decoded result."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def export(self, spans: Iterable[ReadableSpan]) -> SpanExportResult:
        encode = SpanEncoder().encode
        self.spans += [Span.FromString(encode(span)) for span in spans]
        return SpanExportResult.SUCCESS


def service(telemetry: Telemetry) -> Any:  # noqa: ANN401  an ASGI app
    """Return an app with metrics and spans of its own."""
    registry = telemetry.registry
    orders = Counter("orders", "Help.", ["kind"], registry=registry)
    sizes = Histogram("sizes", "Help.", ["kind"], buckets=[1, 2], registry=registry)
    Histogram("plain", "Help.", buckets=[1], registry=registry).observe(0.5)
    Summary("waits", "Help.", registry=registry).observe(2)
    Gauge("stock", "Help.", registry=registry, multiprocess_mode="max").set(3)

    @telemetry.tracer.start_as_current_span("decorated")
    def decorated() -> None:
        span = trace.get_current_span()
        span.set_attributes({"number": 1, "url": URL})
        span.set_attribute("name", "value")
        span.add_event("event", {"url": URL})
        span.add_link(trace.SpanContext(1, 2, is_remote=True), {"key": "value"})
        span.set_status(trace.StatusCode.ERROR, URL)
        span.update_name("renamed" * 1000)

    async def app(request: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  as above
        del receive
        orders.labels("a").inc(2, {"trace_id": "1"})
        sizes.labels("a").observe(1.5, {"trace_id": "1"})
        trace.get_current_span().set_attribute("url", URL)
        trace.get_current_span().add_event("event")
        decorated()
        if request["path"] == "/fails":
            raise LookupError(URL)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"body"})

    return TelemetryMiddleware(app, telemetry=telemetry)


def samples(families: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Return the samples that are equal in every run; of durations, those with an exemplar."""
    found = {
        (
            sample.name,
            tuple(
                sorted(
                    (name, text)
                    for name, text in sample.labels.items()
                    if "duration" not in sample.name or name != "le"
                )
            ),
            "" if "duration" in sample.name else sample.value,
            bool(sample.exemplar),
        )
        for family in families
        if not family.name.startswith(("process_", "python_", "asyncio_"))
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    return sorted(found)


def described(span: Span) -> dict[str, Any]:
    """Return the content of *span* without ids and times."""
    return {
        "name": span.name,
        "kind": span.kind,
        "status": [span.status.code, span.status.message],
        "attributes": sorted((each.key, str(each.value)) for each in span.attributes),
        "events": [
            [event.name, sorted((each.key, len(str(each.value))) for each in event.attributes)]
            for event in span.events
        ],
        "links": [link.span_id.hex() for link in span.links],
        "trace_state": span.trace_state,
        "parent": bool(span.parent_span_id),
        "times": span.end_time_unix_nano >= span.start_time_unix_nano > 0,
    }


async def act(telemetry: Telemetry) -> list[str]:
    """Return the pages in both formats after two requests."""
    app = service(telemetry)
    for path in ("/", "/fails"):
        await answer(app, scope(path, headers=CALLER))
    pages = [await answer(app, scope("/metrics", headers=each)) for each in ([], OPEN_METRICS)]
    return [sent[1]["body"].decode() for sent, _ in pages]


def adopted() -> list[str]:
    """Return the names of the server spans that the service's own provider gets."""
    exported = Exported()
    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exported))
    settings = Settings.from_env(ENVIRON)
    with Telemetry(settings, service="service", provider=provider) as telemetry:
        asyncio.run(answer(TelemetryMiddleware(_empty, telemetry=telemetry), scope("/")))
    return [span.name for span in exported.spans]


async def _empty(request: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  as above
    del request, receive
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def private_access() -> list[str]:
    """Return the facts for which private names are used."""
    importlib.import_module("opentelemetry.metrics")
    importlib.import_module("opentelemetry._logs")
    facts = {
        "collectors": prometheus_client_access.COLLECTOR_FIELDS,
        "histograms": prometheus_client_access.HISTOGRAM_FIELDS,
        "values": prometheus_client_access.VALUE_FIELDS,
        "providers": opentelemetry_access.shows_providers(),
        "status": "_status_code" in repr(opentelemetry_access.read_status),
        "spans": "_name" in repr(sdk_access.read_fields),
    }
    return [fact for fact, used in facts.items() if used]


def main() -> None:
    """Print the report."""
    exported = Exported()
    with recording() as (spans, telemetry):
        pipeline_of(telemetry).tracing.provider.add_span_processor(SimpleSpanProcessor(exported))  # type: ignore[attr-defined]  # the SDK's
        text, open_metrics = asyncio.run(act(telemetry))
    report = {
        "text": samples(parse(text)),
        "open_metrics": samples(parse_open(open_metrics)),  # type: ignore[no-untyped-call]  # prometheus_client has no types here
        "spans": [
            [span.name, span.kind, span.status, len(span.events)] for span in spans.finished()
        ],
        "adopted": adopted(),
        "private": private_access(),
        "exported": [described(span) for span in exported.spans],
    }
    print(json.dumps(report, indent=1))  # noqa: T201  the report


main()
