"""Settings from the environment, and errors for invalid values."""

import re
from ipaddress import ip_network

import pytest

from instrumentation import ConfigurationError, Settings
from instrumentation._setup.provider import resource_of

CAPTURE = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE"
SANITIZE = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS"


def test_an_empty_environment_gives_the_defaults_of_opentelemetry() -> None:
    settings = Settings.from_env({})

    assert settings.sampler == "parentbased_always_on"
    assert settings.propagators == ("tracecontext", "baggage")
    assert settings.limits.attributes == 128
    assert (settings.limits.attribute_length, settings.log_length) == (16_384, 16_384)
    assert settings.trust_incoming == "always"


def test_the_service_name_overrides_the_resource_attributes() -> None:
    environ = {
        "OTEL_SERVICE_NAME": "orders",
        "OTEL_RESOURCE_ATTRIBUTES": "service.name=other,a=b%20c",
    }

    settings = Settings.from_env(environ)

    assert settings.service_name == "orders"
    assert settings.resource_attributes == {"service.name": "other", "a": "b c"}


def test_empty_means_unset() -> None:
    assert Settings.from_env({"OTEL_SDK_DISABLED": " "}) == Settings.from_env({})


def test_networks_can_be_trusted() -> None:
    settings = Settings.from_env({"SIGHTLINE_TRUST_INCOMING": "10.0.0.0/8, ::1"})

    assert settings.trust_incoming == (ip_network("10.0.0.0/8"), ip_network("::1"))


def test_credentials_are_never_captured_even_when_they_are_listed() -> None:
    listed = {"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST": "X-Tenant,Authorization"}

    assert Settings.from_env(listed).request_headers == ("x-tenant",)


def test_headers_to_sanitize_are_omitted() -> None:
    listed = {CAPTURE: "X-Tenant,X-Session-Key", SANITIZE: "other,SESSION.*"}

    assert Settings.from_env(listed).response_headers == ("x-tenant",)


@pytest.mark.parametrize(
    ("environ", "excluded"),
    [
        ({"OTEL_PYTHON_EXCLUDED_URLS": "health, client/.*/info"}, ("health", "client/.*/info")),
        (
            {"OTEL_PYTHON_EXCLUDED_URLS": "a", "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS": "b"},
            ("b",),
        ),
    ],
)
def test_patterns_exclude_paths(environ: dict[str, str], excluded: tuple[str, ...]) -> None:
    assert Settings.from_env(environ).excluded_urls == excluded


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("OTEL_SDK_DISABLED", "yes", "true or false"),
        ("OTEL_TRACES_SAMPLER", "sometimes", "one of always_off, always_on"),
        ("OTEL_PYTHON_EXCLUDED_URLS", "[a", "regular expressions"),
        (CAPTURE, "x-.*", "names of headers"),
        (SANITIZE, "(", "regular expressions"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "-1", "at least 0"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1.5", "a whole number"),
        ("OTEL_TRACES_EXPORTER", "pigeon", "a list of"),
        ("SIGHTLINE_TRUST_INCOMING", "10.0.0.0/99", "networks like 10.0.0.0/8"),
        ("SIGHTLINE_MAX_LABEL_SETS", "0", "at least 1"),
    ],
)
def test_an_invalid_value_is_reported_with_what_is_expected(
    name: str, value: str, expected: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}='{re.escape(value)}': .*{expected}"):
        Settings.from_env({name: value})


def test_detectors_of_other_packages_describe_the_resource() -> None:
    environ = {
        "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "otel,os",
        "OTEL_RESOURCE_ATTRIBUTES": "os.type=plan9",
    }

    attributes = resource_of(Settings.from_env(environ), "shop").attributes

    assert attributes["os.type"] == "plan9"
    assert attributes["os.version"]
    assert attributes["service.name"] == "shop"


def test_an_unknown_detector_is_reported() -> None:
    settings = Settings.from_env({"OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "moon"})

    with pytest.raises(ConfigurationError, match=r"DETECTORS='moon': expected one of .*os, .*inst"):
        resource_of(settings, "shop")


@pytest.mark.parametrize("ratio", ["1.5", "-0.1", "half", "nan"])
def test_a_sampling_ratio_lies_between_0_and_1(ratio: str) -> None:
    environ = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": ratio}

    with pytest.raises(ConfigurationError, match=f"OTEL_TRACES_SAMPLER_ARG='{ratio}'"):
        Settings.from_env(environ)


def test_an_invalid_pair_is_reported_without_its_value() -> None:
    with pytest.raises(ConfigurationError, match="item 2") as caught:
        Settings.from_env({"OTEL_RESOURCE_ATTRIBUTES": "a=b,secret"})

    assert "secret" not in str(caught.value)
