"""Adapter for FastAPI's own telemetry, which exists since 0.142.

FastAPI has no public API for sharing a request with its telemetry. Private names are resolved once,
at set-up. If a release renames them, FastAPI's telemetry is disabled for every request.
"""

from __future__ import annotations

import os
import sys
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

from instrumentation._support.opentelemetry_access import ProviderCheck, shows_providers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from instrumentation._server.protocols import NativeRequest
    from instrumentation._support.patch import Undo

    RecordFactory = Callable[[str], NativeRequest | None]
    """Factory of the record of a request; its argument is the path prefix of the proxy."""

RECORD_KEY: Final = "fastapi.telemetry"
"""Scope key of FastAPI's record of a request; None prevents FastAPI from creating one."""

OPT_IN: Final = "FASTAPI_OTEL_AUTO_CONFIGURE"
"""Variable that enables FastAPI's own export; 0.142 ignores it and always exports."""


def config_of(app: object) -> dict[str, Any] | None:
    """Return the settings of FastAPI's telemetry of *app*; None without such telemetry."""
    config: dict[str, Any] | None = getattr(app, "_telemetry", None)
    return config if isinstance(config, dict) and "tracing" in config else None


def record_factory() -> RecordFactory:
    """Return a factory of records without a span, for requests that Sightline traces.

    In such a record FastAPI stores the route, including redirects and mounts, and
    ``get_telemetry_data()`` works in handlers.
    """
    api: Any = sys.modules.get("fastapi.telemetry._api")
    try:
        context_key()
        return _record_factory(api._RequestTelemetry, api.TelemetryData)
    except (AttributeError, KeyError, TypeError):
        return _no_record


def _record_factory(native: type, data: type) -> RecordFactory:
    """Return a factory of *native* records that costs a third of FastAPI's constructor.

    Initial values are attributes of the class, so that a new record needs no assignment.
    """
    fields = vars(native(span=None, span_method=""))
    plain = {name: value for name, value in fields.items() if name not in {"data", "_exceptions"}}
    shared = [*plain.values(), *(getattr(data, name) for name in vars(data()))]
    if len(plain) + 2 != len(fields) or not all(each is None or each == "" for each in shared):
        raise TypeError("FastAPI's request record: expected the fields of FastAPI 0.142 to 0.165")
    members = {**plain, "failed": False, "_exceptions": cached_property(_first_exceptions)}
    record_class: Any = type("Record", (native,), members)
    new = object.__new__

    def make(root_path: str) -> NativeRequest:
        record: NativeRequest = new(record_class)
        record.data = new(data)
        if root_path:
            record._mount_prefix = root_path.rstrip("/")
        return record

    return make


def _first_exceptions(record: NativeRequest) -> list[BaseException]:
    record.failed = True
    return []


def _no_record(root_path: str) -> None:
    """Create no record: FastAPI's telemetry is absent or unsupported."""


@cache
def context_key() -> str:
    """Return the context key of the record of the current request."""
    key: str = sys.modules["fastapi.telemetry._api"]._REQUEST_TELEMETRY_KEY
    return key


def clear_record(record: NativeRequest) -> None:
    """Clear *record* after its request, because contexts that hold it may outlive the request."""
    record.data = None
    if record.failed:
        record._exceptions.clear()


def configure(app: object, *, exported: bool, **options: Any) -> Undo:
    """Change the telemetry settings of FastAPI for requests of *app*.

    FastAPI's exporters have separate settings: metrics and logs stay as configured.

    Args:
        app: Any app.
        exported: Sightline exports the spans, so that FastAPI must not export them, too.
        options: Settings by name.
    """
    config = config_of(app)
    native: Any = getattr(app, "_native_telemetry", None)
    if config is None or native is None:
        return _undo_nothing
    original, shared = dict(config), native.config
    native.config = {**config, **options}
    if exported and config["tracer_provider"] is None:
        config["tracing"] = False
    config["auto_configure"] = _has_auto_export(config)
    enabled = _cheap_enabled_check(native)
    if enabled is not None:
        native.enabled = enabled

    def undo() -> None:
        native.config = shared
        config.update(original)
        vars(native).pop("enabled", None)

    return undo


def _has_auto_export(config: Mapping[str, Any]) -> bool:
    """Return true when the user enabled FastAPI's export; 0.142 enables it by default."""
    applications = sys.modules["fastapi.applications"]
    opted_in = OPT_IN in applications.FastAPI.__init__.__code__.co_consts
    return bool(config.get("auto_configure")) and opted_in


def _cheap_enabled_check(native: Any) -> Callable[[], bool] | None:
    """Return a replacement of FastAPI's check for providers, at a tenth of its cost per request.

    Returns None when FastAPI's check must run: FastAPI creates the spans, a provider is configured,
    or the API stores providers under other names.
    """
    config = native.config
    named = config["tracing"] or config["meter_provider"] or config["logger_provider"]
    by_variable = {"OTEL_PYTHON_METER_PROVIDER", "OTEL_PYTHON_LOGGER_PROVIDER"} & os.environ.keys()
    return None if named or by_variable or not shows_providers() else ProviderCheck(native)


def _undo_nothing() -> None:
    """Do nothing: nothing was changed."""
