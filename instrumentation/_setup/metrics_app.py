"""Metrics page as a separate ASGI app."""

from prometheus_client import CollectorRegistry

from instrumentation._scrape.exposition import Exposition
from instrumentation._setup.telemetry import Telemetry
from instrumentation._support.asgi_types import ASGIApp


def metrics_app(telemetry: Telemetry, *registries: CollectorRegistry) -> ASGIApp:
    """Return an ASGI app that serves the metrics of *telemetry*, to mount or run on another port.

    It answers GET and HEAD, in OpenMetrics or in the text format.

    Args:
        telemetry: Returned by ``instrument()``.
        registries: Additional registries for the same page, like ``prometheus_client.REGISTRY``.
    """
    return Exposition(telemetry.page(*registries).snapshot)
