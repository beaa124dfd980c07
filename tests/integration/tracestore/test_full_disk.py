"""The store on a small disk of its own, which a user namespace mounts without root."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NAMESPACE = ("unshare", "--map-root-user", "--mount")


def has_namespaces() -> bool:
    """Return true if a user namespace may mount; containers without privileges may not."""
    if shutil.which(NAMESPACE[0]) is None:
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


SCRIPT = """
import json, sys
from pathlib import Path

from tests.integration.tracestore.trace_store import running
from tests.unit.tracestore.spans import encoded, span

disk, spare = Path(sys.argv[1]), Path(sys.argv[1]) / "spare"
with running(disk) as store:
    def send(numbers):
        return [store.send(encoded(span(n, f"{n}".ljust(20_000)))).status for n in numbers]

    def found(numbers):
        return [n for n in numbers if store.ask(f"/api/traces/{n:x}").status == 200]

    alone = send(range(1, 1001))
    spare.write_bytes(bytes(3_000_000))
    beside = send(range(1001, 1501))
    print(json.dumps({"statuses": sorted({*alone, *beside}), "found": found(range(1, 1501))}))
"""


def on_a_small_disk(folder: Path, megabytes: int) -> subprocess.CompletedProcess[str]:
    """Run `SCRIPT` with *folder* on a file system of its own."""
    mount = f'mount -t tmpfs -o size={megabytes}m tmpfs "$0" && exec "$@"'
    return subprocess.run(
        [
            *(*NAMESPACE, "sh", "-c", mount, str(folder)),
            *(sys.executable, "-c", SCRIPT, str(folder)),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.skipif(not has_namespaces(), reason="no user namespace may mount a file system")
def test_a_full_disk_drops_the_oldest_spans_and_takes_new_ones(tmp_path: Path) -> None:
    result = on_a_small_disk(tmp_path, 16)

    assert result.returncode == 0, result.stderr
    seen = json.loads(result.stdout)
    kept = seen["found"]
    assert seen["statuses"] == [200]
    assert kept == list(range(kept[0], 1501))
    assert 1 < kept[0] < 1400
    assert len(result.stderr.splitlines()) < 10
