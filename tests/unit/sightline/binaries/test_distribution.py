from pathlib import Path

import pytest

from sightline.binaries.distribution import Archive, relocate, suites
from sightline.binaries.version import parse_version


@pytest.mark.parametrize(
    ("name", "codename", "major", "asked"),
    [
        ("debian", "bookworm", None, ("sid", "bookworm")),
        ("debian", "trixie", None, ("sid", "trixie", "bookworm")),
        ("debian", "trixie", 2, ("bookworm", "trixie", "sid")),
        ("ubuntu", "noble", None, ("noble",)),
        ("fedora", "", None, ()),
    ],
)
def test_the_newest_suite_is_tried_first(
    name: str, codename: str, major: int | None, asked: tuple[str, ...]
) -> None:
    machine = {"ID": name, "VERSION_CODENAME": codename}

    assert suites(machine, major=major) == asked


def test_a_source_line_has_mirror_suite_and_components() -> None:
    archive = Archive(
        distribution="nowhere", uri="http://mirror.test/", suite="sid", components="main universe"
    )

    assert archive.source == "deb [target=Packages] http://mirror.test/ sid main universe\n"


def test_a_relocated_program_reads_from_its_working_directory(tmp_path: Path) -> None:
    file = tmp_path / "program"
    file.write_bytes(b"open /usr/share/x/default.tmpl\0")

    relocate(file, "/usr/share/x")

    assert file.read_bytes() == b"open .////////////default.tmpl\0"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("3.5.3+ds1-6", (3, 5, 3)),
        ("1:2.42.0+ds-5+b5", (2, 42, 0)),
        ("(none)", ()),
    ],
)
def test_a_package_version_is_parsed(text: str, version: tuple[int, ...]) -> None:
    assert parse_version(text) == version
