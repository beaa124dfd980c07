"""Public exceptions of the command.

::

    SightlineError              shown to the user as one message, exit status 1
    ├── ConfigurationError      a variable, argument or file has an invalid value
    │   └── InvalidFile         a file of objectives or an adoption file, exit status 2
    ├── PortTaken               a port is in use by another process
    ├── BinaryUnavailable       a program was not found; the message lists every source
    └── RoleFailed              a process exited or was not healthy in time
"""


class SightlineError(Exception):
    """Error with a message for the user: value, expected format, next step."""

    status = 1
    """Exit status of the command."""


class ConfigurationError(SightlineError):
    """A variable, argument or file has an invalid value."""


class InvalidFile(ConfigurationError):
    """A file has an invalid value; the message names file and line. Nothing was written."""

    status = 2


class PortTaken(SightlineError):
    """A port is in use by another process."""


class BinaryUnavailable(SightlineError):
    """A program was not found; the message lists every source."""


class RoleFailed(SightlineError):
    """A process exited or was not healthy in time; the message ends with its last log lines."""
