"""Outgoing HTTP calls: CLIENT spans, duration samples and propagation headers."""

from typing import Final

CLIENTS: Final = ("aiohttp", "httpx", "requests")
"""Packages whose calls can be traced. The module of the same name defines ``instrument_NAME``."""
