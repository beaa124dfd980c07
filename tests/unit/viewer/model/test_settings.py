"""Settings of the viewer."""

from pathlib import Path

import pytest

from sightline.errors import ConfigurationError
from sightline.viewer.model.settings import Settings


def test_empty_variables_are_treated_as_unset() -> None:
    settings = Settings.from_env({"DASHBOARDS": "", "HOST": ""})

    assert (settings.host, settings.port) == ("127.0.0.1", 3000)
    assert settings.prometheus_url == "http://127.0.0.1:9090"


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("GRAFANA_PORT", "zero", "expected a TCP port"),
        ("GRAFANA_PORT", "70000", "expected a TCP port"),
        ("PROMETHEUS_URL", "localhost:9090", "expected a URL"),
        ("DASHBOARDS", "/nowhere", "expected an existing directory"),
        ("SIGHTLINE_ALLOWED_HOSTS", "viewer:3000", "expected host names"),
    ],
)
def test_an_invalid_variable_is_named(variable: str, value: str, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{variable}='{value}': {expected}"):
        Settings.from_env({variable: value})


def test_a_trailing_slash_of_a_url_is_removed(tmp_path: Path) -> None:
    settings = Settings.from_env({"JAEGER_URL": "http://j:1/", "DASHBOARDS": str(tmp_path)})

    assert settings.jaeger_url == "http://j:1"
