"""Secrets of the overlay deploy/compose/secure.yml, created in a temporary folder."""

import shutil
import subprocess
from pathlib import Path

from sightline.artifacts import GRAFANA, PROMETHEUS, ROOT


def make_secrets(root: Path) -> Path:
    """Run certificates.sh below *root* and return its folder, which has one folder per service."""
    shutil.copytree(PROMETHEUS, root / "prometheus")
    shutil.copytree(GRAFANA / "provisioning", root / "grafana" / "provisioning")
    folder = root / "deploy" / "compose"
    folder.mkdir(parents=True)
    script = shutil.copy(ROOT / "deploy" / "compose" / "certificates.sh", folder)
    subprocess.run(["/bin/sh", script], check=True, capture_output=True)
    return folder / "secrets"
