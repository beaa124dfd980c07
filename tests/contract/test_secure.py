"""Contract of the secure overlay: it changes how services are reached, nothing else."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sightline.artifacts import GRAFANA, PROMETHEUS, ROOT
from tests.overlay_secrets import make_secrets

OVERLAYS = ROOT / "deploy" / "compose"
WORDS_OF_SECURITY = {
    *("scheme", "basic_auth", "tls_config", "http_config", "tlsAuthWithCACert"),
    *("basicAuth", "basicAuthUser", "secureJsonData"),
}


def document(path: Path) -> Any:  # noqa: ANN401  any YAML
    return yaml.safe_load(path.read_text(encoding="utf-8").replace("https://", "http://"))


def open_form(value: Any) -> Any:  # noqa: ANN401  any YAML
    """*value* without what makes it secure."""
    match value:
        case Mapping():
            stripped = {key: open_form(item) for key, item in value.items()}
            return {k: v for k, v in stripped.items() if k not in WORDS_OF_SECURITY and v != {}}
        case list():
            return [open_form(item) for item in value]
        case _:
            return value


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_secrets(tmp_path_factory.mktemp("checkout"))


def test_prometheus_scrapes_the_same_jobs() -> None:
    secure = document(OVERLAYS / "secure" / "prometheus.yml")

    assert open_form(secure) == open_form(document(PROMETHEUS / "prometheus.yml"))


def test_alertmanager_routes_as_before(secrets: Path) -> None:
    secure = document(secrets / "alertmanager" / "alertmanager.yml")

    assert secure["global"]["http_config"]["tls_config"]["ca_file"] == "/run/secure/ca.pem"
    assert open_form(secure) == open_form(document(PROMETHEUS / "alertmanager.yml"))


def test_grafana_asks_the_same_sources(secrets: Path) -> None:
    (plain,) = (GRAFANA / "provisioning" / "datasources").iterdir()

    secure = document(secrets / "grafana" / "datasources" / plain.name)

    assert all(source["basicAuth"] for source in secure["datasources"])
    assert open_form(secure) == open_form(document(plain))


def test_the_folder_is_closed_and_a_second_run_keeps_it(secrets: Path) -> None:
    script = secrets.parent / "certificates.sh"

    again = subprocess.run(["/bin/sh", str(script)], check=False, capture_output=True, text=True)

    assert secrets.stat().st_mode & 0o777 == 0o700
    assert (again.returncode, again.stderr) == (
        1,
        f"{secrets} exists; remove it to create new certificates\n",
    )


def test_every_service_shows_a_certificate_for_its_own_name(secrets: Path) -> None:
    listening = document(OVERLAYS / "secure.yml")["services"].keys() - {"check-files"}

    for_name = {name: (secrets / name / "cert.pem").is_file() for name in listening}

    assert for_name == dict.fromkeys(listening, True)
