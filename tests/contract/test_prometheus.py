"""Prometheus' and Alertmanager's own checkers accept what the local stack gives them."""

import os
import subprocess
from pathlib import Path

import pytest

from sightline import binaries
from sightline.artifacts import ROOT
from sightline.config import PROFILES, Config
from sightline.local import rundirectory


def _place(file: Path) -> str:
    return str(file.relative_to(ROOT))


def checked(program: Path, *arguments: str | Path) -> str:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("major", [2, 3])
@pytest.mark.parametrize("profile", PROFILES)
def test_promtool_accepts_the_configuration_with_its_rules_and_targets(
    tmp_path: Path, profile: str, major: int
) -> None:
    config = Config.from_env({**os.environ, "SIGHTLINE_RULES": profile})
    promtool = binaries.find("promtool", config, major=major)
    home = rundirectory.prometheus(config, tmp_path)

    said = checked(promtool.path, "check", "config", home / "prometheus.yml")

    assert "is valid prometheus config file syntax" in said
    assert "rule files found" in said


@pytest.mark.parametrize("file", sorted((ROOT / "deploy").rglob("prometheus.yml")), ids=_place)
def test_promtool_accepts_the_configuration_of_each_overlay(file: Path) -> None:
    promtool = binaries.find("promtool", Config.from_env(os.environ), major=3)

    said = checked(promtool.path, "check", "config", "--syntax-only", file)

    assert "is valid prometheus config file syntax" in said


def test_amtool_accepts_the_rendered_receiver(tmp_path: Path) -> None:
    config = Config.from_env(os.environ)
    amtool = binaries.find("amtool", config)

    assert "SUCCESS" in checked(
        amtool.path, "check-config", rundirectory.alertmanager(config, tmp_path)
    )
