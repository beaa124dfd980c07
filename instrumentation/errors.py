"""What can go wrong, as a tree.

::

    InstrumentationError        start-up only; at request time nothing of ours is raised
    └── ConfigurationError      a variable or argument says something we cannot use
"""


class InstrumentationError(Exception):
    """An error whose message is written for the user: value, expectation, next step."""


class ConfigurationError(InstrumentationError):
    """A variable or argument says something we cannot use."""
