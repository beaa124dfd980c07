import os
import socket
from pathlib import Path

import pytest

from sightline import doctor
from sightline.config import Config
from sightline.doctor import Finding
from tests.ports import free_ports
from tests.unit.sightline.binaries.programs import program, script


def findings(tmp_path: Path, **environ: str) -> dict[str, Finding]:
    """Return the findings on a machine with an empty PATH."""
    nothing = {"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    state = {"SIGHTLINE_STATE": str(tmp_path / "state")}
    found = doctor.examine(Config.from_env({**nothing, **state, **environ}))
    return {finding.subject: finding for finding in found}


def test_this_python_is_accepted(tmp_path: Path) -> None:
    assert findings(tmp_path)["python"].verdict == "ok"


def test_a_program_that_up_downloads_is_a_note(tmp_path: Path) -> None:
    assert findings(tmp_path)["prometheus"] == Finding(
        subject="prometheus", verdict="note", text="not installed; the first `up` downloads it"
    )


def test_a_missing_program_without_downloads_is_bad(tmp_path: Path) -> None:
    missing = findings(tmp_path, SIGHTLINE_OFFLINE="true")["prometheus"]

    assert missing.verdict == "bad"
    assert "SIGHTLINE_OFFLINE is set" in missing.text


def test_a_stand_in_is_reported(tmp_path: Path) -> None:
    assert findings(tmp_path)["jaeger"].text == "not on PATH; the stand-in is the trace store"


@pytest.mark.parametrize("name", ["prometheus", "alertmanager", "jaeger", "grafana"])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo hello", "`--version` printed 'hello'"),
        ("echo 'Error: unknown flag: --version'; exit 1", "printed 'Error: unknown flag"),
    ],
    ids=["shell-script", "unknown-flag"],
)
def test_a_program_of_another_kind_is_a_note_with_the_next_step(
    tmp_path: Path, name: str, body: str, reason: str
) -> None:
    path = script(tmp_path / "bin", name, body)

    found = findings(tmp_path, PATH=str(path.parent))[name]

    assert found.verdict == "note"
    assert f"{path} is not {name}: " in found.text
    assert reason in found.text
    assert "replace it, or remove it from PATH" in found.text


@pytest.mark.parametrize(
    ("name", "version", "verdict"),
    [
        ("prometheus", "2.41.0", "note"),
        ("prometheus", "3.14.0", "ok"),
        ("alertmanager", "1.0.0", "note"),
        ("jaeger", "1.62.0", "note"),
        ("jaeger", "2.20.3", "ok"),
        ("jaeger", "2.21.0", "note"),
        ("grafana", "11.6.2", "note"),
        ("grafana", "13.1.4", "ok"),
    ],
)
def test_the_version_of_each_program_is_checked(
    tmp_path: Path, name: str, version: str, verdict: str
) -> None:
    path = program(tmp_path / "bin", name, version)

    found = findings(tmp_path, PATH=str(path.parent))[name]

    assert (found.verdict, version in found.text) == (verdict, True)


def test_a_package_in_place_of_the_release_is_a_note_with_the_next_step(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "sightline" / "programs" / "prometheus" / "3.5.3-sid"
    program(folder, "prometheus", "3.5.3")

    found = findings(tmp_path)["prometheus"]

    assert found.verdict == "note"
    assert found.text.startswith("prometheus 3.5.3 (package of sid): ")
    assert f"; for release 3.14.0, remove {folder} and run" in found.text


def test_missing_docker_is_a_note(tmp_path: Path) -> None:
    docker = findings(tmp_path)["docker"]

    assert (docker.verdict, docker.text) == (
        "note",
        "no docker command found; the stack runs as processes",
    )


def test_a_port_of_another_program_is_bad_and_reported_with_the_fix(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        found = findings(tmp_path, GRAFANA_PORT=str(port))["port of grafana"]

    assert found.verdict == "bad"
    assert f"held by pid {os.getpid()}" in found.text
    assert found.text.endswith("stop that, or set GRAFANA_PORT")


def test_doctor_downloads_and_writes_nothing(tmp_path: Path) -> None:
    (port,) = free_ports(1)

    findings(tmp_path, GATEWAY_PORT=str(port))

    assert list(tmp_path.iterdir()) == []
