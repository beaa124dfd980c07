"""Roles of a stack and their conditions, as JSON between the command and the supervisor."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, Self

from sightline.local.process import Identity

Phase = Literal["starting", "running", "stopping"]
Condition = Literal["starting", "late", "healthy", "dead"]
"""A late role missed its timeout; it keeps running and may become healthy."""

UNREADABLE: Final = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
"""Errors of the parsers below for a damaged text or another version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Process of the stack, with everything needed to start it."""

    name: str
    provider: str
    """Program for display: ``prometheus 3.5.3 (sid)``, ``stand-in: viewer``."""
    command: tuple[str, ...]
    environ: dict[str, str]
    """Environment variables of the process."""
    folder: str
    """Working directory."""
    url: str
    """Address for browsers."""
    health: str
    """Address that returns 200 when the role is healthy."""
    ports: tuple[tuple[str, int], ...]
    """Variable and number of each listening port."""
    needs: tuple[str, ...]
    """Called roles, which stop after this one. Starts do not wait for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Last known condition of a role."""

    role: Role
    condition: Condition
    process: Identity
    healthy_after_seconds: float = 0.0
    detail: str = ""
    """Reason for a dead or late role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Last known state of the stack."""

    supervisor: Identity
    request: int
    """Number of the last accepted request."""
    phase: Phase
    roles: dict[str, Status] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    """Current errors of the supervisor by subject, each with the next step."""

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the state that `to_json` wrote; raises one of `UNREADABLE`."""
        read = json.loads(text)
        read["supervisor"] = identity(read["supervisor"])
        read["roles"] = {name: _status(status) for name, status in read["roles"].items()}
        return cls(**read)

    def to_json(self) -> str:
        """Return this state as JSON."""
        return json.dumps(asdict(self), indent=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Roles to start, or to restart if they run."""

    number: int
    roles: tuple[Role, ...]
    healthy_within_seconds: float
    stop_within_seconds: float

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the request that `to_json` wrote; raises one of `UNREADABLE`."""
        read = json.loads(text)
        read["roles"] = tuple(map(_role, read["roles"]))
        return cls(**read)

    def to_json(self) -> str:
        """Return this request as JSON; it contains the environment of its roles."""
        return json.dumps(asdict(self))


def identity(read: dict[str, Any]) -> Identity:
    """Return the process that *read* describes; raises one of `UNREADABLE`."""
    if not isinstance(read["pid"], int) or not isinstance(read["started_at"], float):
        raise TypeError(f"{read!r}: expected a pid and a start time")
    return Identity(**read)


def _status(read: dict[str, Any]) -> Status:
    role, process = _role(read.pop("role")), identity(read.pop("process"))
    return Status(role=role, process=process, **read)


def _role(read: dict[str, Any]) -> Role:
    wrong = [name for name in _TEXTS if not isinstance(read[name], str)]
    if wrong:
        raise TypeError(f"{', '.join(wrong)}: expected a string")
    return Role(
        **{
            **read,
            "command": tuple(read["command"]),
            "ports": tuple((name, port) for name, port in read["ports"]),
            "needs": tuple(read["needs"]),
        }
    )


_TEXTS: Final = ("name", "provider", "folder", "url", "health")
