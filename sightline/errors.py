"""What can go wrong, as a tree.

::

    SightlineError              shown to the user as one message, exit status 1
    ├── ConfigurationError      a variable, argument or file says something we cannot use
    ├── PortTaken               another process listens where a role wants to
    ├── BinaryUnavailable       a program is nowhere to be had; names every place that was tried
    └── RoleFailed              a process died, or was not healthy in time
"""


class SightlineError(Exception):
    """An error whose message is written for the user: value, expectation, next step."""


class ConfigurationError(SightlineError):
    """A variable, argument or file says something we cannot use."""


class PortTaken(SightlineError):  # noqa: N818  a state of the machine, not a fault of the program
    """Another process listens where a role wants to."""


class BinaryUnavailable(SightlineError):  # noqa: N818  as PortTaken
    """A program is nowhere to be had; the message names every place that was tried."""


class RoleFailed(SightlineError):  # noqa: N818  as PortTaken
    """A process died, or was not healthy in time; the message ends with its last lines."""
