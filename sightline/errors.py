"""Public exceptions of the command.

::

    SightlineError              shown to the user as one message, exit status 1
    ├── ConfigurationError      a variable, argument or file has an invalid value
    ├── PortTaken               a port is in use by another process
    ├── BinaryUnavailable       a program was not found; the message lists every source
    └── RoleFailed              a process exited or was not healthy in time
"""


class SightlineError(Exception):
    """Error with a message for the user: value, expected format, next step."""


class ConfigurationError(SightlineError):
    """A variable, argument or file has an invalid value."""


class PortTaken(SightlineError):
    """A port is in use by another process."""


class BinaryUnavailable(SightlineError):
    """A program was not found; the message lists every source."""


class RoleFailed(SightlineError):
    """A process exited or was not healthy in time; the message ends with its last log lines."""
