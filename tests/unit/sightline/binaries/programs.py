"""Programs that only know their version."""

from pathlib import Path


def program(folder: Path, name: str, version: str) -> Path:
    """Create an executable *name* in *folder* that prints *version*."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{name}, version {version} (branch: HEAD)'\n")
    file.chmod(0o755)
    return file
