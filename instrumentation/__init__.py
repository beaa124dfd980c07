"""Traces, metrics and log correlation for a Python service: ``instrument(app)``."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from instrumentation._asgi import TelemetryMiddleware
    from instrumentation._client_aiohttp import instrument_aiohttp
    from instrumentation._client_httpx import instrument_httpx
    from instrumentation._client_requests import instrument_requests
    from instrumentation._exemplar import exemplar
    from instrumentation._export_queue import ExportStats
    from instrumentation._exposition import metrics_app
    from instrumentation._instrument import instrument
    from instrumentation._logs import JSONFormatter, TraceContextFilter
    from instrumentation._otlp import OTLPExporter
    from instrumentation._propagators import extract, inject
    from instrumentation._telemetry import Telemetry
    from instrumentation.errors import ConfigurationError
    from instrumentation.settings import Settings

_HOMES = {
    "ConfigurationError": "errors",
    "ExportStats": "_export_queue",
    "JSONFormatter": "_logs",
    "OTLPExporter": "_otlp",
    "Settings": "settings",
    "Telemetry": "_telemetry",
    "TelemetryMiddleware": "_asgi",
    "TraceContextFilter": "_logs",
    "exemplar": "_exemplar",
    "extract": "_propagators",
    "inject": "_propagators",
    "instrument": "_instrument",
    "instrument_aiohttp": "_client_aiohttp",
    "instrument_httpx": "_client_httpx",
    "instrument_requests": "_client_requests",
    "metrics_app": "_exposition",
}

__all__ = [
    "ConfigurationError",
    "ExportStats",
    "JSONFormatter",
    "OTLPExporter",
    "Settings",
    "Telemetry",
    "TelemetryMiddleware",
    "TraceContextFilter",
    "exemplar",
    "extract",
    "inject",
    "instrument",
    "instrument_aiohttp",
    "instrument_httpx",
    "instrument_requests",
    "metrics_app",
]


def __getattr__(name: str) -> object:
    """Import a public name from its home when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
