"""`sightline amtool` and `sightline promtool`: tools of Alertmanager and Prometheus.

They are searched like these programs: on ``PATH``, in the cache, in the distribution.
"""

import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from sightline import binaries, display
from sightline.config import Config
from sightline.local.folder import Folder

TOOLS: Final = {
    "amtool": "Alertmanager's amtool on this stack: silences, alerts, check-config",
    "promtool": "Prometheus's promtool: check and test rules",
}
"""Subcommands that run another program, with their help texts."""

_ADDRESS: Final = "--alertmanager.url"


def run(name: str, arguments: Sequence[str], config: Config) -> NoReturn:
    """Replace this process with the tool *name*; amtool gets Alertmanager's address.

    Raises:
        BinaryUnavailable: The tool was not found.
    """
    path = binaries.find(name, config, report=display.activity).path
    address = _address(arguments, config) if name == "amtool" else ()
    sys.stdout.flush()
    os.execv(path, [name, *address, *arguments])  # noqa: S606  no shell


def _address(arguments: Sequence[str], config: Config) -> tuple[str, ...]:
    """Return the flag for this stack's Alertmanager, unless *arguments* contain one."""
    if any(word.startswith(_ADDRESS) for word in arguments):
        return ()
    state = Folder(config.state).read()
    running = state.roles.get("alertmanager") if state else None
    url = running.role.url if running else f"http://localhost:{config.ports.alertmanager}"
    return (f"{_ADDRESS}={url}",)
