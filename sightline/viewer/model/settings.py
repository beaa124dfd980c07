"""Settings of the viewer: address, sources, folder of dashboards."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from sightline.artefacts import DASHBOARDS
from sightline.errors import ConfigurationError
from sightline.hosts import LOCAL_NAMES, allowed_hosts

_HIGHEST_PORT = 65535


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
    scrape_interval_seconds: float = 2.0
    """``timeInterval`` of the provisioned data source: the minimum of ``$__interval``."""
    timeout_seconds: float = 10.0
    """Timeout of a request to a source."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read every variable; an empty one is treated as unset.

        Raises:
            ConfigurationError: Names variable, value and expectation.
        """
        given = {name: value for name, value in environ.items() if value}
        return cls(
            host=given.get("HOST", "127.0.0.1"),
            allowed_hosts=allowed_hosts(given),
            port=_port(given.get("GRAFANA_PORT", "3000")),
            prometheus_url=_url(given, "PROMETHEUS_URL", "http://127.0.0.1:9090"),
            jaeger_url=_url(given, "JAEGER_URL", "http://127.0.0.1:16686"),
            alertmanager_url=_url(given, "ALERTMANAGER_URL", "http://127.0.0.1:9093"),
            dashboards=_folder(given.get("DASHBOARDS", str(DASHBOARDS))),
        )


def _port(value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) <= _HIGHEST_PORT:
        raise ConfigurationError(f"GRAFANA_PORT={value!r}: expected a TCP port, like 3000")
    return int(value)


def _url(environ: Mapping[str, str], variable: str, default: str) -> str:
    value = environ.get(variable, default)
    if urlsplit(value).scheme not in {"http", "https"}:
        raise ConfigurationError(f"{variable}={value!r}: expected a URL, like {default}")
    return value.rstrip("/")


def _folder(value: str) -> Path:
    folder = Path(value)
    if not folder.is_dir():
        raise ConfigurationError(f"DASHBOARDS={value!r}: expected a folder of dashboard files")
    return folder
