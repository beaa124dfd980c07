"""The demo services, as far as the command knows them: names, calls, whether they are here."""

import importlib.util
from typing import Final

SERVICES: Final = ("gateway", "orders", "users", "control", "traffic")
"""Job, role and port have the service's name."""

CALLS: Final = {"traffic": ("gateway",), "gateway": ("orders", "users"), "orders": ("users",)}
"""Which services a service calls."""


def installed() -> bool:
    """Whether the services are here; a wheel does not hold them."""
    return importlib.util.find_spec("demo_services") is not None
