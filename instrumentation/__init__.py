"""Traces, metrics and log correlation for a Python service: ``instrument(app)``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from instrumentation._clients import CLIENTS

if TYPE_CHECKING:
    from instrumentation._clients.aiohttp import instrument_aiohttp
    from instrumentation._clients.httpx import instrument_httpx
    from instrumentation._clients.requests import instrument_requests
    from instrumentation._clients.resends import resend_count
    from instrumentation._clients.template import url_template
    from instrumentation._export.exporter import OTLPExporter
    from instrumentation._export.processor import ExportStats
    from instrumentation._logging.formatter import JSONFormatter, TraceContextFilter
    from instrumentation._metrics.exemplar import exemplar
    from instrumentation._setup.instrument import instrument
    from instrumentation._setup.metrics_app import metrics_app
    from instrumentation._setup.middleware import TelemetryMiddleware
    from instrumentation._setup.telemetry import Telemetry
    from instrumentation._spans.propagators import extract, inject
    from instrumentation.errors import ConfigurationError
    from instrumentation.settings import Settings

_MODULES = {
    "ConfigurationError": "errors",
    "ExportStats": "_export.processor",
    "JSONFormatter": "_logging.formatter",
    "OTLPExporter": "_export.exporter",
    "Settings": "settings",
    "Telemetry": "_setup.telemetry",
    "TelemetryMiddleware": "_setup.middleware",
    "TraceContextFilter": "_logging.formatter",
    "exemplar": "_metrics.exemplar",
    "extract": "_spans.propagators",
    "inject": "_spans.propagators",
    "instrument": "_setup.instrument",
    "metrics_app": "_setup.metrics_app",
    "resend_count": "_clients.resends",
    "url_template": "_clients.template",
    **{f"instrument_{client}": f"_clients.{client}" for client in CLIENTS},
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
    "resend_count",
    "url_template",
]


def __getattr__(name: str) -> object:
    """Import a public name from its module at first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
