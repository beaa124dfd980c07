"""What other packages offer to OpenTelemetry under a name, in its groups of entry points."""

from importlib.metadata import entry_points
from typing import Any

from instrumentation.errors import ConfigurationError


def plugin(variable: str, group: str, name: str, *, package: str = "") -> Any:  # noqa: ANN401  foreign
    """What an installed package offers as *name*.

    Args:
        variable: Who asks for it.
        group: Of entry points.
        name: In that group.
        package: Offers it; empty where that is not known.

    Raises:
        ConfigurationError: No installed package offers it; says which one would.
    """
    for offered in entry_points(group=group, name=name):
        return offered.load()
    step = f"install {package or 'the package that offers it'}"
    names = ", ".join(sorted(offered.name for offered in entry_points(group=group)))
    raise ConfigurationError(f"{variable}={name!r}: expected one of {names}; {step}")
