"""HTTP probe for the readiness of peers and the health checks of containers.

``python -m demo_services.probe http://127.0.0.1:8002/readyz`` exits with 0 or 1.
It uses `http.client`, which is not traced.
"""

import sys
from http import HTTPStatus
from http.client import HTTPException
from typing import Final
from urllib.parse import urlsplit

from demo_services.connections import connect
from demo_services.tls import Identity

TIMEOUT_SECONDS: Final = 1.0


def answers(
    url: str, *, identity: Identity | None = None, timeout_seconds: float = TIMEOUT_SECONDS
) -> bool:
    """Return true if GET *url* returns 200 within the timeout. *identity* implies TLS."""
    parts = urlsplit(url)
    connection = connect(
        parts.hostname or "",
        parts.port,
        secure=bool(identity) or parts.scheme == "https",
        identity=identity,
        timeout_seconds=timeout_seconds,
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
