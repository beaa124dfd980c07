"""``instrument()``: arguments, errors and defaults."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

from instrumentation import ConfigurationError, Settings, Telemetry, exemplar, instrument
from instrumentation._setup.telemetry import pipeline_of
from instrumentation.testing import Recording
from tests.asgi import get


@pytest.fixture
def instrumented() -> Iterator[tuple[FastAPI, Telemetry]]:
    app = FastAPI(title="shop")
    settings = Settings.from_env({"OTEL_TRACES_EXPORTER": "none"})
    with instrument(app, clients=(), settings=settings) as telemetry:
        yield app, telemetry


def test_instrumenting_twice_has_no_effect(instrumented: tuple[FastAPI, Telemetry]) -> None:
    app, telemetry = instrumented

    assert instrument(app) is telemetry


def test_instrumenting_a_running_app_logs_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = FastAPI()
    get(app, "/")

    with instrument(app, clients=(), settings=Settings.from_env({"OTEL_TRACES_EXPORTER": "none"})):
        assert "Call it right after creating the app" in caplog.text


def test_the_title_names_the_service(instrumented: tuple[FastAPI, Telemetry]) -> None:
    _, telemetry = instrumented

    assert pipeline_of(telemetry).tracing.origin.resource.attributes["service.name"] == "shop"


@pytest.mark.parametrize(
    ("app", "environ", "version"),
    [
        (FastAPI(version="2.4.0"), "", "2.4.0"),
        (FastAPI(version="2.4.0"), "service.version=3.2.1", "3.2.1"),
        (FastAPI(version="2.4.0"), "service.version=", "2.4.0"),
        (FastAPI(), "", ""),
        (Starlette(), "", ""),
    ],
)
def test_the_version_of_the_app_is_the_version_of_the_service(
    app: Starlette, environ: str, version: str
) -> None:
    settings = Settings.from_env(
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_RESOURCE_ATTRIBUTES": environ}
    )
    with instrument(app, clients=(), settings=settings) as telemetry:
        (family,) = [each for each in telemetry.registry.collect() if each.name == "app_build"]

    attributes = pipeline_of(telemetry).tracing.origin.resource.attributes
    assert attributes.get("service.version", "") == version
    assert family.samples[0].labels["service_version"] == version


def test_probes_and_scrapes_are_not_recorded(instrumented: tuple[FastAPI, Telemetry]) -> None:
    app, telemetry = instrumented

    answers = [get(app, path) for path in ("/metrics", "/healthz", "/healthz/")]

    assert answers == [200, 404, 404]

    count = "http_server_request_duration_seconds_count"
    assert telemetry.registry.get_sample_value(count) is None


def test_paths_that_a_pattern_excludes_are_not_recorded() -> None:
    environ = {
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_PYTHON_EXCLUDED_URLS": "/internal/.*/status$,^/probe",
    }
    app = FastAPI()
    app.get("/{path:path}")(lambda path: path)
    paths = ("/internal/7/status", "/probe/now", "/internal/7", "/a/probe")
    with instrument(app, clients=(), settings=Settings.from_env(environ)) as telemetry:
        answers = [get(app, path) for path in (*paths, "/healthz")]

        labels = {"http_request_method": "GET", "http_route": "/{path}"}
        status = {"http_response_status_code": "200", "error_type": ""}
        counted = telemetry.registry.get_sample_value(
            "http_server_request_duration_seconds_count", labels | status
        )
    assert answers == [200] * 5
    assert counted == 2.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "steam"}, "engine='steam': expected one of asgi, contrib, fastapi"),
        ({"clients": ("urllib",)}, "clients=('urllib',): expected a list of aiohttp, httpx, req"),
        ({"clients": "httpx"}, "clients='httpx': expected a list of aiohttp, httpx, requests"),
        ({"exclude": "/health"}, "exclude='/health': expected paths in a list, ['/health']"),
        ({"metrics_path": "metrics"}, "metrics_path='metrics': expected a path like /metrics"),
        ({"metrics_path": ""}, "metrics_path='': expected a path like /metrics, or None"),
    ],
)
def test_an_invalid_argument_is_reported_with_what_is_expected(
    options: dict[str, object], message: str
) -> None:
    settings = Settings.from_env({"OTEL_TRACES_EXPORTER": "none"})

    with pytest.raises(ConfigurationError, match=re.escape(message)):
        instrument(FastAPI(), settings=settings, **options)  # type: ignore[arg-type]  # wrong on purpose


def test_another_asgi_app_is_refused_with_the_way_to_wrap_it() -> None:
    with pytest.raises(ConfigurationError, match="wrap any other ASGI app in TelemetryMiddleware"):
        instrument(object())


def test_a_client_is_traced_when_it_is_imported_later() -> None:
    program = (
        "import fastapi, sys; from instrumentation import instrument;"
        "instrument(fastapi.FastAPI());"
        "print('requests' in sys.modules); import requests.adapters as a;"
        "print(hasattr(a.HTTPAdapter.send, '__wrapped__'), a.__loader__ is not None)"
    )

    printed = subprocess.check_output([sys.executable, "-c", program], text=True)

    assert printed.split() == ["False", "True", "True"]


def test_an_exemplar_has_the_ids_of_the_current_span(telemetry: Recording) -> None:
    with telemetry.telemetry.tracer.start_as_current_span("work"):
        inside = exemplar()

    (span,) = telemetry.spans
    assert inside == {"trace_id": span.trace_id, "span_id": span.span_id}
    assert exemplar() is None


def test_label_sets_over_the_limit_share_one_and_are_counted() -> None:
    settings = Settings.from_env({"OTEL_TRACES_EXPORTER": "none", "SIGHTLINE_MAX_LABEL_SETS": "2"})
    app = FastAPI()
    app.get("/{a}")(lambda a: a)
    app.get("/x/{a}/{b}")(lambda a, b: a + b)
    with instrument(app, clients=(), settings=settings) as telemetry:
        answers = [get(app, path) for path in ("/1", "/x/1/2", "/no/such", "/no/such", "/1")]

        overflowed = telemetry.registry.get_sample_value(
            "sightline_label_sets_overflowed_total",
            {"metric": "http_server_request_duration_seconds"},
        )
    assert answers == [200, 200, 404, 404, 200]
    assert overflowed == 2.0
