"""Hardening of the containers, in the configuration and in the running engine."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from sightline.artifacts import COMPOSE_FILE, ROOT
from tests.docker.engine import Project, run

OVERLAYS = sorted((ROOT / "deploy" / "compose").glob("*.yml"))

MAX_TOTAL_BYTES = 2 * 1024**3


def faults(service: Mapping[str, Any]) -> list[str]:
    """Return the parts of the required hardening that the service lacks."""
    once = service.get("restart") == "no"
    required = {
        "read-only": service.get("read_only") is True,
        "no capabilities": service.get("cap_drop") == ["ALL"] and "cap_add" not in service,
        "no-new-privileges": "no-new-privileges:true" in service.get("security_opt", ()),
        "not privileged": not service.get("privileged", False),
        "not root": service.get("user", "0").split(":")[0] not in {"0", "root"},
        "memory limit": int(service.get("mem_limit", 0)) > 0,
        "cpu limit": float(service.get("cpus", 0)) > 0,
        "pids limit": int(service.get("pids_limit", 0)) > 0,
        "log rotation": "max-size" in service.get("logging", {}).get("options", {}),
        "healthcheck": once or bool(service.get("healthcheck", {}).get("test")),
        "restart": service.get("restart") == ("no" if once else "unless-stopped"),
        "loopback": all(port.get("host_ip") == "127.0.0.1" for port in service.get("ports", ())),
        "read-only files": all(
            mount["type"] == "volume" or mount.get("read_only", False)
            for mount in service.get("volumes", ())
        ),
    }
    return [name for name, present in required.items() if not present]


def resolved(project: Project, *overlays: str) -> Mapping[str, Any]:
    """Return the resolved configuration of the stack with *overlays*."""
    files = (COMPOSE_FILE, *(ROOT / overlay for overlay in overlays))
    return Project(
        name=project.name, files=files, env_file=project.env_file, environ=project.environ
    ).config()


@pytest.mark.parametrize("overlays", [(), *[(str(file),) for file in OVERLAYS]], ids=str)
def test_no_service_lacks_hardening(stack: Project, overlays: tuple[str, ...]) -> None:
    services = resolved(stack, *overlays)["services"]

    assert {name: faults(service) for name, service in services.items() if faults(service)} == {}


def test_all_services_together_fit_in_two_gibibytes(stack: Project) -> None:
    services = resolved(stack)["services"].values()

    assert sum(int(service["mem_limit"]) for service in services) <= MAX_TOTAL_BYTES


@pytest.mark.parametrize("overlays", [(), *[(str(file),) for file in OVERLAYS]], ids=str)
def test_no_overlay_opens_prometheus_to_web_pages(
    stack: Project, overlays: tuple[str, ...]
) -> None:
    command = resolved(stack, *overlays)["services"]["prometheus"]["command"]

    assert "@/etc/prometheus/prometheus.flags" in command
    assert not [flag for flag in command if flag.startswith(("--web.enable-", "--web.cors"))]


@pytest.mark.parametrize("path", ["/-/quit", "/-/reload"])
@pytest.mark.usefixtures("stack")
def test_prometheus_rejects_lifecycle_requests(urls: dict[str, str], path: str) -> None:
    assert httpx.post(f"{urls['prometheus']}{path}", timeout=10).status_code == 403


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("service", ["gateway", "control"])
def test_a_request_with_a_foreign_host_is_rejected(urls: dict[str, str], service: str) -> None:
    answer = httpx.get(f"{urls[service]}/healthz", headers={"Host": "evil.example"}, timeout=10)

    assert answer.status_code == 421


def test_the_check_finds_missing_hardening() -> None:
    assert set(faults({"ports": [{"host_ip": "0.0.0.0"}]})) >= {"read-only", "loopback", "not root"}  # noqa: S104  planted fault


@pytest.mark.parametrize("service", ["users", "prometheus", "alertmanager", "jaeger", "grafana"])
def test_the_engine_enforces_the_hardening(stack: Project, service: str) -> None:
    status = stack.compose("exec", "-T", service, "cat", "/proc/1/status")
    host = stack.inspect(service)["HostConfig"]

    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert (facts["CapEff"].strip("0"), facts["NoNewPrivs"]) == ("", "1")
    assert not facts["Uid"].startswith("0\t")
    assert host["ReadonlyRootfs"] is True
    assert min(host["Memory"], host["PidsLimit"], host["NanoCpus"]) > 0


def test_every_container_stays_within_its_memory(stack: Project) -> None:
    ids = stack.compose("ps", "-q").split()

    lines = run(["docker", "stats", "--no-stream", "--format", "json", *ids]).splitlines()

    used = {row["Name"]: float(row["MemPerc"].rstrip("%")) for row in map(json.loads, lines)}
    assert {name: share for name, share in used.items() if share > 90} == {}
