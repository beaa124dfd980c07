"""Export settings from OpenTelemetry's environment variables."""

import pytest

from instrumentation._settings.export import ExportSettings
from instrumentation.errors import ConfigurationError


def test_the_defaults_export_to_a_local_collector_over_http() -> None:
    settings = ExportSettings.from_env({})

    assert settings.endpoint == "http://localhost:4318/v1/traces"
    assert (settings.protocol, settings.compression) == ("http/protobuf", "gzip")
    assert (settings.timeout_seconds, settings.schedule_delay_seconds) == (10.0, 1.0)
    assert (settings.max_queue_bytes, settings.max_queue_spans) == (8 * 1024 * 1024, None)


@pytest.mark.parametrize(
    ("environ", "endpoint"),
    [
        ({"ENDPOINT": "http://c:4318"}, "http://c:4318/v1/traces"),
        ({"ENDPOINT": "https://c/otlp/"}, "https://c/otlp/v1/traces"),
        (
            {"TRACES_ENDPOINT": "http://t:1/as/it/stands", "ENDPOINT": "x"},
            "http://t:1/as/it/stands",
        ),
        ({"PROTOCOL": "grpc"}, "http://localhost:4317"),
        ({"TRACES_PROTOCOL": "grpc", "ENDPOINT": "c:4317"}, "https://c:4317"),
        ({"PROTOCOL": "grpc", "ENDPOINT": "c:4317", "INSECURE": "true"}, "http://c:4317"),
    ],
)
def test_the_endpoint_follows_the_specification(environ: dict[str, str], endpoint: str) -> None:
    named = {f"OTEL_EXPORTER_OTLP_{word}": value for word, value in environ.items()}

    assert ExportSettings.from_env(named).endpoint == endpoint


def test_headers_are_decoded_and_omitted_from_the_repr() -> None:
    settings = ExportSettings.from_env({"OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Basic%20abc"})

    assert settings.headers == {"authorization": "Basic abc"}
    assert "abc" not in repr(settings)


def test_passwords_in_urls_are_omitted_from_the_repr() -> None:
    settings = ExportSettings.from_env(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:hunter2@collector.example:4318",
            "HTTP_PROXY": "http://me:hunter2@proxy.example:3128",
        }
    )

    assert "hunter2" not in repr(settings)
    assert "collector.example" in repr(settings)
    assert "proxy.example" in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("OTEL_TRACES_EXPORTER", "otlp,zipkin", "none, or a list of otlp, console"),
        ("OTEL_TRACES_EXPORTER", "otlp,none", "none, or a list of otlp, console"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "one of grpc, http/protobuf"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://c", "a URL like"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:port", "a URL like"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "one of gzip, none"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10", "at least 100"),
        ("OTEL_BSP_SCHEDULE_DELAY", "soon", "a number"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0", "a whole number of at least 1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "a whole number of at least 1"),
        ("SIGHTLINE_EXPORT_QUEUE_BYTES", "8MiB", "a whole number"),
    ],
)
def test_an_invalid_value_is_named(variable: str, value: str, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{variable}='{value}': expected .*{expected}"):
        ExportSettings.from_env({variable: value})


def test_the_error_for_an_invalid_endpoint_omits_its_password() -> None:
    with pytest.raises(ConfigurationError) as raised:
        ExportSettings.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://me:hunter2@c"})

    assert "hunter2" not in str(raised.value)


def test_the_error_for_an_invalid_header_omits_its_value() -> None:
    with pytest.raises(ConfigurationError, match="header 'x-key'") as raised:
        ExportSettings.from_env({"OTEL_EXPORTER_OTLP_HEADERS": "x-key=secret%0d%0a"})

    assert "secret" not in str(raised.value)
