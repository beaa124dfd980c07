"""Whether a role answers, and what."""

import http.client
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal
from urllib.parse import urlsplit

Health = Literal["healthy", "unready", "silent"]
"""Answers 200; answers something else, so it lives but cannot serve; does not answer."""

PROBE_WITHIN_SECONDS: Final = 5.0


def probe(url: str) -> Health:
    """How a GET of *url* is answered, directly: no proxy is asked."""
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
    """The same for each of the named *urls*, all at once."""
    with ThreadPoolExecutor(max_workers=len(urls) or 1) as pool:
        return dict(zip(urls, pool.map(probe, urls.values()), strict=True))
