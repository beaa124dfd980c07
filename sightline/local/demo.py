"""Demo services: names, calls, installation."""

import importlib.util
from typing import Final

SERVICES: Final = ("gateway", "orders", "users", "control", "traffic")
"""Names of services, which are also the names of job, role and port."""

CALLS: Final = {"traffic": ("gateway",), "gateway": ("orders", "users"), "orders": ("users",)}
"""Called services of each service."""


def installed() -> bool:
    """Return true in a checkout; the wheel does not contain the services."""
    return importlib.util.find_spec("demo_services") is not None
