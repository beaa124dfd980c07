"""Roles of the local stack in order of start and display."""

from collections.abc import Iterable
from typing import Final

from sightline.binaries import Report
from sightline.config import Config
from sightline.errors import ConfigurationError
from sightline.local import demo
from sightline.local.providers import Providers
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
        ConfigurationError: A name is no role.
        BinaryUnavailable: Prometheus or Alertmanager was not found.
    """
    asked = set(names)
    unknown = sorted(asked - set(NAMES))
    if unknown:
        note = "" if demo.SERVICES else " (only a checkout has the demo services)"
        raise ConfigurationError(
            f"{', '.join(unknown)}: not a role; expected one of {', '.join(NAMES)}{note}"
        )
    providers = Providers(config, report)
    return [providers.role(name) for name in NAMES if name in (asked or NAMES)]
