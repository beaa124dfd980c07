import pytest

from demo_services.registry.settings import RegistrySettings
from demo_services.settings import SettingError, Settings

GATEWAY = {
    "PORT": "8000",
    "ORDERS_URL": "http://orders:8001",
    "USERS_URL": "http://users:8002",
    "USERS_GRPC_TARGET": "users:9002",
    "REGISTRY_URL": "http://control:8003",
}
USERS = {"PORT": "8002", "GRPC_PORT": "9002"}


def test_defaults_are_loopback_and_a_database_in_memory() -> None:
    settings = Settings.from_env(USERS, "users")

    assert (settings.host, settings.port, settings.database) == ("127.0.0.1", 8002, ":memory:")


def test_the_urls_of_database_and_bus_name_files() -> None:
    urls = {"DATABASE_URL": "sqlite:////data/users.db", "BUS_URL": "sqlite:////bus/events.db"}

    settings = Settings.from_env({**USERS, **urls}, "users")

    assert (settings.database, settings.bus) == ("/data/users.db", "/bus/events.db")


def test_a_database_url_names_a_server() -> None:
    url = "postgresql://shop:secret@db:5432/orders"

    assert Settings.from_env({**USERS, "DATABASE_URL": url}, "users").database == url


def test_an_invalid_url_of_a_server_is_not_repeated_because_it_may_have_a_password() -> None:
    environ = {**USERS, "DATABASE_URL": "postgresql://shop:secret@db"}

    with pytest.raises(SettingError, match="expected a server and its database") as error:
        Settings.from_env(environ, "users")

    assert "secret" not in str(error.value)


def test_a_bus_url_names_a_server() -> None:
    url = "nats://shop:secret@bus:4222"

    assert Settings.from_env({**USERS, "BUS_URL": url}, "users").bus == url


@pytest.mark.parametrize("url", ["nats:secret", "nats://shop:secret@", "tls://bus:secret"])
def test_an_invalid_url_of_a_bus_is_not_repeated_because_it_may_have_a_password(url: str) -> None:
    with pytest.raises(SettingError, match="expected a server, like nats:") as error:
        Settings.from_env({**USERS, "BUS_URL": url}, "users")

    assert "secret" not in str(error.value)


def test_a_service_has_the_urls_of_the_services_that_it_calls() -> None:
    settings = Settings.from_env({**GATEWAY, "ORDERS_URL": "https://orders/"}, "gateway")

    assert settings.peers == {"orders": "https://orders", "users": "http://users:8002"}
    assert settings.targets == {"users": "users:9002"}


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ({}, "127.0.0.1"),
        ({"HOST": "::"}, ""),
        ({"HOST": "::", "ADVERTISED_HOST": "users"}, "users"),
    ],
)
def test_an_instance_advertises_the_address_that_it_listens_on(
    given: dict[str, str], host: str
) -> None:
    environ = {**USERS, "REGISTRY_URL": "http://control:8003/", **given}

    registry = Settings.from_env(environ, "users").registry

    assert registry == RegistrySettings(
        url="http://control:8003", advertised_host=host, check_seconds=10.0
    )


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PORT", "eighty", "expected a TCP port, like 8000"),
        ("PORT", "70000", "expected a TCP port, like 8000"),
        ("DATABASE_URL", "mysql://shop", "expected a file, like sqlite:////data/shop.db"),
        ("BUS_URL", "kafka://bus", "expected a file, like sqlite:////data/shop.db"),
        ("USERS_URL", "users:8002", "expected a base URL, like http://users:8002"),
        ("USERS_GRPC_TARGET", "http://users:9002", "expected host and port, like users:9002"),
        ("USERS_GRPC_TARGET", "users", "expected host and port, like users:9002"),
        ("ORDERS_URL", "http://orders/api", "expected a base URL, like http://users:8002"),
        ("TRAFFIC_RATE", "fast", "expected requests per second from 0 to 200"),
        ("TRAFFIC_RATE", "1e9", "expected requests per second from 0 to 200"),
        (
            "TRAFFIC_PROFILE",
            "storm",
            "expected one of wave, steady, spike, ramp, abuse, soak, idle",
        ),
        (
            "LIMITER_URL",
            "memcached://cache",
            "expected the URL of Redis or Valkey, like redis://127.0.0.1:6379/0",
        ),
        ("REGISTRY_URL", "consul:8500", "expected a base URL, like http://control:8003"),
        ("ADVERTISED_HOST", "http://users", "expected a host, like users"),
        ("HEALTH_CHECK_SECONDS", "0", "expected seconds from 1 to 3600"),
        ("HEALTH_CHECK_SECONDS", "often", "expected seconds from 1 to 3600"),
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
        Settings.from_env({**GATEWAY, variable: value}, "gateway")

    assert str(error.value) == f"{variable}={value!r}: {expected}"


def test_a_missing_peer_raises_an_error_with_the_next_step() -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_env({"PORT": "8001", "USERS_URL": "http://users:8002"}, "orders")

    assert str(error.value) == "USERS_GRPC_TARGET is not set: `make up` sets it from .env"


def test_a_service_with_a_grpc_server_needs_its_port() -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_env({"PORT": "8002"}, "users")

    assert str(error.value) == "GRPC_PORT is not set: `make up` sets it from .env"
