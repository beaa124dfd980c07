"""Settings of the trace store."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from sightline import artefacts
from sightline.config import Ports, read_env_file
from sightline.errors import ConfigurationError
from sightline.hosts import allowed_hosts
from sightline.tracestore.storage.store import Bounds

MAX_SPANS: Final = 400_000
MAX_BYTES: Final = 1024 * 1024 * 1024
MAX_AGE_SECONDS: Final = 48 * 3600.0
"""Source: `ttl.spans` of jaeger/config.yaml."""

_SAMPLING_FILE: Final = artefacts.JAEGER / "sampling.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of the trace store with defaults applied."""

    host: str
    """Address of every listener. Variable ``HOST``."""
    allowed_hosts: tuple[str, ...]
    """Patterns of the names in a request's ``Host``. Variable ``SIGHTLINE_ALLOWED_HOSTS``."""
    ports: Ports
    path: Path
    """Pattern of the files: ``traces.db`` means ``traces.000001.db``. ``TRACESTORE_PATH``."""
    prometheus_url: str
    """Prometheus with the span metrics of `/api/metrics`. Variable ``PROMETHEUS_URL``."""
    viewer_url: str
    """Target of redirects from Jaeger's pages; empty: the requested host, on Grafana's port.

    Variable ``GRAFANA_URL``.
    """
    sampling_file: Path
    """Sampling strategies. Variable ``TRACESTORE_SAMPLING_FILE``."""
    bounds: Bounds

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Return the settings of *environ*; `.env` has the defaults.

        Raises:
            ConfigurationError: A variable is invalid; the message has its value.
        """
        given = {name: value for name, value in environ.items() if value}
        merged = {**read_env_file(artefacts.ENV_FILE), **given}
        ports = Ports.from_env(merged)
        return cls(
            host=merged.get("HOST", "127.0.0.1"),
            allowed_hosts=allowed_hosts(merged),
            ports=ports,
            path=Path(merged.get("TRACESTORE_PATH", "traces.db")),
            prometheus_url=merged.get("PROMETHEUS_URL", f"http://127.0.0.1:{ports.prometheus}"),
            viewer_url=merged.get("GRAFANA_URL", "").rstrip("/"),
            sampling_file=Path(merged.get("TRACESTORE_SAMPLING_FILE", _SAMPLING_FILE)),
            bounds=Bounds(
                spans=_positive_int(merged, "TRACESTORE_MAX_SPANS", MAX_SPANS),
                bytes=_positive_int(merged, "TRACESTORE_MAX_BYTES", MAX_BYTES),
                age_seconds=_positive_int(
                    merged, "TRACESTORE_MAX_AGE_SECONDS", int(MAX_AGE_SECONDS)
                ),
            ),
        )


def _positive_int(environ: Mapping[str, str], variable: str, default: int) -> int:
    value = environ.get(variable, str(default))
    if not value.isdecimal() or int(value) == 0:
        raise ConfigurationError(f"{variable}={value!r}: expected a whole number above 0")
    return int(value)
