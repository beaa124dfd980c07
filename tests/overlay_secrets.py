"""What deploy/compose/certificates.sh makes, in a copy of the rooms that it reads."""

import shutil
import subprocess
from pathlib import Path

from sightline.artefacts import GRAFANA, PROMETHEUS, ROOT


def make_secrets(root: Path) -> Path:
    """Run the one command under *root*; returns the folder with one folder for each service."""
    shutil.copytree(PROMETHEUS, root / "prometheus")
    shutil.copytree(GRAFANA / "provisioning", root / "grafana" / "provisioning")
    room = root / "deploy" / "compose"
    room.mkdir(parents=True)
    script = shutil.copy(ROOT / "deploy" / "compose" / "certificates.sh", room)
    subprocess.run(["/bin/sh", script], check=True, capture_output=True)
    return room / "secrets"
