"""Exceptions of the library.

::

    InstrumentationError        raised at start-up only, never while a request is served
    └── ConfigurationError      an environment variable or argument has an invalid value
"""

from __future__ import annotations


class InstrumentationError(Exception):
    """Base of all errors. The message contains the value, what is expected, and the next step."""


class ConfigurationError(InstrumentationError):
    """An environment variable or argument has an invalid value."""
