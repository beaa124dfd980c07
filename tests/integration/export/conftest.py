"""Fixtures: a collector and services that export to it."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from instrumentation._export.base import build
from instrumentation._export.processor import ExportStats
from instrumentation._settings.export import ExportSettings
from tests.fakes import Collector


class Service:
    """Service that ends spans and exports them as configured by *environ*."""

    def __init__(self, environ: dict[str, str]) -> None:
        resource = Resource({"service.name": "orders"})
        self.registry = CollectorRegistry()
        self.settings = ExportSettings.from_env({"OTEL_BSP_SCHEDULE_DELAY": "50", **environ})
        self.export = build(self.settings, resource=resource, registry=self.registry)
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(self.export)
        self.tracer = provider.get_tracer("tests.shop", "1.0")

    def work(self, spans: int) -> None:
        """End *spans* spans."""
        for number in range(spans):
            self.tracer.start_span(f"GET /orders/{number}", attributes={"n": number}).end()

    def sample(self, name: str, error_type: str | None = None) -> float | None:
        """Return the sum of a family on /metrics, or of its series with *error_type*."""
        wanted = [
            sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == name
            and (error_type is None or sample.labels.get("error_type") == error_type)
        ]
        return sum(wanted) if wanted else None


def total(stats: ExportStats) -> int:
    """Return the sum of all states of ended spans."""
    return stats.exported + stats.rejected + sum(stats.dropped.values()) + stats.queued


class Services:
    """Factory of services that export to one collector."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._stack = ExitStack()

    def __call__(self, protocol: str, **environ: str) -> Service:
        """Return a service; names in *environ* omit ``OTEL_``."""
        endpoints = {
            "http/protobuf": self._collector.http_endpoint,
            "grpc": self._collector.grpc_endpoint,
        }
        service = Service(
            {
                "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
                "OTEL_EXPORTER_OTLP_ENDPOINT": endpoints[protocol],
                **{f"OTEL_{name}": value for name, value in environ.items()},
            }
        )
        self._stack.callback(service.export.shutdown_within, 0.5)
        return service

    def close(self) -> None:
        """Stop all services."""
        self._stack.close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture
def services(collector: Collector) -> Iterator[Services]:
    services = Services(collector)
    yield services
    services.close()


@pytest.fixture(params=["http/protobuf", "grpc"], ids=["http", "grpc"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)
