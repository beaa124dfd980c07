"""Provider of each role: the real program if it is installed, else a stand-in."""

import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sightline import artifacts, binaries, private
from sightline.binaries import Report
from sightline.config import Config
from sightline.local import demo, grafana, jaeger, rundirectory
from sightline.local.folder import VARIABLE, Folder
from sightline.local.rundirectory import page, url
from sightline.local.state import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_JAEGER: Final = (
    *("jaeger_query", "jaeger_query_grpc", "otlp_grpc", "otlp_http", "jaeger_sampling"),
    *("jaeger_metrics", "jaeger_span_metrics", "jaeger_health"),
)

_REGISTRY: Final = "control"


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
                f"@{artifacts.PROMETHEUS / 'prometheus.flags'}",
                "--config.file=prometheus.yml",
                f"--storage.tsdb.path={self._data('prometheus')}",
                f"--web.listen-address=127.0.0.1:{self._ports.prometheus}",
                f"--web.external-url={url(self._ports.prometheus)}",
            ),
            environ=self._environ(
                GRAFANA_URL=page(self._ports.grafana),
                RUNBOOKS_URL=f"{page(self._ports.control)}/runbooks",
                GOMEMLIMIT=self._memory_limit("prometheus"),
            ),
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
            environ=self._environ(GOMEMLIMIT=self._memory_limit("alertmanager")),
            folder=str(binary.path.parent),
            url=page(self._ports.alertmanager),
            health=f"{url(self._ports.alertmanager)}/-/ready",
            ports=self._listens("alertmanager"),
            needs=(),
        )

    def _jaeger(self) -> Role:
        real = jaeger.find(self._config.environ.get("PATH"), self._report)
        configuration = f"--config={artifacts.JAEGER / 'config.yaml'}"
        stand_in = (sys.executable, "-m", "sightline.tracestore")
        return Role(
            name="jaeger",
            provider=str(real) if real else "stand-in: trace store",
            command=(str(real.path), configuration) if real else stand_in,
            environ=self._environ(
                TRACESTORE_PATH=str(self._data("traces") / "traces.db"),
                PROMETHEUS_URL=url(self._ports.prometheus),
                JAEGER_LISTEN="127.0.0.1",
                JAEGER_DATA=str(self._data("jaeger")),
                JAEGER_CONFIG_DIR=str(artifacts.JAEGER),
                JAEGER_UI_DIR=str(rundirectory.jaeger(self._config, self._folder.run)),
                GOMEMLIMIT=self._memory_limit("jaeger"),
                # Disables tracing of Jaeger by itself, which delays its stop.
                OTEL_TRACES_SAMPLER="always_off",
            ),
            folder=str(artifacts.ROOT),
            url=page(self._ports.jaeger_query),
            health=f"{url(self._ports.jaeger_health)}/status",
            ports=self._listens(*_JAEGER),
            needs=(),
        )

    def _grafana(self) -> Role:
        real = grafana.find(self._config.environ.get("PATH"), self._report)
        return Role(
            name="grafana",
            provider=str(real) if real else "stand-in: viewer",
            command=real.command if real else (sys.executable, "-m", "sightline.viewer"),
            environ=self._grafana_environ() if real else self._viewer_environ(),
            folder=str(artifacts.ROOT),
            url=page(self._ports.grafana),
            health=f"{url(self._ports.grafana)}/api/health",
            ports=self._listens("grafana"),
            needs=("prometheus", "alertmanager", "jaeger"),
        )

    def _grafana_environ(self) -> dict[str, str]:
        """Return the environment of a real Grafana; the user's wins over the common settings."""
        data = self._data("grafana")
        return {
            **grafana.common_settings(),
            **self._environ(
                GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH=str(artifacts.DASHBOARDS / "fleet.json"),
                GF_PATHS_DATA=str(data),
                GF_PATHS_LOGS=str(data / "log"),
                GF_PATHS_PLUGINS=str(self._data("grafana/plugins")),
                GF_PATHS_PROVISIONING=str(rundirectory.grafana(self._config, self._folder.run)),
                GF_SERVER_HTTP_ADDR="127.0.0.1",
                GF_SERVER_HTTP_PORT=str(self._ports.grafana),
                GF_SERVER_ROOT_URL=page(self._ports.grafana),
                GOMEMLIMIT=self._memory_limit("grafana"),
            ),
        }

    def _viewer_environ(self) -> dict[str, str]:
        return self._environ(
            PROMETHEUS_URL=url(self._ports.prometheus),
            JAEGER_URL=url(self._ports.jaeger_query),
            ALERTMANAGER_URL=url(self._ports.alertmanager),
            DASHBOARDS=str(artifacts.DASHBOARDS),
        )

    def _service(self, name: str) -> Role:
        calls, rpc_calls = demo.CALLS.get(name, ()), demo.RPC_CALLS.get(name, ())
        peers = {f"{peer.upper()}_URL": url(getattr(self._ports, peer)) for peer in calls}
        targets = {
            f"{peer.upper()}_GRPC_TARGET": f"127.0.0.1:{self._grpc_port(peer)}"
            for peer in rpc_calls
        }
        listeners = (name, f"{name}_grpc") if name in demo.RPC_SERVERS else (name,)
        port = getattr(self._ports, name)
        return Role(
            name=name,
            provider="demo service",
            command=(sys.executable, "-m", f"demo_services.{name}"),
            environ=self._environ(
                PORT=str(port),
                GRPC_PORT=str(self._grpc_port(name)) if len(listeners) > 1 else "",
                **demo.places(self._config.environ, name, self._data("services")),
                REGISTRY_URL=self._config.environ.get("REGISTRY_URL") or url(self._ports.control),
                RUNBOOKS=str(artifacts.ROOT / "docs" / "runbooks"),
                CONFIG_URL=self._config.environ.get("CONFIG_URL") or url(self._ports.control),
                CONFIG_FILE=f"{self._data('services')}/configuration.json",
                OTEL_SERVICE_NAME=name,
                OTEL_RESOURCE_ATTRIBUTES=self._identity(name),
                OTEL_EXPORTER_OTLP_ENDPOINT=url(self._ports.otlp_http),
                OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
                **peers,
                **targets,
            ),
            folder=str(artifacts.ROOT),
            url=page(port),
            health=f"{url(port)}/readyz",
            ports=self._listens(*listeners),
            needs=("jaeger", *dict.fromkeys((*calls, *rpc_calls, *self._registry_of(name)))),
        )

    def _registry_of(self, name: str) -> tuple[str, ...]:
        """Return the role with the registry, which stops after the services that it lists."""
        return () if name == _REGISTRY else (_REGISTRY,)

    def _grpc_port(self, name: str) -> int:
        port: int = getattr(self._ports, f"{name}_grpc")
        return port

    def _identity(self, name: str) -> str:
        """Return the resource attributes of a service, as in compose, plus the user's."""
        given = self._config.environ.get("OTEL_RESOURCE_ATTRIBUTES")
        version = metadata.version("sightline-stack")
        own = (
            f"service.namespace=shop,deployment.environment.name=demo,service.instance.id={name},"
            f"service.version={version}"
        )
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

    def _memory_limit(self, name: str) -> str:
        """Return the soft limit of the Go program *name*, in the format of ``GOMEMLIMIT``."""
        return self._config.environ.get(f"{name.upper()}_GOMEMLIMIT", "off")

    def _listens(self, *names: str) -> tuple[tuple[str, int], ...]:
        return tuple((f"{name.upper()}_PORT", getattr(self._ports, name)) for name in names)

    def _data(self, name: str) -> Path:
        return private.create_directory(
            self._folder.data / name, root=self._folder.path, variable=VARIABLE
        )
