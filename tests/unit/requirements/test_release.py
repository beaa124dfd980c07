"""`make release` refuses what is not a version before it changes anything."""

import subprocess

import pytest

from sightline.artifacts import ROOT


@pytest.mark.parametrize("version", ["", "1.2", "v1.2.3"])
def test_an_invalid_version_is_refused(version: str) -> None:
    command = ["/bin/sh", str(ROOT / "requirements" / "release.sh"), version]
    answer = subprocess.run(command, text=True, capture_output=True, check=False)

    assert answer.returncode == 1
    assert answer.stderr.startswith(f"release: VERSION='{version}': expected three numbers")
