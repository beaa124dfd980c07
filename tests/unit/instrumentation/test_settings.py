"""What the environment says, and what it may not say."""

from ipaddress import ip_network

import pytest

from instrumentation import ConfigurationError, Settings


def test_an_empty_environment_gives_the_defaults_of_opentelemetry() -> None:
    settings = Settings.from_env({})

    assert settings.sampler == "parentbased_always_on"
    assert settings.propagators == {"tracecontext", "baggage"}
    assert settings.limits.attributes == 128
    assert settings.limits.attribute_length is None
    assert settings.trust_incoming == "always"


def test_the_service_name_wins_over_the_resource_attributes() -> None:
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


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("OTEL_SDK_DISABLED", "yes", "true or false"),
        ("OTEL_TRACES_SAMPLER", "sometimes", "one of always_off, always_on"),
        ("OTEL_PROPAGATORS", "b4", "tracecontext, baggage, none"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "-1", "at least 0"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1.5", "a whole number"),
        ("OTEL_TRACES_EXPORTER", "pigeon", "a list of"),
        ("SIGHTLINE_TRUST_INCOMING", "10.0.0.0/99", "networks like 10.0.0.0/8"),
        ("SIGHTLINE_MAX_LABEL_SETS", "0", "at least 1"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    name: str, value: str, expected: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}='{value}': expected .*{expected}"):
        Settings.from_env({name: value})


@pytest.mark.parametrize("ratio", ["1.5", "-0.1", "half", "nan"])
def test_a_sampling_ratio_lies_between_0_and_1(ratio: str) -> None:
    environ = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": ratio}

    with pytest.raises(ConfigurationError, match=f"OTEL_TRACES_SAMPLER_ARG='{ratio}'"):
        Settings.from_env(environ)


def test_a_broken_pair_is_named_without_its_value() -> None:
    with pytest.raises(ConfigurationError, match="item 2") as caught:
        Settings.from_env({"OTEL_RESOURCE_ATTRIBUTES": "a=b,secret"})

    assert "secret" not in str(caught.value)
