"""A service whose collector hangs stops in time, and logs the dropped spans."""

import asyncio
from threading import Event
from types import MappingProxyType

import pytest
from prometheus_client import CollectorRegistry

from instrumentation import ExportStats, Settings
from instrumentation._export.processor import ExportProcessor
from instrumentation._setup.pipeline import Options, Pipeline
from instrumentation._setup.provider import Tracing, build

WAITING = ExportStats(
    accepted=7, exported=0, rejected=0, dropped=MappingProxyType({}), queued=7, queued_bytes=300
)


class Hanging(ExportProcessor):
    """Export that blocks for its whole timeout, and records the timeout."""

    def __init__(self) -> None:
        self.allowed: list[float] = []

    def flush(self, timeout_seconds: float) -> bool:
        self.allowed.append(timeout_seconds)
        return Event().wait(timeout_seconds)

    shutdown_within = flush

    def stats(self) -> ExportStats:
        return WAITING


def pipeline_with(exporting: Hanging) -> Pipeline:
    def tracing(settings: Settings, service: str, registry: CollectorRegistry) -> Tracing:
        made = build(settings, service=service, registry=registry, processor=exporting)
        return made._replace(exporting=exporting)

    settings = Settings.from_env({"OTEL_TRACES_EXPORTER": "none"})
    return Pipeline(settings, Options(service="shop"), tracing)


def test_lifespan_and_process_exit_share_the_shutdown_budget(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exporting = Hanging()
    pipeline = pipeline_with(exporting)

    asyncio.run(pipeline.stop())
    pipeline.shutdown_at_exit()

    assert exporting.allowed == [3.0, 0.0, 0.0]
    assert "shutting down with 7 spans still queued; dropping them" in caplog.text


def test_a_process_that_never_served_has_the_whole_budget() -> None:
    exporting = Hanging()

    pipeline_with(exporting).shutdown_at_exit()

    assert exporting.allowed == [3.0]
