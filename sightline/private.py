"""Directories and files that only this user can change.

Programs are started from the state directory and the cache, so another user must not be able to
place files or links there.
"""

import errno
import os
import pwd
import shlex
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from sightline.errors import ConfigurationError

_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def create_directory(directory: Path, *, root: Path, variable: str) -> Path:
    """Create *directory* and its missing parents with mode 0700, verify it, and return it.

    Args:
        directory: Absolute path.
        root: The directory itself or a parent: verified with every level below it.
        variable: Environment variable that selects another directory.

    Raises:
        ConfigurationError: It cannot be created, or another user can change it.
    """
    missing = [place for place in (directory, *directory.parents) if not os.path.lexists(place)]
    try:
        for place in reversed(missing):
            with suppress(FileExistsError):
                place.mkdir(mode=0o700)
    except OSError as error:
        raise as_configuration_error(error, directory, variable=variable) from error
    verify(directory, root=root, variable=variable)
    return directory


def verify(directory: Path, *, root: Path, variable: str) -> None:
    """Check that only this user can change *directory*; missing levels are ignored.

    Raises:
        ConfigurationError: Another user can change it; the message has owner, mode and next step.
    """
    try:
        for place in (*reversed(directory.parents), directory):
            with suppress(FileNotFoundError, NotADirectoryError):
                if place.is_relative_to(root):
                    _verify_own(place, variable)
                else:
                    _verify_parent(place, variable)
    except OSError as error:
        raise as_configuration_error(error, directory, variable=variable) from error


def write(file: Path, text: str, *, variable: str) -> Path:
    """Replace *file* atomically with *text*, without following links, and return it.

    Raises:
        ConfigurationError: The file cannot be written and keeps its content.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        part.unlink(missing_ok=True)
        with os.fdopen(open_file(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w") as written:
            written.write(text)
        part.replace(file)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise as_configuration_error(error, file, variable=variable) from error
    return file


def open_file(file: Path, flags: int) -> int:
    """Return a descriptor of *file*; a new file has mode 0600, a link is refused.

    Raises:
        OSError: As `os.open`.
    """
    return os.open(file, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def as_configuration_error(error: OSError, path: Path, *, variable: str) -> ConfigurationError:
    """Return *error* with the next step in its message."""
    place = error.filename or path
    step = f"set {variable} to a directory that you can write to"
    if error.errno in _NO_SPACE:
        step = f"free some space there, or set {variable} to a directory on another disk"
    return ConfigurationError(f"{place}: {error.strerror or error}; {step}")


def _verify_parent(parent: Path, variable: str) -> None:
    """Refuse a directory in which another user can replace entries."""
    found = parent.stat()
    sticky = found.st_mode & stat.S_ISVTX and found.st_uid in {0, os.getuid()}
    if found.st_mode & stat.S_IWOTH and not sticky:
        raise ConfigurationError(
            f"{_description(parent, found)}: every user can replace its entries; "
            f"set {variable} to a directory elsewhere"
        )


def _verify_own(directory: Path, variable: str) -> None:
    found = directory.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise ConfigurationError(
            f"{_description(directory, found)}: expected a directory of user "
            f"{_user_name(os.getuid())}; remove it, or set {variable} to a directory of your own"
        )
    if found.st_mode & _WRITABLE_BY_OTHERS:
        raise ConfigurationError(
            f"{_description(directory, found)}: other users can change it; if you trust its "
            f"it, run `chmod go-w {shlex.quote(str(directory))}`, else set {variable} to another"
        )


def _description(path: Path, found: os.stat_result) -> str:
    return f"{path} is {stat.filemode(found.st_mode)} of user {_user_name(found.st_uid)}"


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:  # containers may run as a user without a name
        return str(user)
