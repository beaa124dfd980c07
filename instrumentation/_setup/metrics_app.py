"""The metrics page as an app of its own."""

from prometheus_client import CollectorRegistry

from instrumentation._scrape.exposition import Exposition
from instrumentation._setup.telemetry import Telemetry
from instrumentation._support.asgi_types import ASGIApp


def metrics_app(telemetry: Telemetry, *registries: CollectorRegistry) -> ASGIApp:
    """Return an ASGI app with the metrics of *telemetry*, to mount or to serve on another port.

    Args:
        telemetry: Returned by ``instrument()``.
        registries: Others that belong on the same page, like ``prometheus_client.REGISTRY``.
    """
    return Exposition(telemetry.page(*registries).snapshot)
