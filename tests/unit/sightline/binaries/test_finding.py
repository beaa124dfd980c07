from dataclasses import replace
from pathlib import Path

import pytest

from sightline import binaries
from sightline.config import Config
from sightline.errors import BinaryUnavailable
from tests.unit.sightline.binaries.programs import program

PINNED = binaries.PROGRAMS["prometheus"].release


def offline(tmp_path: Path) -> Config:
    """A machine without a network whose PATH and cache are folders of the test."""
    return Config.from_env(
        {
            "PATH": str(tmp_path / "path"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "SIGHTLINE_OFFLINE": "true",
        }
    )


def cached(tmp_path: Path, name: str, version: str, origin: str) -> Path:
    home = tmp_path / "cache" / "sightline" / "programs" / name
    return program(home / f"{version}-{origin}", name, version)


def test_a_program_on_path_comes_first(tmp_path: Path) -> None:
    there = program(tmp_path / "path", "prometheus", "3.5.0")
    cached(tmp_path, "prometheus", "3.6.0", "release")

    found = binaries.find("prometheus", offline(tmp_path))

    assert (found.path, found.version, found.origin) == (there, (3, 5, 0), "PATH")


def test_alertmanager_is_found_under_its_debian_name(tmp_path: Path) -> None:
    there = program(tmp_path / "path", "prometheus-alertmanager", "0.28.1")

    assert binaries.find("alertmanager", offline(tmp_path)).path == there


def test_a_program_that_is_too_old_is_skipped(tmp_path: Path) -> None:
    program(tmp_path / "path", "prometheus", "2.41.0")
    there = cached(tmp_path, "prometheus", "2.42.0", "bookworm")

    found = binaries.find("prometheus", offline(tmp_path))

    assert (found.path, found.origin) == (there, "bookworm")


def test_the_pinned_release_in_the_cache_comes_before_newer_packages(tmp_path: Path) -> None:
    cached(tmp_path, "prometheus", "3.99.0", "sid")
    cached(tmp_path, "prometheus", PINNED, "release")

    assert str(binaries.find("prometheus", offline(tmp_path))) == f"prometheus {PINNED} (release)"


def test_an_earlier_release_is_used_only_without_the_network(tmp_path: Path) -> None:
    cached(tmp_path, "prometheus", "3.5.0", "release")

    assert str(binaries.find("prometheus", offline(tmp_path))) == "prometheus 3.5.0 (release)"


def test_the_pinned_release_is_tried_before_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    messages: list[str] = []
    online = replace(offline(tmp_path), offline=False)

    with pytest.raises(BinaryUnavailable):
        binaries.find("prometheus", online, report=messages.append)

    first, *others = [message for message in messages if "skipping" in message]
    assert first.startswith("prometheus: skipping release archive: https://")
    assert first.endswith("Connection refused")
    assert {message.rpartition(": ")[2] for message in others} <= {"this machine has no apt"}


def test_a_program_that_is_too_new_is_skipped_with_the_next_step(tmp_path: Path) -> None:
    new = program(tmp_path / "path", "prometheus", "4.0.0")
    there = cached(tmp_path, "prometheus", PINNED, "release")
    messages: list[str] = []

    found = binaries.find("prometheus", offline(tmp_path), report=messages.append)

    assert found.path == there
    [message] = messages
    assert message.startswith(f"prometheus: skipping {new}: 4.0.0 is too new: supported are ")
    assert message.endswith("versions before 4; replace it, or remove it from PATH")


def test_the_newest_cached_version_is_used(tmp_path: Path) -> None:
    cached(tmp_path, "promtool", "2.42.0", "bookworm")
    cached(tmp_path, "promtool", "3.5.3", "sid")

    assert str(binaries.find("promtool", offline(tmp_path))) == "promtool 3.5.3 (package of sid)"


def test_a_major_version_can_be_required(tmp_path: Path) -> None:
    cached(tmp_path, "promtool", "2.42.0", "bookworm")
    cached(tmp_path, "promtool", "3.5.3", "sid")

    assert binaries.find("promtool", offline(tmp_path), major=2).version == (2, 42, 0)


def test_each_source_is_listed_with_its_reason(tmp_path: Path) -> None:
    old = program(tmp_path / "path", "prometheus", "2.41.0")
    cached(tmp_path, "prometheus", "2.53.3", "trixie")

    with pytest.raises(BinaryUnavailable) as raised:
        binaries.find("prometheus", offline(tmp_path), major=3)

    assert str(raised.value).splitlines() == [
        "prometheus not found. Tried:",
        f"  PATH: {old}: 2.41.0 is older than 2.42; replace it, or remove it from PATH",
        f"  cache {tmp_path}/cache/sightline: 2.53.3 is not a 3.x",
        "  network: SIGHTLINE_OFFLINE is set, so prometheus is not downloaded",
        "Put prometheus 2.42 or newer on PATH, or run the command again with a network.",
    ]


def test_a_program_that_does_not_run_is_reported(tmp_path: Path) -> None:
    broken = program(tmp_path / "path", "prometheus", "3.5.0")
    broken.write_text("#!/nowhere\n")

    with pytest.raises(BinaryUnavailable, match=r"PATH: .*/prometheus does not run here"):
        binaries.find("prometheus", offline(tmp_path))
