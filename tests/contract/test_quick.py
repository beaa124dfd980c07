"""`make quick` selects existing tests, and every contract test has a room."""

from pathlib import Path

import pytest

from sightline.artifacts import ROOT
from tests import quick


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        ("sightline/lint/units.py", "tests/unit/lint/test_units.py"),
        ("sightline/mixin/clock.py", "tests/unit/mixin/test_clock.py"),
        ("sightline/viewer/pages/common.py", "tests/unit/viewer/pages"),
        ("sightline/cli.py", "tests/unit/sightline/test_cli.py"),
        ("instrumentation/_spans/span.py", "tests/unit/instrumentation/test_span.py"),
        ("demo_services/inbox.py", "tests/unit/demo_services/test_inbox.py"),
        ("tests/unit/lint/test_units.py", "tests/unit/lint/test_units.py"),
        ("docs/runbooks/ServiceDown.md", "tests/contract/test_runbooks.py"),
        ("sightline/tracestore/server.py", "tests/contract/test_store_imports.py"),
    ],
)
def test_a_file_leads_to_the_tests_of_its_room(changed: str, tests: str) -> None:
    assert Path(tests) in set(quick.tests_of(Path(changed)))


def test_other_tests_are_left_to_make_test() -> None:
    assert list(quick.tests_of(Path("LICENSE"))) == []
    assert Path("tests/integration") not in set(quick.tests_of(Path("tests/integration/x.py")))


def test_every_room_has_existing_contract_tests() -> None:
    names = {name for names in (*quick.CONTRACTS.values(), quick.ALWAYS) for name in names}
    missing = [name for name in names if not (ROOT / f"tests/contract/test_{name}.py").is_file()]

    assert missing == []
    assert [room for room in quick.CONTRACTS if not (ROOT / room).exists()] == []


def test_a_changed_page_runs_its_own_cases() -> None:
    (command,) = quick.test_runs([Path("SECURITY.md"), Path("STYLE.md")])

    assert command[-2:] == ["-k", "SECURITY.md or STYLE.md"]


def test_a_changed_script_is_linted_by_its_linter() -> None:
    paths = [Path("requirements/install.sh"), Path("sightline/cli.py"), Path("removed.py")]

    programs = [(Path(command[0]).name, command[-1]) for command in quick.lint(paths)]

    assert programs == [
        ("ruff", "sightline/cli.py"),
        ("ruff", "sightline/cli.py"),
        ("shellcheck", "requirements/install.sh"),
    ]
