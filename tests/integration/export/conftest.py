"""A collector, and a service that exports to it."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from instrumentation._export.base import build
from instrumentation._export.queue import ExportStats
from instrumentation._settings.export import ExportSettings
from tests.fakes import Collector


class Service:
    """Ends spans, and exports them as *environ* says."""

    def __init__(self, environ: dict[str, str]) -> None:
        resource = Resource({"service.name": "orders"})
        self.registry = CollectorRegistry()
        self.settings = ExportSettings.from_env({"OTEL_BSP_SCHEDULE_DELAY": "50", **environ})
        self.export = build(self.settings, resource=resource, registry=self.registry)
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(self.export)
        self.tracer = provider.get_tracer("tests.shop", "1.0")

    def work(self, spans: int) -> None:
        """End so many spans."""
        for number in range(spans):
            self.tracer.start_span(f"GET /orders/{number}", attributes={"n": number}).end()

    def sample(self, name: str, error_type: str | None = None) -> float | None:
        """The sum of a family on /metrics, or of its series with this ``error_type``."""
        wanted = [
            sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == name
            and (error_type is None or sample.labels.get("error_type") == error_type)
        ]
        return sum(wanted) if wanted else None


def account(stats: ExportStats) -> int:
    """Where the spans are that ended, added up."""
    return stats.exported + stats.rejected + sum(stats.dropped.values()) + stats.queued


class Services:
    """Starts services that export to one collector, and stops them."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._stack = ExitStack()

    def __call__(self, protocol: str, **environ: str) -> Service:
        """A service; *environ* without ``OTEL_``."""
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
        """Stop them all."""
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
