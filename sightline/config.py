"""The command's configuration: ports, images, folders, timeouts.

`.env` holds the defaults, the environment overrides them; an empty value counts as unset.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final, Self

from sightline import artefacts
from sightline.errors import ConfigurationError

PROFILES: Final = ("demo", "production")
_HIGHEST_PORT: Final = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """TCP port of each listener; the variable is the field in capitals with ``_PORT``."""

    gateway: int
    orders: int
    users: int
    control: int
    traffic: int
    users_grpc: int
    grafana: int
    """Grafana, or the viewer that stands in for it."""
    prometheus: int
    alertmanager: int
    jaeger_query: int
    """Jaeger's HTTP API and UI, or the trace store that stands in for it; likewise below."""
    jaeger_query_grpc: int
    otlp_grpc: int
    otlp_http: int
    jaeger_sampling: int
    jaeger_metrics: int
    jaeger_span_metrics: int
    jaeger_health: int

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read every port.

        Raises:
            ConfigurationError: Names the variable and its value.
        """
        return cls(**{field.name: _port(environ, field.name) for field in fields(cls)})

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """Name and port of each listener."""
        return ((field.name, getattr(self, field.name)) for field in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything `sightline` can be told, resolved."""

    ports: Ports
    state: Path
    """Folder of this stack: `run/`, `log/`, `data/`. Variable ``SIGHTLINE_STATE``."""
    cache: Path
    """Folder of fetched programs, shared by all stacks. Variable ``XDG_CACHE_HOME``."""
    rules: str
    """Rule profile, ``demo`` or ``production``. Variable ``SIGHTLINE_RULES``."""
    healthy_within_seconds: float
    """How long `up` waits for a role. Variable ``SIGHTLINE_HEALTHY_WITHIN``."""
    stop_within_seconds: float
    """How long a role may take to stop before it is killed. Variable ``SIGHTLINE_STOP_WITHIN``."""
    offline: bool
    """Whether nothing may be fetched. Variable ``SIGHTLINE_OFFLINE``."""
    environ: Mapping[str, str]
    """`.env` overlaid with the environment, for the programs that are started."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str], *, env_file: Path = artefacts.ENV_FILE) -> Self:
        """Read *env_file*, then *environ* over it.

        Raises:
            ConfigurationError: Names variable, value, expectation.
        """
        merged = {**read_env_file(env_file), **{k: v for k, v in environ.items() if v}}
        home = Path(merged.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cls(
            ports=Ports.from_env(merged),
            state=_place(merged.get("SIGHTLINE_STATE", ".sightline")),
            cache=_place(home / "sightline"),
            rules=_choice(merged, "SIGHTLINE_RULES", PROFILES),
            healthy_within_seconds=_seconds(merged, "SIGHTLINE_HEALTHY_WITHIN", 60.0),
            stop_within_seconds=_seconds(merged, "SIGHTLINE_STOP_WITHIN", 5.0),
            offline=_boolean(merged, "SIGHTLINE_OFFLINE"),
            environ=merged,
        )

    def unconnected(self) -> Self:
        """The same, but nothing may be fetched."""
        return replace(self, offline=True)


def read_env_file(path: Path) -> dict[str, str]:
    """Variables of an `.env` file as compose reads it: ``NAME=value`` lines, ``#`` comments.

    Raises:
        ConfigurationError: Names the file and the line that is no assignment.
    """
    variables = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise ConfigurationError(f"{path}:{number}: {line!r}: expected NAME=value")
        variables[name.strip()] = value.strip()
    return variables


def _place(value: str | Path) -> Path:
    """Return *value* as absolute path; the last part is not resolved, so that a link is seen."""
    path = Path(value).absolute()
    return path.parent.resolve() / path.name


def _port(environ: Mapping[str, str], name: str) -> int:
    variable = f"{name.upper()}_PORT"
    value = environ.get(variable, "")
    if not value.isdecimal() or not 0 < int(value) <= _HIGHEST_PORT:
        raise ConfigurationError(f"{variable}={value!r}: expected a TCP port, like 8000")
    return int(value)


def _choice(environ: Mapping[str, str], variable: str, choices: tuple[str, ...]) -> str:
    value = environ.get(variable, choices[0])
    if value not in choices:
        raise ConfigurationError(f"{variable}={value!r}: expected one of {', '.join(choices)}")
    return value


def _seconds(environ: Mapping[str, str], variable: str, default: float) -> float:
    value = environ.get(variable, str(default))
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise ConfigurationError(f"{variable}={value!r}: expected seconds as a number, like 5.0")
    return seconds


def _boolean(environ: Mapping[str, str], variable: str) -> bool:
    value = environ.get(variable, "false").lower()
    if value not in {"true", "false", "1", "0"}:
        raise ConfigurationError(f"{variable}={value!r}: expected true or false")
    return value in {"true", "1"}
