"""Settings of the trace store."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from sightline import artifacts
from sightline.config import Ports
from sightline.environment import Environment
from sightline.hosts import allowed_hosts
from sightline.tracestore.storage.store import Bounds

MAX_SPANS: Final = 400_000
MAX_BYTES: Final = 1024 * 1024 * 1024
MAX_AGE_SECONDS: Final = 48 * 3600
"""Source: `ttl.spans` of jaeger/config.yaml."""

_SAMPLING_FILE: Final = artifacts.JAEGER / "sampling.json"


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
        environment = Environment.read(environ)
        ports = Ports.of(environment)
        prometheus = f"http://127.0.0.1:{ports.prometheus}"
        return cls(
            host=environment.text("HOST", "127.0.0.1"),
            allowed_hosts=allowed_hosts(environment.variables),
            ports=ports,
            path=Path(environment.text("TRACESTORE_PATH", "traces.db")),
            prometheus_url=environment.url("PROMETHEUS_URL", prometheus),
            viewer_url=environment.text("GRAFANA_URL").rstrip("/"),
            sampling_file=Path(environment.text("TRACESTORE_SAMPLING_FILE", str(_SAMPLING_FILE))),
            bounds=Bounds(
                spans=environment.count("TRACESTORE_MAX_SPANS", MAX_SPANS),
                bytes=environment.count("TRACESTORE_MAX_BYTES", MAX_BYTES),
                age_seconds=environment.count("TRACESTORE_MAX_AGE_SECONDS", MAX_AGE_SECONDS),
            ),
        )
