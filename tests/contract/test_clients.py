"""The HTTP clients of `instrumentation._clients.CLIENTS` are the same everywhere."""

import re
import tomllib

import instrumentation
from instrumentation._clients import CLIENTS
from sightline.artifacts import ROOT
from tests.http_clients import GET


def test_each_client_is_a_module() -> None:
    modules = {path.stem for path in (ROOT / "instrumentation/_clients").glob("*.py")}

    assert modules == {*CLIENTS, "__init__", "call", "resends", "template"}


def test_each_client_has_a_public_function() -> None:
    functions = [name for name in instrumentation.__all__ if name.startswith("instrument_")]

    assert functions == [f"instrument_{client}" for client in CLIENTS]
    assert all(callable(getattr(instrumentation, name)) for name in functions)


def test_each_client_is_in_the_documented_table() -> None:
    page = (ROOT / "docs/how-to/pieces.md").read_text(encoding="utf-8")

    rows = re.findall(r"^\| `(\w+)` \| `(instrument_\w+)` \|$", page, flags=re.MULTILINE)

    assert rows == [(client, f"instrument_{client}") for client in CLIENTS]


def test_each_client_is_called_by_the_tests() -> None:
    assert GET.keys() == set(CLIENTS)


def test_no_client_is_a_dependency_of_the_library() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    required = {re.split(r"\W", line)[0] for line in tomllib.loads(text)["project"]["dependencies"]}

    assert required.isdisjoint(CLIENTS)


def test_each_client_is_installed_for_the_tests() -> None:
    files = [ROOT / "requirements" / name for name in ("run.in", "dev.in")]
    installed = {line for file in files for line in file.read_text("utf-8").splitlines()}

    assert set(CLIENTS) <= installed
