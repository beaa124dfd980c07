"""Roles of a stack and their conditions, as JSON between the command and the supervisor."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, Self

from sightline.local.process import Identity

Phase = Literal["starting", "running", "stopping"]
Condition = Literal["starting", "late", "healthy", "dead"]
"""A role is late when it was not healthy in time; it keeps running and may become healthy."""

UNREADABLE: Final = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
"""Errors of the readers below when a text is damaged or of another version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A process that the stack is made of, ready to be started."""

    name: str
    provider: str
    """What plays the role, for people: ``prometheus 3.5.3 (sid)``, ``stand-in: viewer``."""
    command: tuple[str, ...]
    environ: dict[str, str]
    """Variables over those of the command that asked for it."""
    folder: str
    """Where it runs."""
    url: str
    """Where people look at it."""
    health: str
    """Address that answers 200 when it is healthy."""
    ports: tuple[tuple[str, int], ...]
    """Variable and number of each port it listens on."""
    needs: tuple[str, ...]
    """Roles that it talks to: they stop after it. Nothing waits for them to start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A role as the supervisor last saw it."""

    role: Role
    condition: Condition
    process: Identity
    healthy_after_seconds: float = 0.0
    detail: str = ""
    """Why it is dead or late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The whole stack as its supervisor last saw it."""

    supervisor: Identity
    request: int
    """Number of the last request taken."""
    phase: Phase
    roles: dict[str, Status] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    """Errors that the supervisor works around, by subject: a sentence with the next step."""

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the state that `to_json` wrote; raises one of `UNREADABLE`."""
        read = json.loads(text)
        read["supervisor"] = identity(read["supervisor"])
        read["roles"] = {name: _status(status) for name, status in read["roles"].items()}
        return cls(**read)

    def to_json(self) -> str:
        """Return this state as text."""
        return json.dumps(asdict(self), indent=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Roles to start, or to replace where they run."""

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
        """Return this request as text; it holds the environment of its roles."""
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
