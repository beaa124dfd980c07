"""Plugins of other packages in OpenTelemetry's entry point groups."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from instrumentation.errors import ConfigurationError


def load_plugin(variable: str, group: str, name: str, *, package: str = "") -> Any:
    """Load the entry point *name* of an installed package.

    Args:
        variable: Environment variable that contains *name*, for the error message.
        group: Entry point group.
        name: Name of the entry point in that group.
        package: Package that provides it, if known.

    Raises:
        ConfigurationError: No installed package provides it.
    """
    for offered in entry_points(group=group, name=name):
        return offered.load()
    step = f"install {package or 'the package that provides it'}"
    names = ", ".join(sorted(offered.name for offered in entry_points(group=group)))
    raise ConfigurationError(f"{variable}={name!r}: expected one of {names}; {step}")
