"""HTTP probe for the readiness of peers and the health checks of containers.

``python -m demo_services.probe http://127.0.0.1:8002/readyz`` exits with 0 or 1.
It uses `http.client`, which is not traced.
"""

import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from demo_services.tls import Identity

TIMEOUT_SECONDS: Final = 1.0


def answers(
    url: str, *, identity: Identity | None = None, timeout_seconds: float = TIMEOUT_SECONDS
) -> bool:
    """Return true if GET *url* returns 200 within the timeout. *identity* implies TLS."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection = (
        HTTPSConnection(
            host, port, timeout=timeout_seconds, context=identity.context() if identity else None
        )
        if identity or parts.scheme == "https"
        else HTTPConnection(host, port, timeout=timeout_seconds)
    )
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not answers(sys.argv[1], identity=Identity.from_env()))
