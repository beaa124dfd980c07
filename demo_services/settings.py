"""Settings of the demo services, read from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from demo_services.hosts import allowed_hosts
from demo_services.tls import Identity

MAX_REQUESTS_PER_SECOND: Final = 200.0
"""Limit on the generated load. Beyond it, the generator slows down the services it measures."""

_MAX_PORT: Final = 65535


class SettingError(ValueError):
    """An environment variable has an invalid value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of all services. The URL of a peer that a service does not call can be empty."""

    host: str
    """Address to listen on. Variable ``HOST``, loopback unless set."""
    allowed_hosts: tuple[str, ...]
    """Patterns of the names in a request's ``Host``. Variable ``SIGHTLINE_ALLOWED_HOSTS``."""
    port: int
    """TCP port to listen on. Variable ``PORT``."""
    database: str
    """SQLite file, ``:memory:`` while ``DATABASE_URL`` is unset."""
    gateway_url: str
    orders_url: str
    users_url: str
    identity: Identity | None
    """Certificates for TLS, or None for plain HTTP. Variables in `tls.py`."""
    runbooks: Path | None
    """Folder of the runbooks that control serves. Variable ``RUNBOOKS``."""
    traffic_rate: float
    """Generated requests per second, 0 for none. Variable ``TRAFFIC_RATE``."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str], *, required: tuple[str, ...] = ()) -> Self:
        """Read the variables. Those in *required* must be set.

        Raises:
            SettingError: A variable is missing or invalid. Names variable, value and expectation.
        """
        for name in ("PORT", *required):
            if not environ.get(name):
                raise SettingError(f"{name} is not set: `make up` sets it from .env")
        return cls(
            host=environ.get("HOST") or "127.0.0.1",
            allowed_hosts=_allowed_hosts(environ),
            port=_port(environ["PORT"]),
            database=_database(environ.get("DATABASE_URL", "")),
            gateway_url=_url(environ, "GATEWAY_URL"),
            orders_url=_url(environ, "ORDERS_URL"),
            users_url=_url(environ, "USERS_URL"),
            identity=_identity(environ),
            runbooks=Path(environ["RUNBOOKS"]) if environ.get("RUNBOOKS") else None,
            traffic_rate=_rate(environ.get("TRAFFIC_RATE") or "0"),
        )


def _port(value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) <= _MAX_PORT:
        raise SettingError(f"PORT={value!r}: expected a TCP port, like 8000")
    return int(value)


def _allowed_hosts(environ: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return allowed_hosts(environ)
    except ValueError as error:
        raise SettingError(str(error)) from None


def _database(value: str) -> str:
    if not value:
        return ":memory:"
    scheme, separator, path = value.partition(":///")
    if scheme != "sqlite" or not separator or not path:
        raise SettingError(f"DATABASE_URL={value!r}: expected a file, like sqlite:////data/shop.db")
    return path


def _url(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    parts = urlsplit(value)
    if value and (
        parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/")
    ):
        raise SettingError(f"{name}={value!r}: expected a base URL, like http://users:8002")
    return value.rstrip("/")


def _identity(environ: Mapping[str, str]) -> Identity | None:
    try:
        return Identity.from_env(environ)
    except ValueError as error:
        raise SettingError(str(error)) from None


def _rate(value: str) -> float:
    try:
        rate = float(value)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= MAX_REQUESTS_PER_SECOND:
        expected = f"requests per second from 0 to {MAX_REQUESTS_PER_SECOND:.0f}"
        raise SettingError(f"TRAFFIC_RATE={value!r}: expected {expected}")
    return rate
