"""File of the configuration center."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from demo_services.control.configuration.revision import Shelf

_SHELVES = TypeAdapter(dict[str, Shelf])


class StorageError(Exception):
    """The file of the center cannot be read or written."""


class Storage:
    """Revisions in the file at *path*, or in memory without one.

    Without a file, a center that restarts has no document. Services keep the one that they have,
    but a service that restarts has its files alone; `ConfigurationDrift` then alerts.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def read(self) -> dict[tuple[str, str], Shelf]:
        """Return the stored revisions.

        Raises:
            StorageError: The file is unreadable. An empty center would hide that.
        """
        if self._path is None or not self._path.exists():
            return {}
        try:
            stored = _SHELVES.validate_json(self._path.read_bytes())
        except (OSError, ValidationError) as error:
            raise StorageError(
                f"CONFIG_FILE={str(self._path)!r}: expected the file of a configuration center; "
                "move it away to start without documents"
            ) from error
        return {_key(name): shelf for name, shelf in stored.items()}

    def write(self, shelves: Mapping[tuple[str, str], Shelf]) -> None:
        """Replace the file, so that it is whole at any moment.

        Raises:
            StorageError: It cannot be written.
        """
        if self._path is None:
            return
        named = {"/".join(key): shelf for key, shelf in shelves.items()}
        part = self._path.with_suffix(".part")
        try:
            part.touch(mode=0o600)
            with part.open("wb") as file:
                file.write(_SHELVES.dump_json(named))
                file.flush()
                os.fsync(file.fileno())  # or a power failure could leave an empty file
            part.replace(self._path)
        except OSError as error:
            raise StorageError(f"{self._path} cannot be written: {error.strerror}") from error


def _key(name: str) -> tuple[str, str]:
    application, _, profile = name.partition("/")
    return application, profile
