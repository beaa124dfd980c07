"""Registrations of instances, read from the bodies that clients of Consul send.

Consul ignores the case of keys, and py-consul sends lower case.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from demo_services.urls import url_host

DEFAULT_INTERVAL_SECONDS: Final = 10.0
DEFAULT_TIMEOUT_SECONDS: Final = 1.0
MAX_TIMEOUT_SECONDS: Final = 2.0
"""Limit on the timeout of a check, so that a hanging instance blocks its checker briefly."""
MAX_SECONDS: Final = 24 * 3600.0
"""Limit on every other duration."""

_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)")
_DURATIONS: Final = re.compile(rf"(?:{_DURATION.pattern})+")
_UNIT_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_MAX_DEPTH: Final = 4
_PORTS: Final = {"http": 80, "https": 443}


class InvalidRegistrationError(ValueError):
    """The body of a registration is invalid. The text says what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Health check: GET of a URL of the instance."""

    url: str
    interval_seconds: float
    timeout_seconds: float
    remove_after_seconds: float | None
    """Time after which a critical instance is removed; None for never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Instance of a service, as it registered itself."""

    id: str
    service: str
    address: str
    port: int
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str]
    check: Check | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Instance, and its status until the first check."""

    instance: Instance
    passing: bool

    @classmethod
    def parse(cls, body: object, *, sender: str) -> Self:
        """Return the registration in the decoded JSON *body*.

        Args:
            body: As Consul's clients send it.
            sender: Address of the instance if the body has none.

        Raises:
            InvalidRegistrationError: Names the first invalid field.
        """
        if not isinstance(body, dict):
            raise InvalidRegistrationError("body: expected an object")
        try:
            read = _Body.model_validate(_lower(body))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "body"
            raise InvalidRegistrationError(f"{place}: {first['msg']}") from None
        address = read.address or sender
        check = _check(read, address)
        instance = Instance(
            id=read.id or read.name,
            service=read.name,
            address=address,
            port=read.port,
            tags=tuple(read.tags),
            meta=read.meta,
            check=check,
        )
        named = read.named_check
        return cls(
            instance=instance, passing=check is None or bool(named and named.status == "passing")
        )


def seconds(text: str) -> float:
    """Return the duration *text*, like ``10s`` or ``1m30s``.

    Raises:
        ValueError: It is no duration, or longer than a day.
    """
    if not _DURATIONS.fullmatch(text):
        raise ValueError(f"{text[:20]!r}: expected a duration, like 10s")
    total = sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _DURATION.findall(text))
    if total > MAX_SECONDS:
        raise ValueError(f"{text[:20]!r}: expected at most a day")
    return total


_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]
_Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
_Value = Annotated[str, Field(max_length=512)]
_Tag = Annotated[str, Field(max_length=255)]


class _CheckBody(BaseModel):
    model_config = ConfigDict(extra="ignore")

    http: Annotated[str, Field(max_length=512)] = ""
    interval: str = ""
    timeout: str = ""
    status: str = ""
    deregistercriticalserviceafter: str = ""
    tcp: object = None
    grpc: object = None
    ttl: object = None
    args: object = None
    docker_container_id: object = None

    @model_validator(mode="after")
    def _has_a_url(self) -> Self:
        others = {
            "tcp": self.tcp,
            "grpc": self.grpc,
            "ttl": self.ttl,
            "args": self.args,
            "docker_container_id": self.docker_container_id,
        }
        unsupported = [name for name, value in others.items() if value]
        if unsupported or not self.http:
            found = unsupported[0] if unsupported else "nothing"
            raise ValueError(f"expected a check by http, not by {found}")
        return self


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: _Name
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{0,256}$")] = ""
    address: Annotated[str, Field(pattern=r"^([A-Za-z0-9_.:-]{1,255})?$")] = ""
    port: Annotated[int, Field(gt=0, le=65535)]
    tags: Annotated[list[_Tag], Field(max_length=32)] = []
    meta: Annotated[dict[_Key, _Value], Field(max_length=64)] = {}
    check: _CheckBody | None = None
    checks: Annotated[list[_CheckBody], Field(max_length=1)] = []

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, body: object) -> object:
        """Drop nulls and empty checks, which clients send in place of nothing."""
        if not isinstance(body, dict):
            return body
        return {key: value for key, value in body.items() if value not in (None, {})}

    @property
    def named_check(self) -> _CheckBody | None:
        """The check of the registration, in either form."""
        return self.check or (self.checks[0] if self.checks else None)


def _check(body: _Body, address: str) -> Check | None:
    read = body.named_check
    if read is None:
        return None
    _demand_own_address(read.http, address, body.port)
    try:
        interval = seconds(read.interval) if read.interval else DEFAULT_INTERVAL_SECONDS
        timeout = seconds(read.timeout) if read.timeout else DEFAULT_TIMEOUT_SECONDS
        after = read.deregistercriticalserviceafter
        remove_after = seconds(after) if after else None
    except ValueError as error:
        raise InvalidRegistrationError(f"check: {error}") from None
    return Check(
        url=read.http,
        interval_seconds=max(interval, 1.0),
        timeout_seconds=min(max(timeout, 0.1), MAX_TIMEOUT_SECONDS),
        remove_after_seconds=remove_after,
    )


def _demand_own_address(url: str, address: str, port: int) -> None:
    """Reject a check of another address: the registry must not send requests for others."""
    expected = f"check.http: expected a URL of {url_host(address)}:{port} with http or https"
    try:
        parts = urlsplit(url)
        found = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        raise InvalidRegistrationError(expected) from None
    plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in _PORTS or found != (address.lower(), port) or not plain:
        raise InvalidRegistrationError(expected)


def _lower(body: object, depth: int = 0) -> object:
    """Return *body* with keys in lower case, except for those of ``Meta``."""
    if isinstance(body, list) and depth < _MAX_DEPTH:
        return [_lower(each, depth + 1) for each in body]
    if not isinstance(body, dict) or depth >= _MAX_DEPTH:
        return body
    return {
        key.lower(): value if key.lower() == "meta" else _lower(value, depth + 1)
        for key, value in body.items()
    }
