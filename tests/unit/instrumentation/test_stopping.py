"""A service that stops while its collector hangs: in time, and not in silence."""

import asyncio
from threading import Event
from types import MappingProxyType

import pytest
from prometheus_client import CollectorRegistry

from instrumentation import ExportStats, Settings, Telemetry
from instrumentation._export.processor import ExportProcessor
from instrumentation._setup.provider import Tracing, build

WAITING = ExportStats(
    accepted=7, exported=0, rejected=0, dropped=MappingProxyType({}), queued=7, queued_bytes=300
)


class Hanging(ExportProcessor):
    """Waits as long as it is allowed to, and remembers how long that was."""

    def __init__(self) -> None:
        self.allowed: list[float] = []

    def flush(self, timeout_seconds: float) -> bool:
        self.allowed.append(timeout_seconds)
        return Event().wait(timeout_seconds)

    shutdown_within = flush

    def stats(self) -> ExportStats:
        return WAITING


def served(exporting: Hanging) -> Telemetry:
    def tracing(settings: Settings, service: str, registry: CollectorRegistry) -> Tracing:
        made = build(settings, service=service, registry=registry, processor=exporting)
        return made._replace(exporting=exporting)

    settings = Settings.from_env({"OTEL_TRACES_EXPORTER": "none"})
    return Telemetry(settings, service="shop", trace_with=tracing)


def test_the_lifespan_and_the_process_share_the_time_to_stop(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exporting = Hanging()
    telemetry = served(exporting)

    asyncio.run(telemetry.stopped())
    telemetry.exiting()

    assert exporting.allowed == [3.0, 0.0, 0.0]
    assert "7 spans wait for the collector; they are given up" in caplog.text


def test_a_process_that_never_served_has_all_the_time() -> None:
    exporting = Hanging()

    served(exporting).exiting()

    assert exporting.allowed == [3.0]
