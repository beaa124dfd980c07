"""Choice of exporters with ``OTEL_TRACES_EXPORTER``, and `OTLPExporter` in an SDK pipeline."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext

from instrumentation._export.exporter import OTLPExporter
from tests.fakes import CLOSED, DRIP, Collector, Fault, partial_success, slow, status
from tests.integration.export.conftest import Services

IDS = range(1, 65)
CONTEXT = SpanContext(1, 2, is_remote=False)


@pytest.fixture
def exporter(collector: Collector) -> Iterator[OTLPExporter]:
    exporter = OTLPExporter(endpoint=f"{collector.http_endpoint}/v1/traces", timeout_seconds=0.6)
    yield exporter
    exporter.shutdown()


def test_the_console_prints_spans(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    service = services("http/protobuf", TRACES_EXPORTER="console")

    service.work(1)

    assert service.export.flush(30)
    assert "\nGET /orders/0  " in capsys.readouterr().out
    assert service.export.stats().exported == 1


def test_every_exporter_of_a_list_receives_spans(
    collector: Collector, services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    service = services("http/protobuf", TRACES_EXPORTER="otlp, console")

    service.work(2)

    assert service.export.flush(30)
    assert [span.name for span in collector.spans] == ["GET /orders/0", "GET /orders/1"]
    assert capsys.readouterr().out.count("\nGET /orders/") == 2
    assert service.export.stats().exported == 2
    assert service.export.shutdown_within(30)


def test_none_exports_nothing(collector: Collector, services: Services) -> None:
    service = services("http/protobuf", TRACES_EXPORTER="none")

    service.work(1)

    assert service.export.flush(30)
    assert service.export.shutdown_within(30)
    assert collector.requests == []


@pytest.mark.parametrize(
    ("exporter", "protocol"), [("otlp_proto_http", "http/protobuf"), ("otlp_proto_grpc", "grpc")]
)
def test_the_stock_exporter_can_be_chosen(
    collector: Collector,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    exporter: str,
    protocol: str,
) -> None:
    endpoints = {"http/protobuf": collector.http_endpoint, "grpc": collector.grpc_endpoint}
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoints[protocol])
    service = services(protocol, TRACES_EXPORTER=exporter)

    service.work(3)

    assert service.export.flush(30)
    assert len(collector.spans) == 3


def test_otlp_exporter_works_with_the_sdks_processor(
    collector: Collector, exporter: OTLPExporter
) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))

    provider.get_tracer("app").start_span("work").end()
    provider.shutdown()

    assert [span.name for span in collector.spans] == ["work"]


@pytest.mark.parametrize("fault", [CLOSED, DRIP, status(503), status(400), partial_success(1)])
def test_otlp_exporter_returns_failure_in_time_unless_all_spans_were_accepted(
    collector: Collector, exporter: OTLPExporter, fault: Fault
) -> None:
    collector.misbehave(fault)
    spans = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(spans))
    provider.get_tracer("app").start_span("work").end()
    provider.force_flush()

    result = exporter.export(spans.get_finished_spans())

    assert result is SpanExportResult.FAILURE


def test_otlp_exporter_accepts_spans_of_many_threads(collector: Collector) -> None:
    collector.misbehave(slow(0.01))
    exporter = OTLPExporter(endpoint=f"{collector.http_endpoint}/v1/traces", timeout_seconds=30)
    spans = [ReadableSpan("any", SpanContext(1, span_id, is_remote=False)) for span_id in IDS]

    with ThreadPoolExecutor(8) as threads:
        results = set(threads.map(lambda span: exporter.export([span]), spans))
    exporter.shutdown()

    assert results == {SpanExportResult.SUCCESS}
    assert len(collector.spans) == len(IDS)


def test_otlp_exporter_sends_the_other_spans_of_a_batch_with_an_unencodable_one(
    collector: Collector, exporter: OTLPExporter
) -> None:
    good = ReadableSpan("good", CONTEXT)
    broken = ReadableSpan("broken", CONTEXT, attributes=7)  # type: ignore[arg-type]  # invalid

    result = exporter.export([broken, good])

    assert result is SpanExportResult.FAILURE
    assert [span.name for span in collector.spans] == ["good"]
