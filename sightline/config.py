"""Configuration of the command: ports, folders, timeouts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final, Self

from sightline import artifacts
from sightline.environment import Environment

PROFILES: Final = ("demo", "production")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """TCP port of each listener. Variable: the field's name in capitals with ``_PORT``."""

    gateway: int
    orders: int
    users: int
    control: int
    traffic: int
    users_grpc: int
    grafana: int
    """Grafana or the viewer, its stand-in."""
    prometheus: int
    alertmanager: int
    jaeger_query: int
    """HTTP API and UI of Jaeger or of the trace store, its stand-in; likewise the ports below."""
    jaeger_query_grpc: int
    otlp_grpc: int
    otlp_http: int
    jaeger_sampling: int
    jaeger_metrics: int
    jaeger_span_metrics: int
    jaeger_health: int

    @classmethod
    def of(cls, environment: Environment) -> Self:
        """Return every port.

        Raises:
            ConfigurationError: A variable is missing or no port.
        """
        names = [field.name for field in fields(cls)]
        return cls(**{name: environment.port(f"{name.upper()}_PORT") for name in names})

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """Yield name and port of each listener."""
        return ((field.name, getattr(self, field.name)) for field in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Configuration of `sightline` with defaults applied."""

    ports: Ports
    state: Path
    """Directory of this stack: `run/`, `log/`, `data/`. Variable ``SIGHTLINE_STATE``."""
    cache: Path
    """Directory of downloaded programs, shared by all stacks. Variable ``XDG_CACHE_HOME``."""
    rules: str
    """Rule profile, ``demo`` or ``production``. Variable ``SIGHTLINE_RULES``."""
    healthy_within_seconds: float
    """Timeout of a role at `up`. Variable ``SIGHTLINE_HEALTHY_WITHIN``."""
    stop_within_seconds: float
    """Time from SIGTERM to SIGKILL of a role. Variable ``SIGHTLINE_STOP_WITHIN``."""
    offline: bool
    """No downloads. Variable ``SIGHTLINE_OFFLINE``."""
    environ: Mapping[str, str]
    """Variables of `.env` and the environment, for the started programs."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str], *, env_file: Path = artifacts.ENV_FILE) -> Self:
        """Return the configuration of *environ*, with the defaults of *env_file*.

        Raises:
            ConfigurationError: A variable is invalid; the message has value and expected format.
        """
        environment = Environment.read(environ, env_file=env_file)
        cache_home = environment.text("XDG_CACHE_HOME") or Path.home() / ".cache"
        return cls(
            ports=Ports.of(environment),
            state=_absolute(environment.text("SIGHTLINE_STATE", ".sightline")),
            cache=_absolute(Path(cache_home) / "sightline"),
            rules=environment.choice("SIGHTLINE_RULES", PROFILES),
            healthy_within_seconds=environment.seconds("SIGHTLINE_HEALTHY_WITHIN", 60.0),
            stop_within_seconds=environment.seconds("SIGHTLINE_STOP_WITHIN", 5.0),
            offline=environment.boolean("SIGHTLINE_OFFLINE"),
            environ=environment.variables,
        )

    def without_downloads(self) -> Self:
        """Return a copy that downloads nothing."""
        return replace(self, offline=True)


def _absolute(value: str | Path) -> Path:
    """Return *value* as absolute path; a link at its end is kept, so that it can be refused."""
    path = Path(value).absolute()
    return path.parent.resolve() / path.name
