import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from sightline import artifacts
from sightline.config import Config
from sightline.environment import read_env_file
from sightline.errors import ConfigurationError
from sightline.local import roles
from sightline.local.state import Role
from tests.unit.sightline.binaries.programs import program

Resolve = Callable[..., Role]


@pytest.fixture
def resolve(tmp_path: Path) -> Resolve:
    """Casts one role on a machine whose PATH is the folder `bin` of the test."""

    def one(name: str, **environ: str) -> Role:
        machine = {"PATH": str(tmp_path / "bin"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        state = {"SIGHTLINE_STATE": str(tmp_path / "state"), "SIGHTLINE_OFFLINE": "true"}
        (role,) = roles.roles(Config.from_env({**machine, **state, **environ}), [name], print)
        return role

    return one


def test_a_stand_in_is_marked_as_one(resolve: Resolve) -> None:
    store = resolve("jaeger")

    assert store.provider == "stand-in: trace store"
    assert store.command == (sys.executable, "-m", "sightline.tracestore")


def test_a_real_jaeger_gets_the_committed_configuration(resolve: Resolve, tmp_path: Path) -> None:
    there = program(tmp_path / "bin", "jaeger", "2.20.0")

    jaeger = resolve("jaeger", JAEGER_HEALTH_PORT="23133")

    assert jaeger.provider == "jaeger 2.20.0 (PATH)"
    assert jaeger.command == (str(there), f"--config={artifacts.JAEGER / 'config.yaml'}")
    assert jaeger.environ["JAEGER_LISTEN"] == "127.0.0.1"
    assert jaeger.health == "http://127.0.0.1:23133/status"


def test_a_real_grafana_gets_the_committed_provisioning(resolve: Resolve, tmp_path: Path) -> None:
    there = program(tmp_path / "bin", "grafana", "13.1.1")

    grafana = resolve("grafana", GRAFANA_PORT="23000")

    assert grafana.provider == f"grafana 13.1.1 ({there})"
    assert grafana.command == (str(there), "server", "--homepath=/usr/share/grafana")
    assert grafana.environ["GF_SERVER_ROOT_URL"] == "http://localhost:23000"
    assert (Path(grafana.environ["GF_PATHS_PROVISIONING"]) / "datasources").is_dir()


def test_a_real_grafana_writes_into_the_state_directory(resolve: Resolve, tmp_path: Path) -> None:
    program(tmp_path / "bin", "grafana", "13.1.1")

    environ = resolve("grafana").environ

    data = tmp_path / "state" / "data" / "grafana"
    assert environ["GF_PATHS_DATA"] == str(data)
    assert environ["GF_PATHS_LOGS"] == str(data / "log")
    assert Path(environ["GF_PATHS_PLUGINS"]) == data / "plugins"
    assert (data / "plugins").is_dir()


def test_a_real_grafana_has_the_settings_of_compose(resolve: Resolve, tmp_path: Path) -> None:
    program(tmp_path / "bin", "grafana", "13.1.1")

    environ = resolve("grafana", GF_AUTH_ANONYMOUS_ORG_ROLE="Editor").environ

    assert environ["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"
    assert environ["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].endswith("dashboards/fleet.json")
    assert environ["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Editor"


def test_prometheus_is_started_with_the_committed_flags(resolve: Resolve, tmp_path: Path) -> None:
    program(tmp_path / "bin", "prometheus", "3.5.0")

    prometheus = resolve("prometheus", PROMETHEUS_PORT="19090")

    assert prometheus.provider == "prometheus 3.5.0 (PATH)"
    assert f"@{artifacts.PROMETHEUS / 'prometheus.flags'}" in prometheus.command
    assert "--web.listen-address=127.0.0.1:19090" in prometheus.command
    assert prometheus.folder == str(tmp_path / "state" / "run" / "prometheus")


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("prometheus", "3.14.0"),
        ("alertmanager", "0.34.1"),
        ("jaeger", "2.20.0"),
        ("grafana", "13.1.1"),
    ],
)
def test_a_go_program_has_a_soft_memory_limit(
    resolve: Resolve, tmp_path: Path, name: str, version: str
) -> None:
    program(tmp_path / "bin", name, version)

    ours = resolve(name).environ["GOMEMLIMIT"]
    given = resolve(name, **{f"{name.upper()}_GOMEMLIMIT": "1GiB"}).environ["GOMEMLIMIT"]

    assert ours == read_env_file(artifacts.ENV_FILE)[f"{name.upper()}_GOMEMLIMIT"]
    assert given == "1GiB"


def test_a_service_gets_the_addresses_of_its_peers_and_its_identity(resolve: Resolve) -> None:
    gateway = resolve("gateway", ORDERS_PORT="18001", OTEL_RESOURCE_ATTRIBUTES="team=shop")

    assert gateway.environ["ORDERS_URL"] == "http://127.0.0.1:18001"
    assert gateway.environ["OTEL_SERVICE_NAME"] == "gateway"
    assert gateway.environ["OTEL_RESOURCE_ATTRIBUTES"] == (
        "service.namespace=shop,deployment.environment.name=demo,service.instance.id=gateway,"
        f"service.version={metadata.version('sightline-stack')},team=shop"
    )


def test_services_register_with_control_and_stop_before_it(resolve: Resolve) -> None:
    users, control = resolve("users"), resolve("control")
    elsewhere = resolve("users", REGISTRY_URL="http://consul.test:8500")

    assert users.environ["REGISTRY_URL"] == control.url.replace("localhost", "127.0.0.1")
    assert elsewhere.environ["REGISTRY_URL"] == "http://consul.test:8500"
    assert "control" in users.needs
    assert "control" not in control.needs


def test_roles_call_each_other_without_a_proxy(resolve: Resolve) -> None:
    assert resolve("users", NO_PROXY="intra.test").environ["NO_PROXY"] == (
        "intra.test,127.0.0.1,localhost"
    )


def test_an_unknown_role_is_reported_with_the_known_ones(resolve: Resolve) -> None:
    with pytest.raises(
        ConfigurationError, match="kafka: not a role; expected one of prometheus, alert"
    ):
        resolve("kafka")
