"""Whether a role answers."""

import http.client
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlsplit

PROBE_WITHIN_SECONDS: Final = 2.0


def healthy(url: str, *, within_seconds: float = PROBE_WITHIN_SECONDS) -> bool:
    """Whether a GET of *url* is answered with 200, directly: no proxy is asked."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port, timeout=within_seconds
    )
    try:
        connection.request("GET", address.path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def answering(urls: Mapping[str, str]) -> dict[str, bool]:
    """Which of the named *urls* are healthy, asked all at once."""
    with ThreadPoolExecutor(max_workers=len(urls) or 1) as pool:
        return dict(zip(urls, pool.map(healthy, urls.values()), strict=True))
