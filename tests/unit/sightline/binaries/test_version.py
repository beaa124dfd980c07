"""Programs on PATH that are not what their name says."""

import time
from pathlib import Path

import pytest

from sightline.binaries.version import NotAvailable, version_of
from tests.unit.sightline.binaries.programs import script


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("prometheus, version 3.5.3+ds1 (branch: debian/sid, revision: 3.5.3+ds1-6)", (3, 5, 3)),
        ("prometheus version v2.20.0", (2, 20, 0)),
        ("a warning\nprometheus, version 3.14.0 (branch: HEAD)\n  go version: go1.27", (3, 14, 0)),
    ],
)
def test_a_version_is_read(tmp_path: Path, printed: str, version: tuple[int, ...]) -> None:
    program = script(tmp_path, "prometheus", f"echo '{printed}'")

    assert version_of(program, "prometheus") == version


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo 'Error: unknown flag: --version' >&2; exit 1", "printed 'Error: unknown flag: --v"),
        ("echo 'grafana version 13.1.1'", "printed 'grafana version 13.1.1'"),
        ("exit 0", "printed 'nothing'"),
        ("cat", "printed 'nothing'"),
        ("yes 'version 3.5.0'", "printed 'version 3.5.0'"),
    ],
    ids=["unknown-flag", "another-program", "silent", "reads-input", "endless-output"],
)
def test_another_program_is_recognized(tmp_path: Path, body: str, reason: str) -> None:
    program = script(tmp_path, "prometheus", body)

    with pytest.raises(NotAvailable) as raised:
        version_of(program, "prometheus")

    assert str(raised.value).startswith(f"{program} is not prometheus: `--version` {reason}")


def test_a_program_that_does_not_answer_is_killed_with_its_children(tmp_path: Path) -> None:
    survivor = tmp_path / "survivor"
    program = script(tmp_path, "prometheus", f"(sleep 1; touch {survivor}) & wait")
    began = time.monotonic()

    with pytest.raises(NotAvailable, match=r"did not answer `--version` within 0.2 s"):
        version_of(program, "prometheus", within_seconds=0.2)

    assert time.monotonic() - began < 0.9
    assert not survivor.exists()


def test_a_program_that_prints_its_version_and_runs_on_is_killed(tmp_path: Path) -> None:
    body = "echo 'prometheus, version 3.5.3 (branch: HEAD)'; sleep 60"

    assert version_of(script(tmp_path, "prometheus", body), "prometheus") == (3, 5, 3)
