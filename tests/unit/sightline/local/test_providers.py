import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sightline import artefacts
from sightline.config import Config
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

    assert jaeger.provider == f"jaeger ({there})"
    assert jaeger.command == (str(there), f"--config={artefacts.JAEGER / 'config.yaml'}")
    assert jaeger.environ["JAEGER_LISTEN"] == "127.0.0.1"
    assert jaeger.health == "http://127.0.0.1:23133/status"


def test_a_real_grafana_gets_the_committed_provisioning(resolve: Resolve, tmp_path: Path) -> None:
    there = program(tmp_path / "bin", "grafana", "13.1.1")

    grafana = resolve("grafana", GRAFANA_PORT="23000")

    assert grafana.command == (str(there), "server", "--homepath=/usr/share/grafana")
    assert grafana.environ["GF_SERVER_HTTP_PORT"] == "23000"
    assert (Path(grafana.environ["GF_PATHS_PROVISIONING"]) / "datasources").is_dir()


def test_an_unpacked_grafana_uses_its_own_files(resolve: Resolve, tmp_path: Path) -> None:
    program(tmp_path / "bin", "grafana", "13.1.1")
    (tmp_path / "conf").mkdir()

    assert resolve("grafana").command[-1] == f"--homepath={tmp_path}"


def test_prometheus_is_started_with_the_committed_flags(resolve: Resolve, tmp_path: Path) -> None:
    program(tmp_path / "bin", "prometheus", "3.5.0")

    prometheus = resolve("prometheus", PROMETHEUS_PORT="19090")

    assert prometheus.provider == "prometheus 3.5.0 (PATH)"
    assert f"@{artefacts.PROMETHEUS / 'prometheus.flags'}" in prometheus.command
    assert "--web.listen-address=127.0.0.1:19090" in prometheus.command
    assert prometheus.folder == str(tmp_path / "state" / "run" / "prometheus")


def test_a_service_gets_the_addresses_of_its_peers_and_its_identity(resolve: Resolve) -> None:
    gateway = resolve("gateway", ORDERS_PORT="18001", OTEL_RESOURCE_ATTRIBUTES="team=shop")

    assert gateway.environ["ORDERS_URL"] == "http://127.0.0.1:18001"
    assert gateway.environ["OTEL_SERVICE_NAME"] == "gateway"
    assert gateway.environ["OTEL_RESOURCE_ATTRIBUTES"] == (
        "service.namespace=shop,service.instance.id=gateway,service.version=0.1.0,team=shop"
    )


def test_roles_call_each_other_without_a_proxy(resolve: Resolve) -> None:
    assert resolve("users", NO_PROXY="intra.test").environ["NO_PROXY"] == (
        "intra.test,127.0.0.1,localhost"
    )


def test_an_unknown_role_is_reported_with_the_known_ones(resolve: Resolve) -> None:
    with pytest.raises(
        ConfigurationError, match="kafka: not a role; expected one of prometheus, alert"
    ):
        resolve("kafka")
