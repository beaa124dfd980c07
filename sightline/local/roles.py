"""Which roles the local stack has, in the order in which they are started."""

import importlib.util
from collections.abc import Iterable
from typing import Final

from sightline.config import Config
from sightline.errors import ConfigurationError
from sightline.local.players import Players, Report
from sightline.local.rundirectory import SERVICES
from sightline.local.state import Role

_ENGINES: Final = ("prometheus", "alertmanager", "jaeger", "grafana")
NAMES: Final = (*_ENGINES, *reversed(SERVICES))
"""Every role, each after those that it needs."""


def roles(config: Config, names: Iterable[str], report: Report) -> list[Role]:
    """The roles called *names*, ready to be started; all when there are no names.

    Args:
        config: Ports, folders, environment.
        names: Names of roles, in any order.
        report: Is told what is being fetched.

    Raises:
        ConfigurationError: A name is not that of a role, or the demo is not installed.
        BinaryUnavailable: Prometheus or Alertmanager is nowhere to be had.
    """
    asked = set(names)
    unknown = sorted(asked - set(NAMES))
    if unknown:
        raise ConfigurationError(f"{', '.join(unknown)}: not a role; there are {', '.join(NAMES)}")
    if asked & set(SERVICES) and not demo_installed():
        raise ConfigurationError("the demo services come with a checkout of Sightline only")
    there = NAMES if demo_installed() else _ENGINES
    players = Players(config, report)
    return [players.role(name) for name in there if name in (asked or there)]


def demo_installed() -> bool:
    """Whether the demo services are there; a wheel does not hold them."""
    return importlib.util.find_spec("demo_services") is not None
