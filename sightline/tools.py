"""`sightline amtool` and `sightline promtool`: the tools of the programs that the stack runs.

They are looked for as those programs are: on ``PATH``, in the cache, in the distribution.
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
"""Subcommands that another program answers, and what it is for."""

_ADDRESS: Final = "--alertmanager.url"


def run(name: str, arguments: Sequence[str], config: Config) -> NoReturn:
    """Become the tool *name* with *arguments*; amtool is told where Alertmanager listens.

    Raises:
        BinaryUnavailable: Names each place that was tried.
    """
    path = binaries.find(name, config, report=display.activity).path
    address = _address(arguments, config) if name == "amtool" else ()
    sys.stdout.flush()
    os.execv(path, [name, *address, *arguments])  # noqa: S606  no shell, by design


def _address(arguments: Sequence[str], config: Config) -> tuple[str, ...]:
    """Return the flag for this stack's Alertmanager, unless the caller names one."""
    if any(word.startswith(_ADDRESS) for word in arguments):
        return ()
    state = Folder(config.state).read()
    running = state.roles.get("alertmanager") if state else None
    url = running.role.url if running else f"http://localhost:{config.ports.alertmanager}"
    return (f"{_ADDRESS}={url}",)
