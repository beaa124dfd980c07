"""Provider of each role: the real program if it is installed, else a stand-in."""

import shutil
import sys
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

from sightline import artefacts, binaries, private
from sightline.config import Config
from sightline.local import demo, rundirectory
from sightline.local.folder import VARIABLE, Folder
from sightline.local.rundirectory import page, url
from sightline.local.state import Role

Report = Callable[[str], None]

_JAEGER: Final = (
    *("jaeger_query", "jaeger_query_grpc", "otlp_grpc", "otlp_http", "jaeger_sampling"),
    *("jaeger_metrics", "jaeger_span_metrics", "jaeger_health"),
)

_GRAFANA_HOME: Final = Path("/usr/share/grafana")
"""Directory of Grafana's own files in its packages."""


class Providers:
    """Resolves roles to programs for one configuration."""

    def __init__(self, config: Config, report: Report) -> None:
        """Store the arguments; *report* is called with progress messages."""
        self._config = config
        self._ports = config.ports
        self._report = report
        self._folder = Folder(config.state)

    def role(self, name: str) -> Role:
        """Return the role *name* with its program.

        Raises:
            BinaryUnavailable: The program was not found and has no stand-in.
        """
        engines: Mapping[str, Callable[[], Role]] = {
            "prometheus": self._prometheus,
            "alertmanager": self._alertmanager,
            "jaeger": self._jaeger,
            "grafana": self._grafana,
        }
        return engines[name]() if name in engines else self._service(name)

    def _prometheus(self) -> Role:
        binary = binaries.find("prometheus", self._config, report=self._report)
        return Role(
            name="prometheus",
            provider=str(binary),
            command=(
                str(binary.path),
                f"@{artefacts.PROMETHEUS / 'prometheus.flags'}",
                "--config.file=prometheus.yml",
                f"--storage.tsdb.path={self._data('prometheus')}",
                f"--web.listen-address=127.0.0.1:{self._ports.prometheus}",
                f"--web.external-url={url(self._ports.prometheus)}",
            ),
            environ=self._environ(),
            folder=str(rundirectory.prometheus(self._config, self._folder.run)),
            url=page(self._ports.prometheus),
            health=f"{url(self._ports.prometheus)}/-/ready",
            ports=self._listens("prometheus"),
            needs=("alertmanager",),
        )

    def _alertmanager(self) -> Role:
        binary = binaries.find("alertmanager", self._config, report=self._report)
        return Role(
            name="alertmanager",
            provider=str(binary),
            command=(
                str(binary.path),
                f"--config.file={rundirectory.alertmanager(self._config, self._folder.run)}",
                f"--storage.path={self._data('alertmanager')}",
                f"--web.listen-address=127.0.0.1:{self._ports.alertmanager}",
                f"--web.external-url={url(self._ports.alertmanager)}",
                "--cluster.listen-address=",  # no cluster with one instance
            ),
            environ=self._environ(),
            folder=str(binary.path.parent),
            url=page(self._ports.alertmanager),
            health=f"{url(self._ports.alertmanager)}/-/ready",
            ports=self._listens("alertmanager"),
            needs=(),
        )

    def _jaeger(self) -> Role:
        real = self._on_path("jaeger")
        real_command = (real, f"--config={artefacts.JAEGER / 'config.yaml'}")
        return Role(
            name="jaeger",
            provider=f"jaeger ({real})" if real else "stand-in: trace store",
            command=real_command if real else (sys.executable, "-m", "sightline.tracestore"),
            environ=self._environ(
                TRACESTORE_PATH=str(self._data("traces") / "traces.db"),
                PROMETHEUS_URL=url(self._ports.prometheus),
                JAEGER_LISTEN="127.0.0.1",
                JAEGER_DATA=str(self._data("jaeger")),
                JAEGER_CONFIG_DIR=str(artefacts.JAEGER),
                # Disables tracing of Jaeger by itself, which delays its stop.
                OTEL_TRACES_SAMPLER="always_off",
            ),
            folder=str(artefacts.ROOT),
            url=page(self._ports.jaeger_query),
            health=f"{url(self._ports.jaeger_health)}/status",
            ports=self._listens(*_JAEGER),
            needs=(),
        )

    def _grafana(self) -> Role:
        real = self._on_path("grafana")
        real_command = (real, "server", f"--homepath={_grafana_home(Path(real))}")
        return Role(
            name="grafana",
            provider=f"grafana ({real})" if real else "stand-in: viewer",
            command=real_command if real else (sys.executable, "-m", "sightline.viewer"),
            environ=self._environ(
                PROMETHEUS_URL=url(self._ports.prometheus),
                JAEGER_URL=url(self._ports.jaeger_query),
                ALERTMANAGER_URL=url(self._ports.alertmanager),
                DASHBOARDS=str(artefacts.DASHBOARDS),
                GF_SERVER_ENFORCE_DOMAIN="true",  # accepts localhost only, against DNS rebinding
                GF_SERVER_HTTP_ADDR="127.0.0.1",
                GF_SERVER_HTTP_PORT=str(self._ports.grafana),
                GF_PATHS_DATA=str(self._data("grafana")),
                GF_PATHS_PROVISIONING=str(rundirectory.grafana(self._config, self._folder.run)),
                GF_AUTH_ANONYMOUS_ENABLED="true",
                GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION="true",
            ),
            folder=str(artefacts.ROOT),
            url=page(self._ports.grafana),
            health=f"{url(self._ports.grafana)}/api/health",
            ports=self._listens("grafana"),
            needs=("prometheus", "alertmanager", "jaeger"),
        )

    def _service(self, name: str) -> Role:
        calls = demo.CALLS.get(name, ())
        peers = {f"{peer.upper()}_URL": url(getattr(self._ports, peer)) for peer in calls}
        port = getattr(self._ports, name)
        return Role(
            name=name,
            provider="demo service",
            command=(sys.executable, "-m", f"demo_services.{name}"),
            environ=self._environ(
                PORT=str(port),
                DATABASE_URL=f"sqlite:///{self._data('services') / name}.db",
                RUNBOOKS=str(artefacts.ROOT / "docs" / "runbooks"),
                OTEL_SERVICE_NAME=name,
                OTEL_RESOURCE_ATTRIBUTES=self._identity(name),
                OTEL_EXPORTER_OTLP_ENDPOINT=url(self._ports.otlp_http),
                OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
                **peers,
            ),
            folder=str(artefacts.ROOT),
            url=page(port),
            health=f"{url(port)}/readyz",
            ports=self._listens(name),
            needs=("jaeger", *calls),
        )

    def _identity(self, name: str) -> str:
        """Return the resource attributes of a service, as in compose, plus the user's."""
        given = self._config.environ.get("OTEL_RESOURCE_ATTRIBUTES")
        version = metadata.version("sightline-stack")
        own = f"service.namespace=shop,service.instance.id={name},service.version={version}"
        return ",".join(filter(None, (own, given)))

    def _environ(self, **own: str) -> dict[str, str]:
        """Return the environment of a role: the command's, with overrides for this stack."""
        given = self._config.environ
        direct = ",".join(filter(None, (given.get("NO_PROXY"), "127.0.0.1", "localhost")))
        return {
            # Exports spans soon, because someone waits for the trace.
            "OTEL_BSP_SCHEDULE_DELAY": "500",
            **given,
            "HOST": "127.0.0.1",
            "NO_PROXY": direct,
            "no_proxy": direct,
            "PYTHONUNBUFFERED": "1",
            **own,
        }

    def _listens(self, *names: str) -> tuple[tuple[str, int], ...]:
        return tuple((f"{name.upper()}_PORT", getattr(self._ports, name)) for name in names)

    def _on_path(self, program: str) -> str:
        return shutil.which(program, path=self._config.environ.get("PATH")) or ""

    def _data(self, name: str) -> Path:
        return private.create_directory(
            self._folder.data / name, root=self._folder.path, variable=VARIABLE
        )


def _grafana_home(program: Path) -> Path:
    """Return the directory of Grafana's own files: beside its program, or that of packages."""
    beside = program.resolve().parent.parent
    return beside if (beside / "conf").is_dir() else _GRAFANA_HOME
