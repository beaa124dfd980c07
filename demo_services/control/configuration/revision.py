"""Revisions: documents of the configuration center with their history."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

Action = Literal["push", "canary", "promotion", "drop", "rollback"]
Instance = Annotated[str, Field(min_length=1, max_length=200)]


class Stored(BaseModel):
    """Immutable value in the file of the center."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Target(Stored):
    """Instances that a canary reaches."""

    instances: Annotated[tuple[Instance, ...], Field(max_length=100)] = ()
    percent: Annotated[int, Field(ge=0, le=99)] = 0
    """Percentage of the instances, selected by a hash of their names, so that it is stable."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.instances) == bool(self.percent):
            raise ValueError("expected either names of instances or a percentage from 1 to 99")
        return self

    def matches(self, instance: str) -> bool:
        """Return true if the canary reaches *instance*."""
        bucket = int.from_bytes(sha256(instance.encode()).digest()[:8]) % 100
        return instance in self.instances or bucket < self.percent


class Revision(Stored):
    """Document as it was pushed."""

    version: int
    """Time of the push in milliseconds since 1970, or one more than the version before. It never
    goes back, even if the center has lost its memory."""
    action: Action
    author: str
    at: AwareDatetime
    document: dict[str, Any]
    target: Target | None = None
    """None for all instances."""


class Shelf(Stored):
    """Revisions of one application and profile."""

    stable: Revision | None = None
    """Document of all instances that the canary does not reach. None before the first push."""
    canary: Revision | None = None
    history: tuple[Revision, ...] = ()
    """Newest first."""

    def serves(self, instance: str) -> Revision | None:
        """Return the revision for *instance*, or None if nothing was pushed yet."""
        if self.canary and self.canary.target and self.canary.target.matches(instance):
            return self.canary
        return self.stable

    def next_version(self, now: datetime) -> int:
        """Return the version of a revision that is made at *now*: the time in milliseconds."""
        newest = self.history[0].version if self.history else 0
        return max(newest + 1, int(now.timestamp() * 1000))
