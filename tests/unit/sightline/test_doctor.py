import os
import socket
from pathlib import Path

from sightline import doctor
from sightline.config import Config
from sightline.doctor import Finding
from tests.ports import free_ports


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
