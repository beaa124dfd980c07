"""Models of the configuration of each application: names, types and limits of its values.

The values stand in `files/`. A model has no defaults, so that each value stands once.
"""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from demo_services.limits.algorithms import Quota
from demo_services.resilience.breaker import Policy

MAX_SECRET_LENGTH: Final = 1024

Ratio = Annotated[float, Field(gt=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=60)]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class Section(BaseModel):
    """Part of a configuration: immutable, without unknown keys and without conversions."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class ServiceConfiguration(Section):
    """Values that each service has."""

    log_level: LogLevel


class BreakerSection(Section):
    """Conditions of a circuit breaker, as in `resilience.breaker.Policy`."""

    window: Annotated[int, Field(ge=1, le=1000)]
    min_calls: Annotated[int, Field(ge=1, le=1000)]
    failure_ratio: Ratio
    slow_seconds: Seconds
    slow_ratio: Ratio
    open_seconds: Annotated[float, Field(gt=0, le=600)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min_calls > self.window:
            raise ValueError("a min_calls that is at most window")
        return self

    def policy(self) -> Policy:
        """Return the conditions for the breaker."""
        return Policy(**self.model_dump())


class DatabaseSection(Section):
    """Database of a service."""

    latency_factor: Annotated[float, Field(ge=0, le=100)]
    """Factor of the simulated durations of statements; 0 for none."""
    password: SecretStr | None = Field(default=None, max_length=MAX_SECRET_LENGTH)
    """Password for PostgreSQL, in place of that in the URL. Used for each new connection."""

    @property
    def clear_password(self) -> str | None:
        """Password in clear, for the driver alone."""
        return self.password.get_secret_value() if self.password else None


class QuotaSection(Section):
    """Limit of the requests of one client, as in `limits.algorithms.Quota`."""

    per_second: Annotated[float, Field(gt=0, le=100_000)]
    burst: Annotated[int, Field(ge=1, le=1_000_000)]

    def quota(self) -> Quota:
        """Return the quota for a limiter."""
        return Quota(per_second=self.per_second, burst=self.burst)


class LimitsSection(Section):
    """Quotas of the policies in `gateway/policies.py`, by name."""

    client: QuotaSection
    place_order: QuotaSection
    rename_user: QuotaSection
    report: QuotaSection

    def quotas(self) -> dict[str, Quota]:
        """Return the quota of each policy."""
        return {name: section.quota() for name, section in self}


class GatewayTimeouts(Section):
    """Timeouts of the calls of the gateway."""

    peer_seconds: Seconds
    rpc_seconds: Seconds
    report_seconds: Seconds


class OrdersTimeouts(Section):
    """Timeouts of the calls of orders."""

    users_seconds: Seconds


class WorkerPoolSection(Section):
    """Size of a worker pool."""

    workers: Annotated[int, Field(ge=1, le=100)]
    capacity: Annotated[int, Field(ge=1, le=10_000)]


class GatewayConfiguration(ServiceConfiguration):
    """Configuration of the gateway."""

    timeouts: GatewayTimeouts
    limits: LimitsSection


class OrdersConfiguration(ServiceConfiguration):
    """Configuration of orders."""

    timeouts: OrdersTimeouts
    breaker: BreakerSection
    worker_pool: WorkerPoolSection
    database: DatabaseSection


class UsersConfiguration(ServiceConfiguration):
    """Configuration of users."""

    database: DatabaseSection


Model = TypeVar("Model", bound=ServiceConfiguration)

APPLICATIONS: Final[dict[str, type[ServiceConfiguration]]] = {
    "gateway": GatewayConfiguration,
    "orders": OrdersConfiguration,
    "users": UsersConfiguration,
}
"""Model of each application with a configuration."""


def secret_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of the secrets of *model*."""
    for name, field in model.model_fields.items():
        for kind in (field.annotation, *get_args(field.annotation)):
            if kind is SecretStr:
                yield f"{prefix}{name}"
            elif isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from secret_keys(kind, f"{prefix}{name}.")
