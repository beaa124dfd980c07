import fcntl
from pathlib import Path

import pytest

from sightline.binaries.cache import Cache
from sightline.binaries.program import PROGRAMS, Wanted
from sightline.binaries.version import NotAvailable
from sightline.errors import ConfigurationError
from tests.unit.sightline.binaries.programs import program

PROMETHEUS = PROGRAMS["prometheus"]


def test_a_cached_program_is_found(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")

    kept = cache.keep(PROMETHEUS, program(tmp_path, "prometheus", "3.5.0"), origin="sid")

    assert cache.find(Wanted(program=PROMETHEUS)) == kept


def test_files_beside_a_program_are_cached_with_it(tmp_path: Path) -> None:
    cache, template = Cache(tmp_path / "cache"), tmp_path / "default.tmpl"
    template.write_text("{{ .Status }}")
    file = program(tmp_path, "alertmanager", "0.33.1")

    kept = cache.keep(PROGRAMS["alertmanager"], file, origin="sid", beside=[template])

    assert (kept.path.parent / "default.tmpl").read_text() == "{{ .Status }}"


def test_a_program_that_does_not_run_is_not_cached(tmp_path: Path) -> None:
    cache, file = Cache(tmp_path / "cache"), tmp_path / "prometheus"
    file.write_bytes(b"\x7fELF for another machine")

    with pytest.raises(NotAvailable, match="does not run here"):
        cache.keep(PROMETHEUS, file, origin="sid")

    assert not cache.folder.exists()


def test_one_process_downloads_at_a_time(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    with cache.lock(), (tmp_path / ".lock").open("w") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_leftovers_of_an_interrupted_download_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".fetch-0815").mkdir()

    with Cache(tmp_path).lock():
        left = list(tmp_path.glob(".fetch-*"))

    assert left == []


def test_an_unwritable_cache_is_reported_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(ConfigurationError, match="Not a directory; set XDG_CACHE_HOME"),
        Cache(tmp_path / "file" / "cache").lock(),
    ):
        pass


@pytest.mark.parametrize("level", ["", "programs", "programs/prometheus/3.5.0-sid"])
def test_a_cache_that_others_can_change_is_refused(tmp_path: Path, level: str) -> None:
    cache = Cache(tmp_path / "cache")
    cache.keep(PROMETHEUS, program(tmp_path, "prometheus", "3.5.0"), origin="sid")
    (cache.folder / level).chmod(0o777)

    with pytest.raises(ConfigurationError, match=r"is drwxrwxrwx .* else set XDG_CACHE_HOME"):
        cache.find(Wanted(program=PROMETHEUS))


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / ".lock").symlink_to(tmp_path / "victim")

    with pytest.raises(ConfigurationError, match="set XDG_CACHE_HOME"), Cache(tmp_path).lock():
        pass

    assert not (tmp_path / "victim").exists()
