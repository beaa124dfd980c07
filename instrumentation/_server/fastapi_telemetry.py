"""FastAPI's own telemetry, from 0.142 on, beside ours.

FastAPI offers no public way to share a request with it. Its private names are looked up once, at
set-up; where a release has changed them, its telemetry is kept out of requests as a whole.
"""

import os
import sys
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any, Final, Protocol

from instrumentation._support.patch import Undo

NATIVE: Final = "fastapi.telemetry"
"""Scope key of FastAPI's record of a request; None keeps FastAPI from making one."""

OPT_IN: Final = "FASTAPI_OTEL_AUTO_CONFIGURE"
"""Variable that asks FastAPI to export by itself; 0.142 does not know it and always exports."""


class NativeRequest(Protocol):
    """FastAPI's record of one request, which its router and handlers fill in."""

    route: str | None
    data: object | None
    span: object | None
    failed: bool
    """Whether it holds exceptions. Sightline's own records have it."""
    _mount_prefix: str
    _exceptions: list[BaseException]


MakeRecord = Callable[[str], NativeRequest | None]
"""Makes the record of a request from the path that a proxy serves the app under."""


def config_of(app: object) -> dict[str, Any] | None:
    """Return the settings of *app*'s own telemetry, or None when it has none."""
    config: dict[str, Any] | None = getattr(app, "_telemetry", None)
    return config if isinstance(config, dict) and "tracing" in config else None


def record_maker() -> MakeRecord:
    """Return a maker of records without a span, for requests that we trace.

    With such a record FastAPI names the route, also of redirects and below mounts, and
    ``get_telemetry_data()`` answers in handlers.
    """
    api: Any = sys.modules.get("fastapi.telemetry._api")
    try:
        context_key()
        return _maker(api._RequestTelemetry, api.TelemetryData)  # noqa: SLF001  see above
    except (AttributeError, KeyError, TypeError):
        return _no_record


def _maker(native: type, data: type) -> MakeRecord:
    """Return a maker of FastAPI's *native* records that costs a third of their own.

    What a request starts with are attributes of a class, so that nothing is written to its record.
    """
    fields = vars(native(span=None, span_method=""))
    plain = {name: value for name, value in fields.items() if name not in {"data", "_exceptions"}}
    shared = [*plain.values(), *(getattr(data, name) for name in vars(data()))]
    if len(plain) + 2 != len(fields) or not all(each is None or each == "" for each in shared):
        raise TypeError("a record that FastAPI 0.142 to 0.165 does not have")
    members = {**plain, "failed": False, "_exceptions": cached_property(_first_exceptions)}
    record_class: Any = type("Record", (native,), members)
    new = object.__new__

    def make(root_path: str) -> NativeRequest:
        record: NativeRequest = new(record_class)
        record.data = new(data)
        if root_path:
            record._mount_prefix = root_path.rstrip("/")  # noqa: SLF001  see above
        return record

    return make


def _first_exceptions(record: NativeRequest) -> list[BaseException]:
    record.failed = True
    return []


def _no_record(root_path: str) -> None:
    """Make no record: there is no FastAPI with a telemetry that we know."""


@cache
def context_key() -> str:
    """Return the key under which a context holds the record of its request."""
    key: str = sys.modules["fastapi.telemetry._api"]._REQUEST_TELEMETRY_KEY  # noqa: SLF001  see above
    return key


def forget(record: NativeRequest) -> None:
    """Drop what *record* holds of a request that is over: contexts may outlive it."""
    record.data = None
    if record.failed:
        record._exceptions.clear()  # noqa: SLF001  see above


def configure(app: object, *, exported: bool, **more: Any) -> Undo:  # noqa: ANN401  FastAPI's settings
    """Change the settings that FastAPI records requests of *app* by.

    Its exporters keep settings of their own: metrics and logs go on as configured.

    Args:
        app: Any app.
        exported: Whether we export the spans, so that FastAPI must not do it a second time.
        more: Settings by name.
    """
    config = config_of(app)
    native: Any = getattr(app, "_native_telemetry", None)
    if config is None or native is None:
        return _nothing
    before, shared = dict(config), native.config
    native.config = {**config, **more}
    if exported and config["tracer_provider"] is None:
        config["tracing"] = False
    config["auto_configure"] = _exports_by_itself(config)
    enabled = _quick_check(native)
    if enabled is not None:
        native.enabled = enabled

    def undo() -> None:
        native.config = shared
        config.update(before)
        vars(native).pop("enabled", None)

    return undo


def _exports_by_itself(config: Mapping[str, Any]) -> bool:
    """Return whether the user asked FastAPI to export, as opposed to a default of 0.142."""
    applications = sys.modules["fastapi.applications"]
    opted_in = OPT_IN in applications.FastAPI.__init__.__code__.co_consts
    return bool(config.get("auto_configure")) and opted_in


def _quick_check(native: Any) -> Callable[[], bool] | None:  # noqa: ANN401  FastAPI's
    """Return FastAPI's check for providers, which it makes per request, at a tenth of the cost.

    None where FastAPI's own has to do: it makes the spans, a provider was named, or the API keeps
    them elsewhere.
    """
    config = native.config
    meters: Any = sys.modules.get("opentelemetry.metrics._internal")
    loggers: Any = sys.modules.get("opentelemetry._logs._internal")
    named = config["tracing"] or config["meter_provider"] or config["logger_provider"]
    by_variable = {"OTEL_PYTHON_METER_PROVIDER", "OTEL_PYTHON_LOGGER_PROVIDER"} & os.environ.keys()
    known = hasattr(meters, "_METER_PROVIDER") and hasattr(loggers, "_LOGGER_PROVIDER")
    if named or by_variable or not known:
        return None
    enabled: Callable[[], bool] = native.enabled

    def check() -> bool:
        if meters._METER_PROVIDER is None and loggers._LOGGER_PROVIDER is None:  # noqa: SLF001  see above
            return False
        return enabled()

    return check


def _nothing() -> None:
    """Undo nothing."""
