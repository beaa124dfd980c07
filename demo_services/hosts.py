"""Refusal of requests that a page of another site makes the reader's browser send.

The port is open to every process of this machine, and a browser is one of them.

- **DNS rebinding** makes a foreign page look like a page of this server.
  Its requests carry the foreign name, so the ``Host`` header must be a name of this server.
  An IP address is accepted, because only a name can be rebound.
- **Cross-site request forgery** needs no answer to do harm.
  A request that may change something must come from a page of this server, or from no page.

`sightline/hosts.py` holds the same checks, because neither room may import the other.
`tests/contract/test_hosts.py` runs one table of requests against both.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

VARIABLE: Final = "SIGHTLINE_ALLOWED_HOSTS"
LOCAL_NAMES: Final = ("localhost", "*.localhost")
"""Names that browsers never look up. Source: RFC 6761, section 6.3."""

_AUTHORITY: Final = re.compile(r"(?:\[([0-9a-z:.%]+)\]|([^\[\]:@/?#\\\s]+))(?::\d*)?")
_PATTERN: Final = re.compile(r"\*|(\*\.)?[\w-]+(\.[\w-]+)*", re.ASCII)
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE: Final = frozenset({"same-origin", "none"})

_NO_SINGLE_HOST: Final = "The request must have exactly one Host header.\n"
_FOREIGN_HOST: Final = (
    "This server does not answer under the host name of the request: use localhost or an IP "
    f"address, or add the name to {VARIABLE}.\n"
)
_FOREIGN_PAGE: Final = "A page of another site may not change anything on this server.\n"


def allowed_hosts(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return patterns of the names of this server: ``HOST``, and those of ``VARIABLE``.

    Raises:
        ValueError: Names variable, value and expectation.
    """
    listed = environ.get(VARIABLE, "")
    names = [name.strip().lower() for name in listed.split(",") if name.strip()]
    if not all(map(_PATTERN.fullmatch, names)):
        expected = "host names without scheme and port, like viewer.example.com,*.internal"
        raise ValueError(f"{VARIABLE}={listed!r}: expected {expected}")
    bound = environ.get("HOST", "").lower()
    return (*LOCAL_NAMES, *filter(None, (bound,)), *names)


class HostCheck:
    """ASGI middleware that answers foreign requests itself: 421 by host, 403 by page.

    Args:
        names: Patterns of host names; `allowed_hosts` returns them.
    """

    def __init__(self, app: ASGIApp, names: tuple[str, ...]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        # A browser always sends one. HTTP/1.0 probes of load balancers do not.
        if len(hosts) > 1 or (not hosts and scope["http_version"] != "1.0"):
            return PlainTextResponse(_NO_SINGLE_HOST, HTTPStatus.BAD_REQUEST)
        if hosts and not self._allowed(hosts[0].lower()):
            return PlainTextResponse(_FOREIGN_HOST, HTTPStatus.MISDIRECTED_REQUEST)
        if scope.get("method") not in _SAFE_METHODS and _from_foreign_page(headers):
            return PlainTextResponse(_FOREIGN_PAGE, HTTPStatus.FORBIDDEN)
        return None

    def _allowed(self, host: str) -> bool:
        authority = _AUTHORITY.fullmatch(host)
        if not authority:
            return False
        name = authority[1] or authority[2].removesuffix(".")
        return _is_address(name) or any(fnmatchcase(name, pattern) for pattern in self._names)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _from_foreign_page(headers: Headers) -> bool:
    """Return whether a browser sent the request for a page of another origin.

    Source: Go, `net/http.CrossOriginProtection`. Programs send neither header.
    """
    if site := headers.get("sec-fetch-site"):
        return site not in _OWN_SITE
    origin, host = headers.get("origin"), headers.get("host", "no host")
    return origin is not None and origin.lower().partition("://")[2] != host.lower()
