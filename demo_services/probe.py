"""Whether a URL answers 200: readiness of peers, and the container's own health check.

``python -m demo_services.probe http://127.0.0.1:8002/readyz`` exits 0 or 1. Plain `http.client`,
so that no probe makes a span.
"""

import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit


def answers(url: str, *, timeout_seconds: float = 1.0) -> bool:
    """Whether GET *url* is 200 in time."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_seconds)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not answers(*sys.argv[1:2]))
