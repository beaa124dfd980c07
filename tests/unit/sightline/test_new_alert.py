"""`sightline new alert` writes nothing that is wrong, and nothing over existing files."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sightline import artifacts, cli, new_alert

MODULES = sorted((artifacts.ROOT / "sightline/mixin/alerts").glob("[!_]*.py"))
WITH_TESTS = [
    path
    for path in MODULES
    if (artifacts.PROMETHEUS / f"tests/{path.stem}.yml").exists() and "Group(" in path.read_text()
]


def stem(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("module", WITH_TESTS, ids=stem)
def test_the_alert_is_the_last_rule_of_its_group(module: Path) -> None:
    source = new_alert.add_to_module(module.read_text(encoding="utf-8"), "ErrorRatioHigh")

    *_, alert, group = ast.parse(source).body
    assert ast.unparse(alert).startswith("ERROR_RATIO_HIGH: Final = Alert(name='ErrorRatioHigh'")
    assert ast.unparse(group).endswith("ERROR_RATIO_HIGH))")


@pytest.mark.parametrize("module", WITH_TESTS, ids=stem)
def test_the_formatter_accepts_the_module(module: Path) -> None:
    source = new_alert.add_to_module(module.read_text(encoding="utf-8"), "ErrorRatioHigh")

    ruff = Path(sys.executable).with_name("ruff")
    command = [str(ruff), "format", "--check", "--stdin-filename", str(module), "-"]
    answer = subprocess.run(command, input=source, text=True, capture_output=True, check=False)

    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["errorRatioHigh"], "'errorRatioHigh': expected subject and condition, like ErrorRatioH"),
        (["Error"], "'Error': expected subject and condition, like ErrorRatioHigh"),
        (["../Error"], "'../Error': expected subject and condition, like ErrorRatioHigh"),
        (["ServiceDown"], "ServiceDown exists: docs/runbooks/ServiceDown.md"),
        (
            ["ErrorRatioHigh", "--file", "budgets"],
            "--file budgets: expected one of authentication, ",
        ),
    ],
)
def test_an_invalid_alert_is_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = cli.main(["new", "alert", *words])

    shown = capsys.readouterr().err
    assert (status, shown.count("\n")) == (1, 1)
    assert message in shown


def test_an_installation_without_a_checkout_is_one_line(tmp_path: Path) -> None:
    shutil.copytree(artifacts.ROOT / "sightline", tmp_path / "sightline")
    (tmp_path / "sightline" / "artifacts").mkdir()

    command = [sys.executable, "-m", "sightline", "new", "alert", "ErrorRatioHigh"]
    answer = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, check=False)

    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert answer.stderr.endswith("new` works in a checkout of Sightline only\n")
