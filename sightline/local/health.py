"""Health checks of roles."""

import http.client
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal
from urllib.parse import urlsplit

Health = Literal["healthy", "unready", "silent"]
"""``healthy``: status 200; ``unready``: another status; ``silent``: no response."""

PROBE_WITHIN_SECONDS: Final = 5.0


def probe(url: str) -> Health:
    """Return the health of *url*; the request bypasses proxies."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port, timeout=PROBE_WITHIN_SECONDS
    )
    try:
        connection.request("GET", address.path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return "silent"
    finally:
        connection.close()
    return "healthy" if status == http.client.OK else "unready"


def probe_all(urls: Mapping[str, str]) -> dict[str, Health]:
    """Return the health of each of *urls*, checked concurrently."""
    with ThreadPoolExecutor(max_workers=len(urls) or 1) as pool:
        return dict(zip(urls, pool.map(probe, urls.values()), strict=True))
