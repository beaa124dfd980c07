"""Write rules, dashboards, Alertmanager's files and runbooks for an existing installation."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sightline.errors import ConfigurationError, InvalidFile
from sightline.export import bundle
from sightline.export.formats import FORMATS, Files
from sightline.export.settings import Settings, read
from sightline.mixin import generated
from sightline.mixin.slo.objective import SloError

MARKER: Final = ".sightline-export"
"""File in an exported directory that lists its files, so that a later export removes old ones."""


def main(arguments: Sequence[str]) -> int:
    """Run the command with *arguments* and return the exit status."""
    parsed = parser().parse_args(arguments)
    try:
        settings = read(parsed.config) if parsed.config else Settings()
        files = FORMATS[parsed.format](bundle.build(settings), settings.target)
    except SloError as error:
        raise InvalidFile(str(error)) from error
    written, removed = write(files, parsed.directory)
    print(f"{parsed.directory}: {len(files)} files, {written} written, {removed} removed")
    if not parsed.config:
        print("links lead to localhost: set urls in an adoption file and pass it with --config")
    elif not settings.routing.receivers:
        print("receivers of Alertmanager are examples: set receivers in the adoption file")
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = argparse.ArgumentParser(prog="sightline export", description=__doc__)
    parser.add_argument("directory", type=Path, metavar="DIR", help="directory to write")
    parser.add_argument("--format", choices=FORMATS, default="plain", help="default: plain")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="adoption file, like sightline.yaml"
    )
    return parser


def write(files: Files, directory: Path) -> tuple[int, int]:
    """Write *files* below *directory*, and remove files of an earlier export.

    Returns:
        Number of written and of removed files. Files with equal content are not written.

    Raises:
        ConfigurationError: The directory has files that no export wrote.
    """
    marker = directory / MARKER
    earlier = set(marker.read_text(encoding="utf-8").split()) if marker.is_file() else set()
    if not marker.is_file() and directory.is_dir() and any(directory.iterdir()):
        raise ConfigurationError(
            f"{directory} is not empty and was not written by this command: "
            "expected a new directory, or one of an earlier export"
        )
    generated.write(marker, "".join(f"{name}\n" for name in sorted(files)))
    written = sum(generated.write(directory / name, text) for name, text in sorted(files.items()))
    removed = sorted(name for name in earlier - files.keys() if (directory / name).is_file())
    for name in removed:
        (directory / name).unlink()
    return written, len(removed)
