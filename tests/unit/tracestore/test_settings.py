"""What the environment says."""

from pathlib import Path

import pytest

from sightline.errors import ConfigurationError
from sightline.tracestore.settings import Settings


def test_without_an_environment_the_defaults_of_env_hold() -> None:
    settings = Settings.from_env({})

    assert (settings.host, settings.ports.otlp_http) == ("127.0.0.1", 4318)
    assert settings.prometheus_url == "http://127.0.0.1:9090"
    assert settings.bounds.age_seconds == 48 * 3600


def test_the_environment_comes_first_and_empty_means_unset() -> None:
    settings = Settings.from_env(
        {"HOST": "", "OTLP_HTTP_PORT": "14318", "TRACESTORE_PATH": "/data/t.db"}
    )

    assert (settings.host, settings.ports.otlp_http) == ("127.0.0.1", 14318)
    assert settings.path == Path("/data/t.db")


def test_names_in_the_host_header_are_listed() -> None:
    settings = Settings.from_env({"HOST": "store", "SIGHTLINE_ALLOWED_HOSTS": "traces.example.com"})

    assert settings.allowed_hosts == ("localhost", "*.localhost", "store", "traces.example.com")


@pytest.mark.parametrize("value", ["viewer:3000", "https://viewer", "*.*.internal", "a b", "a/b"])
def test_what_is_no_host_name_is_named(value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"SIGHTLINE_ALLOWED_HOSTS='.*': expected host"):
        Settings.from_env({"SIGHTLINE_ALLOWED_HOSTS": value})


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_a_bound_that_is_no_number_is_named(value: str) -> None:
    with pytest.raises(ConfigurationError, match="TRACESTORE_MAX_SPANS='"):
        Settings.from_env({"TRACESTORE_MAX_SPANS": value})
