"""HTTP proxy for a URL, from the variables that curl and requests read."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK: Final = ("localhost", "127.0.0.0/8", "::1")
"""Hosts that are never proxied, because the proxy's loopback is another host."""


def proxy_for(url: str, environ: Mapping[str, str]) -> str:
    """Return the URL of the proxy for *url*, or an empty string.

    ``HTTPS_PROXY`` or ``HTTP_PROXY`` applies by the scheme, otherwise ``ALL_PROXY``. Hosts in
    ``NO_PROXY``, like ``.internal,10.0.0.0/8``, are not proxied. Lower-case names take precedence.
    """
    target = urlsplit(url)
    exempt = [word.strip() for word in _variable(environ, "no_proxy").split(",")]
    if any(_covers(word, target.hostname or "", target.port) for word in (*exempt, *LOOPBACK)):
        return ""
    found = _variable(environ, f"{target.scheme}_proxy") or _variable(environ, "all_proxy")
    return found if "://" in found or not found else f"http://{found}"


def _variable(environ: Mapping[str, str], name: str) -> str:
    # In a CGI script, HTTP_PROXY contains the client's header "Proxy".
    forged = name == "http_proxy" and "REQUEST_METHOD" in environ
    return environ.get(name, "") or ("" if forged else environ.get(name.upper(), ""))


def _covers(word: str, host: str, port: int | None) -> bool:
    """Return whether *word* of ``NO_PROXY`` matches *host*.

    A word is a domain with its subdomains, a network, or ``*``.
    """
    name, _, of_port = word.lower().lstrip(".").partition(":")
    named = bool(name) and (host == name or host.endswith(f".{name}"))
    return word == "*" or (named and of_port in {"", str(port)}) or _in_network(host, word)


def _in_network(host: str, word: str) -> bool:
    try:
        return ip_address(host) in ip_network(word, strict=False)
    except ValueError:  # a host name, or a word that is not a network
        return False
