"""Directories and files that only this user may change.

The state directory and the program cache decide which commands run, so another user must not be
able to put files or links there.
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


def make(directory: Path, *, root: Path, variable: str) -> Path:
    """Create *directory* and its missing parents with mode 0700, verify it, and return it.

    Args:
        directory: Absolute path.
        root: The directory itself or a parent: every level from there on is verified.
        variable: Environment variable that the user can set to choose another place.

    Raises:
        ConfigurationError: It cannot be created, or another user may change it.
    """
    missing = [place for place in (directory, *directory.parents) if not os.path.lexists(place)]
    try:
        for place in reversed(missing):
            with suppress(FileExistsError):
                place.mkdir(mode=0o700)
    except OSError as error:
        raise explained(error, directory, variable=variable) from error
    verify(directory, root=root, variable=variable)
    return directory


def verify(directory: Path, *, root: Path, variable: str) -> None:
    """Check that only this user may change *directory*; levels that do not exist pass.

    Raises:
        ConfigurationError: Names path, owner, mode and next step.
    """
    try:
        for place in (*reversed(directory.parents), directory):
            with suppress(FileNotFoundError, NotADirectoryError):
                if place.is_relative_to(root):
                    _verify_own(place, variable)
                else:
                    _verify_parent(place, variable)
    except OSError as error:
        raise explained(error, directory, variable=variable) from error


def write(file: Path, text: str, *, variable: str) -> Path:
    """Replace *file* with *text* as a whole, follow no link, and return it.

    Raises:
        ConfigurationError: It cannot be written; the old content is still there.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        part.unlink(missing_ok=True)
        with os.fdopen(opened(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w") as written:
            written.write(text)
        part.replace(file)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise explained(error, file, variable=variable) from error
    return file


def opened(file: Path, flags: int) -> int:
    """Return a descriptor of *file*, with mode 0600 when it is created; a link is refused.

    Raises:
        OSError: As `os.open`.
    """
    return os.open(file, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def explained(error: OSError, path: Path, *, variable: str) -> ConfigurationError:
    """Return *error* as one sentence with the next step."""
    place = error.filename or path
    step = f"set {variable} to a directory that you can write to"
    if error.errno in _NO_SPACE:
        step = f"free some space there, or set {variable} to a directory on another disk"
    return ConfigurationError(f"{place}: {error.strerror or error}; {step}")


def _verify_parent(parent: Path, variable: str) -> None:
    """Refuse a directory in which another user may replace ours."""
    found = parent.stat()
    sticky = found.st_mode & stat.S_ISVTX and found.st_uid in {0, os.getuid()}
    if found.st_mode & stat.S_IWOTH and not sticky:
        raise ConfigurationError(
            f"{_described(parent, found)}: every user may replace what is in it; "
            f"set {variable} to a directory elsewhere"
        )


def _verify_own(directory: Path, variable: str) -> None:
    found = directory.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise ConfigurationError(
            f"{_described(directory, found)}: expected a directory of user "
            f"{_name(os.getuid())}; remove it, or set {variable} to a directory of your own"
        )
    if found.st_mode & _WRITABLE_BY_OTHERS:
        raise ConfigurationError(
            f"{_described(directory, found)}: other users may change it; if you trust what is in "
            f"it, run `chmod go-w {shlex.quote(str(directory))}`, else set {variable} to another"
        )


def _described(path: Path, found: os.stat_result) -> str:
    return f"{path} is {stat.filemode(found.st_mode)} of user {_name(found.st_uid)}"


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:  # a container may run as a user without a name
        return str(user)
