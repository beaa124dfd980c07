"""Settings of the trace store from the environment."""

from pathlib import Path

import pytest

from sightline.errors import ConfigurationError
from sightline.tracestore.settings import Settings


def test_defaults_come_from_the_env_file() -> None:
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


def test_allowed_hosts_include_the_bound_host() -> None:
    settings = Settings.from_env({"HOST": "store", "SIGHTLINE_ALLOWED_HOSTS": "traces.example.com"})

    assert settings.allowed_hosts == ("localhost", "*.localhost", "store", "traces.example.com")


@pytest.mark.parametrize("value", ["viewer:3000", "https://viewer", "*.*.internal", "a b", "a/b"])
def test_an_invalid_host_pattern_is_reported(value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"SIGHTLINE_ALLOWED_HOSTS='.*': expected host"):
        Settings.from_env({"SIGHTLINE_ALLOWED_HOSTS": value})


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_an_invalid_bound_is_reported(value: str) -> None:
    with pytest.raises(ConfigurationError, match="TRACESTORE_MAX_SPANS='"):
        Settings.from_env({"TRACESTORE_MAX_SPANS": value})
