"""Settings of the demo services, read from the environment."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Self, TypeVar
from urllib.parse import urlsplit

from demo_services.auth.settings import AuthSettings
from demo_services.configuration.source import Source
from demo_services.events.bus import NATS_SCHEMES
from demo_services.graph import (
    CALLS,
    RPC_CALLS,
    RPC_SERVERS,
    target_variable,
    url_variable,
)
from demo_services.hosts import allowed_hosts
from demo_services.registry.settings import RegistrySettings
from demo_services.tls import Identity
from demo_services.traffic.profiles import BY_NAME, PROFILES, Profile
from demo_services.urls import base_url

MAX_REQUESTS_PER_SECOND: Final = 200.0
"""Limit on the generated load. Beyond it, the generator slows down the services it measures."""

_MAX_PORT: Final = 65535
_NATS: Final = re.compile(r"(nats|tls)://([^@/\s]+@)?[\w.-]+(:\d{1,5})?/?", re.ASCII)
_TARGET: Final = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})", re.ASCII)

Value = TypeVar("Value")


class SettingError(ValueError):
    """An environment variable has an invalid value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of one service."""

    host: str
    """Address to listen on. Variable ``HOST``, loopback unless set."""
    allowed_hosts: tuple[str, ...]
    """Patterns of the names in a request's ``Host``. Variable ``SIGHTLINE_ALLOWED_HOSTS``."""
    port: int
    """TCP port to listen on. Variable ``PORT``."""
    grpc_port: int
    """TCP port of the gRPC server, 0 for a service without one. Variable ``GRPC_PORT``."""
    database: str
    """SQLite file, or URL of PostgreSQL. ``:memory:`` while ``DATABASE_URL`` is unset."""
    bus: str
    """SQLite file of the event log, or URL of NATS. ``:memory:`` while ``BUS_URL`` is unset, so
    that no event leaves the process."""
    limiter_url: str | None
    """URL of the Redis that all gateways share for rate limits. Variable ``LIMITER_URL``."""
    peers: Mapping[str, str]
    """Base URL of each called service. Variable ``ORDERS_URL`` for orders, and so on."""
    targets: Mapping[str, str]
    """Host and port of each service called by gRPC. Variable ``USERS_GRPC_TARGET`` for users."""
    identity: Identity | None
    """Certificates for TLS, or None for plain HTTP. Variables in `tls.py`."""
    registry: RegistrySettings | None
    """Registry of the instances of all services. Variables in `registry/settings.py`."""
    auth: AuthSettings
    """Tokens. Variables in `auth/settings.py`."""
    runbooks: Path | None
    """Folder of the runbooks that control serves. Variable ``RUNBOOKS``."""
    configuration: Source
    """Origin of the values that may change at run time. Variables in `configuration/source.py`."""
    configuration_file: Path | None
    """File of the configuration center; None to keep documents in memory. Variable
    ``CONFIG_FILE``."""
    configuration_token_file: Path | None
    """File with the token for changes at the center. Variable ``CONFIG_TOKEN_FILE``."""
    traffic_rate: float
    """Generated requests per second, 0 for none. Variable ``TRAFFIC_RATE``."""
    traffic_profile: Profile
    """Changes of that rate. Variable ``TRAFFIC_PROFILE``."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str], service: str) -> Self:
        """Read the variables of *service*. Its ports and the addresses of its peers must be set.

        Raises:
            SettingError: A variable is missing or invalid. Names variable, value and expectation.
        """
        urls = {peer: url_variable(peer) for peer in CALLS[service]}
        targets = {peer: target_variable(peer) for peer in RPC_CALLS[service]}
        grpc_port = ("GRPC_PORT",) if service in RPC_SERVERS else ()
        for name in ("PORT", *grpc_port, *urls.values(), *targets.values()):
            if not environ.get(name):
                raise SettingError(f"{name} is not set: `make up` sets it from .env")
        return cls(
            host=environ.get("HOST") or "127.0.0.1",
            allowed_hosts=_read(allowed_hosts, environ),
            port=_port("PORT", environ),
            grpc_port=_port("GRPC_PORT", environ) if grpc_port else 0,
            database=_database(environ),
            bus=_bus(environ),
            limiter_url=_limiter_url(environ.get("LIMITER_URL", "")),
            peers={peer: _url(environ, variable) for peer, variable in urls.items()},
            targets={peer: _target(environ, variable) for peer, variable in targets.items()},
            identity=_read(Identity.from_env, environ),
            auth=_read(AuthSettings.from_env, environ),
            registry=_read(RegistrySettings.from_env, environ),
            runbooks=_path(environ, "RUNBOOKS"),
            configuration=_read(partial(Source.from_env, application=service), environ),
            configuration_file=_path(environ, "CONFIG_FILE"),
            configuration_token_file=_path(environ, "CONFIG_TOKEN_FILE"),
            traffic_rate=_rate(environ.get("TRAFFIC_RATE") or "0"),
            traffic_profile=_profile(environ.get("TRAFFIC_PROFILE") or PROFILES[0].name),
        )


def _read(read: Callable[[Mapping[str, str]], Value], environ: Mapping[str, str]) -> Value:
    try:
        return read(environ)
    except ValueError as error:
        raise SettingError(str(error)) from None


def _port(name: str, environ: Mapping[str, str]) -> int:
    value = environ[name]
    if not value.isdecimal() or not 0 < int(value) <= _MAX_PORT:
        raise SettingError(f"{name}={value!r}: expected a TCP port, like 8000")
    return int(value)


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]) if environ.get(name) else None


def _database(environ: Mapping[str, str]) -> str:
    value = environ.get("DATABASE_URL", "")
    if not value.startswith("postgresql:"):
        return _file(environ, "DATABASE_URL")
    parts = urlsplit(value)
    if not parts.hostname or not parts.path.strip("/"):
        expected = "a server and its database, like postgresql://shop@db:5432/orders"
        raise SettingError(f"DATABASE_URL: expected {expected}")
    return value


def _bus(environ: Mapping[str, str]) -> str:
    value = environ.get("BUS_URL", "")
    if not value.startswith(tuple(f"{scheme}:" for scheme in NATS_SCHEMES)):
        return _file(environ, "BUS_URL")
    if not _NATS.fullmatch(value):
        raise SettingError("BUS_URL: expected a server, like nats://shop@bus:4222")
    return value


def _file(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        return ":memory:"
    scheme, separator, path = value.partition(":///")
    if scheme != "sqlite" or not separator or not path:
        raise SettingError(f"{name}={value!r}: expected a file, like sqlite:////data/shop.db")
    return path


def _limiter_url(value: str) -> str | None:
    if value and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
        expected = "the URL of Redis or Valkey, like redis://127.0.0.1:6379/0"
        raise SettingError(f"LIMITER_URL={value!r}: expected {expected}")
    return value or None


def _url(environ: Mapping[str, str], name: str) -> str:
    return _read(partial(base_url, name=name, example="http://users:8002"), environ)


def _target(environ: Mapping[str, str], name: str) -> str:
    value = environ[name]
    if not _TARGET.fullmatch(value):
        raise SettingError(f"{name}={value!r}: expected host and port, like users:9002")
    return value


def _rate(value: str) -> float:
    try:
        rate = float(value)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= MAX_REQUESTS_PER_SECOND:
        expected = f"requests per second from 0 to {MAX_REQUESTS_PER_SECOND:.0f}"
        raise SettingError(f"TRAFFIC_RATE={value!r}: expected {expected}")
    return rate


def _profile(name: str) -> Profile:
    if name not in BY_NAME:
        raise SettingError(f"TRAFFIC_PROFILE={name!r}: expected one of {', '.join(BY_NAME)}")
    return BY_NAME[name]
