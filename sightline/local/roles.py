"""Roles of the local stack in order of start and display."""

from collections.abc import Iterable
from typing import Final

from sightline.config import Config
from sightline.errors import ConfigurationError
from sightline.local import demo
from sightline.local.providers import Providers, Report
from sightline.local.state import Role

_ENGINES: Final = ("prometheus", "alertmanager", "jaeger", "grafana")
NAMES: Final = (*_ENGINES, *demo.SERVICES)
"""Names of all roles."""


def roles(config: Config, names: Iterable[str], report: Report) -> list[Role]:
    """Return the roles *names*, resolved to programs; all roles if *names* is empty.

    Args:
        config: Ports, folders, environment.
        names: Names of roles, in any order.
        report: Called with progress messages.

    Raises:
        ConfigurationError: A name is no role, or the demo is not installed.
        BinaryUnavailable: Prometheus or Alertmanager was not found.
    """
    asked = set(names)
    unknown = sorted(asked - set(NAMES))
    if unknown:
        raise ConfigurationError(
            f"{', '.join(unknown)}: not a role; expected one of {', '.join(NAMES)}"
        )
    if asked & set(demo.SERVICES) and not demo.installed():
        raise ConfigurationError("the demo services are part of a checkout only, not of the wheel")
    available = NAMES if demo.installed() else _ENGINES
    providers = Providers(config, report)
    return [providers.role(name) for name in available if name in (asked or available)]
