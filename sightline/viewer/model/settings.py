"""Settings of the viewer: address, sources, folder of dashboards."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sightline.artifacts import DASHBOARDS
from sightline.config import Ports
from sightline.environment import Environment
from sightline.hosts import LOCAL_NAMES, allowed_hosts


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of the viewer."""

    host: str
    """Variable ``HOST``."""
    port: int
    """Variable ``GRAFANA_PORT``."""
    prometheus_url: str
    """Variable ``PROMETHEUS_URL``."""
    jaeger_url: str
    """Jaeger's query API, or the trace store's. Variable ``JAEGER_URL``."""
    alertmanager_url: str
    """Variable ``ALERTMANAGER_URL``."""
    dashboards: Path
    """Folder of dashboard files. Variable ``DASHBOARDS``."""
    allowed_hosts: tuple[str, ...] = LOCAL_NAMES
    """Patterns of accepted ``Host`` headers. Variable ``SIGHTLINE_ALLOWED_HOSTS``."""
    scrape_interval_seconds: float = 5.0
    """``timeInterval`` of the provisioned data source: the minimum of ``$__interval``."""
    timeout_seconds: float = 10.0
    """Timeout of a request to a source."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read every variable; an empty one is treated as unset.

        Raises:
            ConfigurationError: Names variable, value and expectation.
        """
        environment = Environment.read(environ)
        ports = Ports.of(environment)
        loopback = "http://127.0.0.1"
        return cls(
            host=environment.text("HOST", "127.0.0.1"),
            allowed_hosts=allowed_hosts(environment.variables),
            port=ports.grafana,
            prometheus_url=environment.url("PROMETHEUS_URL", f"{loopback}:{ports.prometheus}"),
            jaeger_url=environment.url("JAEGER_URL", f"{loopback}:{ports.jaeger_query}"),
            alertmanager_url=environment.url(
                "ALERTMANAGER_URL", f"{loopback}:{ports.alertmanager}"
            ),
            dashboards=environment.directory("DASHBOARDS", DASHBOARDS),
        )
