"""The stubs of gRPC are what `make stubs` writes."""

import subprocess
import sys
from pathlib import Path

from sightline.artifacts import ROOT

PROTO = "demo_services/rpc/users.proto"
STUBS = ("users_pb2.py", "users_pb2.pyi", "users_pb2_grpc.py")


def generate(folder: Path, source: Path = ROOT) -> dict[str, str]:
    """Return the text of each stub that protoc writes into *folder* for the file in *source*."""
    outputs = [f"--{kind}_out={folder}" for kind in ("python", "pyi", "grpc_python")]
    protoc = [sys.executable, "-m", "grpc_tools.protoc", f"-I{source}", *outputs, PROTO]
    subprocess.run(protoc, cwd=source, check=True, timeout=60)
    return {name: (folder / PROTO).with_name(name).read_text("utf-8") for name in STUBS}


def committed() -> dict[str, str]:
    return {name: (ROOT / PROTO).with_name(name).read_text("utf-8") for name in STUBS}


def test_the_committed_stubs_are_current(tmp_path: Path) -> None:
    assert generate(tmp_path) == committed()


def test_the_check_finds_a_changed_message(tmp_path: Path) -> None:
    changed = tmp_path / "source" / PROTO
    changed.parent.mkdir(parents=True)
    changed.write_text((ROOT / PROTO).read_text("utf-8").replace("string tier", "string level"))

    found = generate(tmp_path, tmp_path / "source")

    assert found["users_pb2.py"] != committed()["users_pb2.py"]


def test_the_make_target_writes_the_same_files() -> None:
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\nstubs:")[2].splitlines()[1]

    assert recipe.endswith(f"-I. --python_out=. --pyi_out=. --grpc_python_out=. {PROTO}")
