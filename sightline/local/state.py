"""What a stack is made of and how it fares; as JSON, between the command and the supervisor."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from sightline.local.process import Identity

Phase = Literal["starting", "running", "stopping", "failed"]
Condition = Literal["starting", "healthy", "dead"]


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
    """Why it is dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The whole stack as its supervisor last saw it."""

    supervisor: Identity
    request: int
    """Number of the last request taken."""
    phase: Phase
    failure: str = ""
    """Why the start failed, for people."""
    roles: dict[str, Status] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The state that `to_json` wrote."""
        read = json.loads(text)
        read["supervisor"] = Identity(**read["supervisor"])
        read["roles"] = {name: _status(status) for name, status in read["roles"].items()}
        return cls(**read)

    def to_json(self) -> str:
        """This state as text."""
        return json.dumps(asdict(self), indent=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Start these roles, anew if they run."""

    number: int
    roles: tuple[Role, ...]
    healthy_within_seconds: float
    stop_within_seconds: float

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The request that `to_json` wrote."""
        read = json.loads(text)
        read["roles"] = tuple(map(_role, read["roles"]))
        return cls(**read)

    def to_json(self) -> str:
        """This request as text."""
        return json.dumps(asdict(self))


def _status(read: dict[str, Any]) -> Status:
    role, process = _role(read.pop("role")), Identity(**read.pop("process"))
    return Status(role=role, process=process, **read)


def _role(read: dict[str, Any]) -> Role:
    return Role(
        **{
            **read,
            "command": tuple(read["command"]),
            "ports": tuple((name, port) for name, port in read["ports"]),
            "needs": tuple(read["needs"]),
        }
    )
