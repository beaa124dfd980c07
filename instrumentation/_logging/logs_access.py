"""Names of OpenTelemetry's log signal, whose modules are not public yet.

No public module is a fallback. A release without these modules ends with a `ConfigurationError`
that names the variable, not with an ImportError at the first request.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from instrumentation.errors import ConfigurationError

try:
    from opentelemetry._logs import LogRecord, SeverityNumber
    from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
    from opentelemetry.sdk._logs.export import (
        BatchLogRecordProcessor,
        LogRecordExporter,
        LogRecordExportResult,
    )
except ImportError as error:
    raise ConfigurationError(
        "OTEL_LOGS_EXPORTER='otlp': this release of opentelemetry-sdk has no known module for "
        "log records; install an earlier one, or set none"
    ) from error

__all__ = [
    "BatchLogRecordProcessor",
    "LogRecord",
    "LogRecordExportResult",
    "LogRecordExporter",
    "LoggerProvider",
    "ReadableLogRecord",
    "SeverityNumber",
    "exporter_module",
]


def exporter_module() -> Any:
    """Return the module of the OTLP exporter of log records.

    Raises:
        ConfigurationError: The package of the exporter is not installed.
    """
    try:
        return import_module("opentelemetry.exporter.otlp.proto.http._log_exporter")
    except ImportError as error:
        raise ConfigurationError(
            "OTEL_LOGS_EXPORTER='otlp': expected the package opentelemetry-exporter-otlp; "
            "install it, or set none"
        ) from error
