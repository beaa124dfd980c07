"""Settings of the registry's client, read from the environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Self

from demo_services.urls import base_url

_HOST: Final = re.compile(r"[\w.:-]{1,255}", re.ASCII)
_MAX_CHECK_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """Address of the registry, and what an instance says of itself."""

    url: str
    """Base URL. Variable ``REGISTRY_URL``."""
    advertised_host: str
    """Host that other services call. Variable ``ADVERTISED_HOST``, else ``HOST``; empty for the
    address with which this machine reaches the registry."""
    check_seconds: float
    """Interval of the registry's health checks. Variable ``HEALTH_CHECK_SECONDS``."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self | None:
        """Return the settings, or None while ``REGISTRY_URL`` is unset.

        Raises:
            ValueError: Names variable, value and expectation.
        """
        if not environ.get("REGISTRY_URL"):
            return None
        return cls(
            url=base_url(environ, name="REGISTRY_URL", example="http://control:8003"),
            advertised_host=_advertised_host(environ),
            check_seconds=_check_seconds(environ.get("HEALTH_CHECK_SECONDS") or "10"),
        )


def _advertised_host(environ: Mapping[str, str]) -> str:
    given = environ.get("ADVERTISED_HOST", "")
    if given and not _HOST.fullmatch(given):
        raise ValueError(f"ADVERTISED_HOST={given!r}: expected a host, like users")
    bound = environ.get("HOST") or "127.0.0.1"
    return given or ("" if _is_every_address(bound) else bound)


def _is_every_address(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _check_seconds(value: str) -> float:
    is_number = value.isascii() and value.isdecimal()
    if not is_number or not 1 <= int(value[:5]) <= _MAX_CHECK_SECONDS:
        raise ValueError(f"HEALTH_CHECK_SECONDS={value!r}: expected seconds from 1 to 3600")
    return float(value)
