"""Which roles the local stack has, in the order in which they are started and shown."""

from collections.abc import Iterable
from typing import Final

from sightline.config import Config
from sightline.errors import ConfigurationError
from sightline.local import demo
from sightline.local.players import Players, Report
from sightline.local.state import Role

_ENGINES: Final = ("prometheus", "alertmanager", "jaeger", "grafana")
NAMES: Final = (*_ENGINES, *demo.SERVICES)
"""Every role."""


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
    if asked & set(demo.SERVICES) and not demo.installed():
        raise ConfigurationError("the demo services come with a checkout of Sightline only")
    there = NAMES if demo.installed() else _ENGINES
    players = Players(config, report)
    return [players.role(name) for name in there if name in (asked or there)]
