"""Which HTTP proxy a URL is reached through, from the variables that curl and requests read."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

LOOPBACK: Final = ("localhost", "127.0.0.0/8", "::1")
"""Never proxied: a proxy's loopback is not ours."""


def proxy_for(url: str, environ: Mapping[str, str]) -> str:
    """The URL of the proxy for *url*, or empty.

    ``HTTPS_PROXY`` or ``HTTP_PROXY`` by the scheme, else ``ALL_PROXY``; hosts in ``NO_PROXY``,
    like ``.internal,10.0.0.0/8``, are reached directly. Names in lower case win.
    """
    target = urlsplit(url)
    exempt = [word.strip() for word in _variable(environ, "no_proxy").split(",")]
    if any(_covers(word, target.hostname or "", target.port) for word in (*exempt, *LOOPBACK)):
        return ""
    found = _variable(environ, f"{target.scheme}_proxy") or _variable(environ, "all_proxy")
    return found if "://" in found or not found else f"http://{found}"


def _variable(environ: Mapping[str, str], name: str) -> str:
    # In a CGI script HTTP_PROXY is a header that a stranger sent.
    forged = name == "http_proxy" and "REQUEST_METHOD" in environ
    return environ.get(name, "") or ("" if forged else environ.get(name.upper(), ""))


def _covers(word: str, host: str, port: int | None) -> bool:
    """Whether *word* of ``NO_PROXY`` means *host*: a domain with all below, a network, or all."""
    name, _, of_port = word.lower().lstrip(".").partition(":")
    named = bool(name) and (host == name or host.endswith(f".{name}"))
    return word == "*" or (named and of_port in {"", str(port)}) or _in_network(host, word)


def _in_network(host: str, word: str) -> bool:
    try:
        return ip_address(host) in ip_network(word, strict=False)
    except ValueError:  # a name, or no network
        return False
