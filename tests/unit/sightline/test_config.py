"""`Config`: the environment over `.env`, and errors for invalid values."""

from pathlib import Path

import pytest

from sightline import artifacts
from sightline.config import Config
from sightline.environment import read_env_file
from sightline.errors import ConfigurationError


def test_the_env_file_has_the_defaults() -> None:
    config = Config.from_env({})

    assert config.ports.gateway == 8000
    assert config.ports.jaeger_query == 16686
    assert config.rules == "demo"


def test_the_environment_overrides_the_env_file() -> None:
    config = Config.from_env({"GATEWAY_PORT": "18000", "SIGHTLINE_RULES": "production"})

    assert config.ports.gateway == 18000
    assert config.rules == "production"
    assert config.environ["GATEWAY_PORT"] == "18000"


def test_an_empty_variable_counts_as_unset() -> None:
    assert Config.from_env({"GATEWAY_PORT": ""}).ports.gateway == 8000


def test_state_and_cache_directories_come_from_the_environment(tmp_path: Path) -> None:
    environ = {"SIGHTLINE_STATE": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path)}

    config = Config.from_env(environ)

    assert config.state == tmp_path / "state"
    assert config.cache == tmp_path / "sightline"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("GATEWAY_PORT", "http", "GATEWAY_PORT='http': expected a TCP port, like 8000"),
        ("USERS_PORT", "70000", "USERS_PORT='70000': expected a TCP port, like 8000"),
        ("SIGHTLINE_RULES", "dev", "SIGHTLINE_RULES='dev': expected one of demo, production"),
        (
            "SIGHTLINE_HEALTHY_WITHIN",
            "soon",
            "SIGHTLINE_HEALTHY_WITHIN='soon': expected seconds as a number, like 5.0",
        ),
        ("SIGHTLINE_OFFLINE", "maybe", "SIGHTLINE_OFFLINE='maybe': expected true or false"),
    ],
)
def test_an_invalid_value_is_reported(variable: str, value: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        Config.from_env({variable: value})

    assert str(error.value) == message


def test_every_port_of_the_env_file_is_a_field_of_ports() -> None:
    variables = read_env_file(artifacts.ENV_FILE)

    known = {f"{name.upper()}_PORT" for name, _ in Config.from_env({}).ports}

    assert {name for name in variables if name.endswith("_PORT")} == known
