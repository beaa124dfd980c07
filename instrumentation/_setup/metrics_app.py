"""Metrics page as a separate ASGI app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instrumentation._scrape.page import Exposition
from instrumentation._setup.telemetry import Telemetry, pipeline_of

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from instrumentation._support.asgi_types import ASGIApp


def metrics_app(telemetry: Telemetry, *registries: CollectorRegistry) -> ASGIApp:
    """Return an ASGI app that serves the metrics of *telemetry*, to mount or run on another port.

    It answers GET and HEAD, in OpenMetrics or in the text format.

    Args:
        telemetry: Returned by ``instrument()``.
        registries: Additional registries for the same page, like ``prometheus_client.REGISTRY``.
    """
    return Exposition(pipeline_of(telemetry).page(*registries).snapshot)
