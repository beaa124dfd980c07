"""Files that an organization exports for its own Prometheus and Alertmanager."""

from pathlib import Path

from sightline.export import main
from tests.foreign.incidents import OBJECTIVES

ADOPTION = """\
urls:
  grafana: https://grafana.example.com
  runbooks: https://runbooks.example.com/{alert}
objectives: [slos/*.yaml]
"""


def export(folder: Path, adoption: str = ADOPTION) -> Path:
    """Write an adoption file into *folder*, export, and return the directory of the result."""
    (folder / "slos").mkdir()
    (folder / "slos" / "shop.yaml").write_text(OBJECTIVES)
    (folder / "sightline.yaml").write_text(adoption)
    out = folder / "out"
    assert main([str(out), "--config", str(folder / "sightline.yaml")]) == 0
    return out
