"""Programs that only know their version, and others of the same name."""

from pathlib import Path


def program(folder: Path, name: str, version: str) -> Path:
    """Create an executable *name* in *folder* that prints *version*."""
    return script(folder, name, f"echo '{name}, version {version} (branch: HEAD)'")


def script(folder: Path, name: str, body: str) -> Path:
    """Create an executable *name* in *folder* that runs the shell commands *body*."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return file
