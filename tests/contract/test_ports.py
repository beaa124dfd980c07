"""Every port that stands in an artifact is a port of .env."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_services.graph import CALLS
from sightline.artifacts import GRAFANA, JAEGER, PROMETHEUS, ROOT
from sightline.config import Config

SERVERS = {"loki": 3100, "nats": 4222, "nats_monitoring": 8222, "postgres": 5432, "valkey": 6379}
"""Ports of servers that only an overlay has, inside its networks."""

PORTS = {**dict(Config.from_env({}).ports), **SERVERS}

HOST_AND_PORT = re.compile(r"\b(localhost|127\.0\.0\.1|0\.0\.0\.0|[a-z][a-z-]*):(\d{4,5})\b")
VARIABLE_AND_DEFAULT = re.compile(r"\$\{env:([A-Z_]+)_PORT:-(\d+)\}")

OWNERS = {
    **{service: {service} for service in CALLS},
    "alertmanager": {"alertmanager"},
    "grafana": {"grafana"},
    "jaeger": {name for name in PORTS if name.startswith(("jaeger", "otlp"))},
    **{server: {server} for server in SERVERS},
    "prometheus": {"prometheus"},
    "users": {"users", "users_grpc"},
}
"""Names of the ports that a host of the compose networks listens on."""

FILES = [
    *GRAFANA.rglob("*.yml"),
    *GRAFANA.rglob("*.yaml"),
    *JAEGER.glob("*"),
    *(PROMETHEUS / "targets").glob("*"),
    *PROMETHEUS.glob("*.yml"),
    ROOT / "docker-compose.yml",
    *(ROOT / "deploy" / "compose").rglob("*.yml"),
    *(ROOT / "deploy" / "compose").rglob("*.yaml"),
    *(ROOT / "deploy" / "compose").glob("*.json"),
]


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def addresses(file: Path) -> Iterator[tuple[str, int]]:
    text = file.read_text(encoding="utf-8")
    return ((host, int(port)) for host, port in HOST_AND_PORT.findall(text))


def ports_of(host: str) -> set[int]:
    """Return the ports that *host* may have; a local address may have every port of the stack."""
    return {PORTS[owned] for owned in OWNERS.get(host, PORTS)}


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_port_in_a_file_is_the_one_of_env(file: Path) -> None:
    wrong = [(host, port) for host, port in addresses(file) if port not in ports_of(host)]

    assert wrong == []


def test_the_check_sees_addresses() -> None:
    assert ("orders", 8001) in set(addresses(ROOT / "docker-compose.yml"))


def test_the_defaults_of_jaeger_are_the_ports_of_env() -> None:
    text = (JAEGER / "config.yaml").read_text(encoding="utf-8")

    defaults = {name.lower(): int(port) for name, port in VARIABLE_AND_DEFAULT.findall(text)}

    assert defaults == {owner: PORTS[owner] for owner in OWNERS["jaeger"]}
