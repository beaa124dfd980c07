import pytest

from demo_services.settings import SettingError, Settings


def test_defaults_are_loopback_and_a_database_in_memory() -> None:
    settings = Settings.from_env({"PORT": "8002"})

    assert (settings.host, settings.port, settings.database) == ("127.0.0.1", 8002, ":memory:")


def test_a_database_url_names_a_file() -> None:
    settings = Settings.from_env({"PORT": "8002", "DATABASE_URL": "sqlite:////data/users.db"})

    assert settings.database == "/data/users.db"


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PORT", "eighty", "expected a TCP port, like 8000"),
        ("PORT", "70000", "expected a TCP port, like 8000"),
        ("DATABASE_URL", "mysql://shop", "expected a file, like sqlite:////data/shop.db"),
        ("USERS_URL", "users:8002", "expected a base URL, like http://users:8002"),
        ("ORDERS_URL", "http://orders/api", "expected a base URL, like http://users:8002"),
        ("TRAFFIC_RATE", "fast", "expected requests per second from 0 to 200"),
        ("TRAFFIC_RATE", "1e9", "expected requests per second from 0 to 200"),
        ("TRAFFIC_RATE", "nan", "expected requests per second from 0 to 200"),
        (
            "SIGHTLINE_ALLOWED_HOSTS",
            "http://shop:8000",
            "expected host names without scheme and port, like viewer.example.com,*.internal",
        ),
    ],
)
def test_an_invalid_value_raises_an_error_with_the_expectation(
    variable: str, value: str, expected: str
) -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_env({"PORT": "8000", variable: value})

    assert str(error.value) == f"{variable}={value!r}: {expected}"


def test_a_missing_peer_raises_an_error_with_the_next_step() -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_env({"PORT": "8000"}, required=("USERS_URL",))

    assert str(error.value) == "USERS_URL is not set: `make up` sets it from .env"
