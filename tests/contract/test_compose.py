"""docker-compose.yml holds to what issue and README promise, read without an engine.

`tests/docker/` reads the same from `docker compose config` and from running containers.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from instrumentation.conventions import VERSION
from sightline.artifacts import (
    COMPOSE_FILE,
    DASHBOARDS,
    ENV_FILE,
    GRAFANA,
    GRAFANA_SETTINGS,
    PROMETHEUS,
    ROOT,
)
from sightline.binaries import PROGRAMS
from sightline.binaries.version import parse_version
from sightline.docker import MOUNTED
from sightline.environment import read_env_file
from sightline.local.grafana import SUPPORTED

COMPOSE: Mapping[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]

COMPOSE_FILES = [
    COMPOSE_FILE,
    *(ROOT / "deploy" / "compose").glob("*.yml"),
    *(ROOT / "deploy" / "examples").rglob("compose.yml"),
]

MEBIBYTES_OF_ALL = 2048
FLOATING_TAGS_ALLOWED = dict.fromkeys(
    ("PYTHON_IMAGE", "NATS_IMAGE", "POSTGRES_IMAGE", "VALKEY_IMAGE"),
    "the patch releases of one minor version bring fixes",
)

RISKY_FLAGS = ("--web.enable-lifecycle", "--web.enable-admin-api", "--web.enable-remote-write")
"""Each lets any web page change something, because Prometheus checks neither host nor origin."""

LASTING = {name: service for name, service in SERVICES.items() if service["restart"] != "no"}
"""Services that run until the stack stops; the others run once at each start."""

every_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
every_lasting_service = pytest.mark.parametrize("service", LASTING.values(), ids=LASTING)


def mebibytes(limit: str) -> int:
    amount = re.fullmatch(r"(\d+)m", limit)
    assert amount, f"{limit!r}: expected a whole number of mebibytes, like 128m"
    return int(amount[1])


def allowed_names(service: Mapping[str, Any]) -> set[str]:
    listed = service["environment"]["SIGHTLINE_ALLOWED_HOSTS"]
    return set(re.sub(r"\$\{.*\}", "", listed).strip(",").split(","))


def published() -> list[str]:
    return [port for service in SERVICES.values() for port in service.get("ports", ())]


@every_service
def test_a_service_can_write_nothing_but_its_volumes(service: Mapping[str, Any]) -> None:
    assert service["read_only"] is True
    assert all(
        mount.endswith(":ro,z") or mount.split(":")[0] in COMPOSE["volumes"]
        for mount in service.get("volumes", ())
    )


@every_service
def test_a_service_has_no_privilege(service: Mapping[str, Any]) -> None:
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.keys().isdisjoint({"privileged", "cap_add", "devices", "pid", "network_mode"})


@every_service
def test_a_service_is_not_root(service: Mapping[str, Any]) -> None:
    assert int(service["user"].split(":")[0]) > 0


@every_service
def test_a_service_is_bounded(service: Mapping[str, Any]) -> None:
    assert service["pids_limit"] <= 256
    assert service["cpus"] <= 1.0
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert mebibytes(service["mem_limit"]) <= 768


def test_all_services_together_fit_in_two_gibibytes() -> None:
    limits = [mebibytes(service["mem_limit"]) for service in SERVICES.values()]

    assert sum(limits) <= MEBIBYTES_OF_ALL


@every_lasting_service
def test_a_service_says_when_it_is_healthy_and_comes_back(service: Mapping[str, Any]) -> None:
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["healthcheck"]["start_interval"] == "500ms"
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("port", published())
def test_a_port_is_published_on_loopback_and_named_in_env(port: str) -> None:
    variable = re.fullmatch(r"127\.0\.0\.1:\$\{([A-Z_]+_PORT)\}:(\d+)", port)

    assert variable, f"{port!r}: expected 127.0.0.1:${{NAME_PORT}}:number"
    assert read_env_file(ENV_FILE)[variable[1]] == variable[2]


@every_service
def test_only_what_publishes_a_port_is_on_the_edge(service: Mapping[str, Any]) -> None:
    assert ("edge" in service["networks"]) == ("ports" in service)


def test_only_the_edge_reaches_outside() -> None:
    internal = {name for name, network in COMPOSE["networks"].items() if network.get("internal")}

    assert internal == {"app", "telemetry"}


@every_service
def test_a_service_waits_for_the_health_of_what_it_needs(service: Mapping[str, Any]) -> None:
    needs = service.get("depends_on", {})

    assert {name: need["condition"] for name, need in needs.items()} == {
        name: "service_healthy" if name in LASTING else "service_completed_successfully"
        for name in needs
    }


def bind_mounts(service: Mapping[str, Any]) -> set[str]:
    mounts = service.get("volumes", ())
    return {mount.split(":")[0] for mount in mounts if mount.startswith("./")}


@every_lasting_service
def test_a_service_with_mounted_files_waits_for_their_check(service: Mapping[str, Any]) -> None:
    assert bool(bind_mounts(service)) <= ("check-files" in service.get("depends_on", {}))


def test_the_check_reads_every_mounted_file() -> None:
    checked = {Path(mount) for mount in bind_mounts(SERVICES["check-files"])}
    mounted = {Path(mount) for service in LASTING.values() for mount in bind_mounts(service)}

    assert {path for path in mounted if not {path, *path.parents} & checked} == set()


@pytest.mark.parametrize("file", COMPOSE_FILES, ids=lambda file: file.name)
def test_every_mounted_file_gets_the_label_of_selinux(file: Path) -> None:
    services = yaml.safe_load(file.read_text(encoding="utf-8"))["services"].values()

    mounts = [mount for service in services for mount in service.get("volumes", ())]

    bound = [mount for mount in mounts if mount.startswith("./")]
    assert [mount for mount in bound if not mount.endswith(":ro,z")] == []


@pytest.mark.parametrize("name", ["jaeger", "prometheus", "alertmanager", "grafana"])
def test_a_go_program_has_a_soft_limit_below_its_hard_one(name: str) -> None:
    limit = read_env_file(ENV_FILE)[f"{name.upper()}_GOMEMLIMIT"]

    assert SERVICES[name]["environment"]["GOMEMLIMIT"] == f"${{{name.upper()}_GOMEMLIMIT}}"
    assert int(limit.removesuffix("MiB")) < mebibytes(SERVICES[name]["mem_limit"])


@pytest.mark.parametrize(
    ("variable", "image"),
    [item for item in read_env_file(ENV_FILE).items() if item[0].endswith("_IMAGE")],
)
def test_an_image_is_pinned_to_a_release(variable: str, image: str) -> None:
    exact = re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?", image)

    assert exact or variable in FLOATING_TAGS_ALLOWED


def test_nothing_needs_a_secret_or_an_inline_file_to_start() -> None:
    assert COMPOSE.keys().isdisjoint({"secrets", "configs"})


def pins(lock: str) -> set[str]:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    return set(re.findall(r"^[a-z0-9.-]+(?:\[[a-z,]+\])?==[^ ;\\]+", text, re.MULTILINE))


def test_the_image_installs_the_versions_that_the_local_stack_runs() -> None:
    assert pins("demo.lock") - pins("run.lock") == set()
    assert any(pin.startswith("fastapi==") for pin in pins("demo.lock"))


def test_the_image_installs_every_package_of_the_extra_demo() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = {re.split("[>\\[]", line)[0] for line in project["optional-dependencies"]["demo"]}
    installed = {pin.partition("==")[0] for pin in pins("demo.lock")}

    assert extra - installed == set()


def test_the_services_say_the_version_of_the_distribution() -> None:
    resources = COMPOSE["services"]["users"]["environment"]["OTEL_RESOURCE_ATTRIBUTES"]

    assert f"service.version={VERSION}" in resources.split(",")


def test_every_demo_service_answers_under_the_names_that_are_scraped() -> None:
    targets = json.loads((PROMETHEUS / "targets" / "services.json").read_text(encoding="utf-8"))
    scraped = {target["targets"][0].partition(":")[0] for target in targets}

    listed = {name: allowed_names(SERVICES[name]) for name in scraped}

    assert listed == dict.fromkeys(scraped, scraped)


def test_no_page_of_another_site_reads_or_stops_prometheus() -> None:
    flags = (PROMETHEUS / "prometheus.flags").read_text(encoding="utf-8").splitlines()
    given = [*flags, *SERVICES["prometheus"]["command"]]

    assert "--web.cors.origin=none" in given
    assert [flag for flag in given if flag.startswith(RISKY_FLAGS)] == []


def test_grafana_has_the_settings_of_the_local_stack() -> None:
    settings = read_env_file(GRAFANA_SETTINGS)

    assert SERVICES["grafana"]["env_file"] == [str(GRAFANA_SETTINGS.relative_to(ROOT))]
    assert settings["GF_SERVER_ENFORCE_DOMAIN"] == "true"
    assert settings.keys().isdisjoint(SERVICES["grafana"]["environment"])


def test_the_image_of_grafana_is_a_supported_version() -> None:
    image = read_env_file(ENV_FILE)["GRAFANA_IMAGE"]

    version = parse_version(image.partition(":")[2].partition("@")[0])

    assert version[:2] in SUPPORTED


@pytest.mark.parametrize("name", ["prometheus", "alertmanager"])
def test_the_local_stack_downloads_the_release_of_the_image(name: str) -> None:
    image = read_env_file(ENV_FILE)[f"{name.upper()}_IMAGE"]

    version = parse_version(image.partition(":v")[2].partition("@")[0])

    assert parse_version(PROGRAMS[name].release)[:2] == version[:2]


def test_grafana_finds_its_home_where_the_dashboards_are() -> None:
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    provider = yaml.safe_load(next((GRAFANA / "provisioning" / "dashboards").iterdir()).read_text())

    assert (DASHBOARDS / home.name).is_file()
    assert provider["providers"][0]["options"]["path"] == str(home.parent)
    assert f"./grafana/dashboards:{home.parent}:ro,z" in SERVICES["grafana"]["volumes"]


def test_the_driver_looks_at_every_folder_that_is_mounted() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", ())]
    sources = {ROOT / mount.split(":")[0] for mount in mounts if mount.startswith("./")}

    uncovered = [
        source for source in sources if not any(source.is_relative_to(folder) for folder in MOUNTED)
    ]

    assert uncovered == []


def test_the_image_sets_the_mode_of_each_file_of_the_checkout() -> None:
    dockerfile = (ROOT / "deploy" / "docker" / "Dockerfile").read_text(encoding="utf-8")

    copies = re.findall(r"^COPY (?!--from)(.*)$", dockerfile, flags=re.MULTILINE)

    assert [copy for copy in copies if not copy.startswith("--chmod=755 ")] == []
