"""Search for an installed Grafana."""

from pathlib import Path

import pytest

from sightline.artifacts import ROOT
from sightline.local.grafana import SUPPORTED, Grafana, find
from tests.unit.sightline.binaries.programs import program


@pytest.fixture
def packaged(tmp_path: Path) -> Path:
    """Return a folder like /usr/share/grafana, with Grafana 12.4."""
    home = tmp_path / "share" / "grafana"
    program(home / "bin", "grafana", "12.4.0")
    (home / "conf").mkdir()
    return home


def search(tmp_path: Path, packaged: Path) -> tuple[Grafana | None, list[str]]:
    """Return the found Grafana and the messages."""
    messages: list[str] = []
    found = find(str(tmp_path / "bin"), messages.append, packaged=packaged)
    return found, messages


def test_a_program_on_the_path_is_found_with_its_own_files(tmp_path: Path) -> None:
    there = program(tmp_path / "bin", "grafana", "13.1.1")
    (tmp_path / "conf").mkdir()

    found, messages = search(tmp_path, tmp_path / "none")

    assert found == Grafana(path=there, version=(13, 1, 1), home=tmp_path)
    assert messages == []


def test_a_package_is_found_though_it_puts_no_grafana_on_the_path(
    tmp_path: Path, packaged: Path
) -> None:
    found, _ = search(tmp_path, packaged)

    assert found == Grafana(path=packaged / "bin" / "grafana", version=(12, 4, 0), home=packaged)


def test_the_program_beside_grafana_server_is_found(tmp_path: Path, packaged: Path) -> None:
    program(packaged / "bin", "grafana-server", "12.4.0")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "grafana-server").symlink_to(packaged / "bin" / "grafana-server")

    found, _ = search(tmp_path, tmp_path / "none")

    assert found == Grafana(path=packaged / "bin" / "grafana", version=(12, 4, 0), home=packaged)


def test_another_version_is_used_and_reported_in_one_line(tmp_path: Path) -> None:
    program(tmp_path / "bin", "grafana", "11.6.2")

    found, messages = search(tmp_path, tmp_path / "none")

    assert found is not None
    [message] = messages
    assert message.startswith("grafana 11.6.2 is not supported and may draw the dashboards")
    assert message.endswith("differently; install one of 12.4, 13.0, 13.1")


def test_a_program_that_does_not_start_is_skipped(tmp_path: Path, packaged: Path) -> None:
    program(tmp_path / "bin", "grafana", "12.4.0").write_text("not a program")

    found, messages = search(tmp_path, packaged)

    assert found == Grafana(path=packaged / "bin" / "grafana", version=(12, 4, 0), home=packaged)
    assert "skipping" in messages[0]


def test_no_grafana_is_found_on_a_machine_without_one(tmp_path: Path) -> None:
    assert search(tmp_path, tmp_path / "none") == (None, [])


def test_the_supported_versions_are_documented() -> None:
    page = (ROOT / "docs/how-to/local-stack.md").read_text(encoding="utf-8")

    names = [".".join(map(str, version)) for version in SUPPORTED]

    assert f"`grafana`, {', '.join(names)}" in page
