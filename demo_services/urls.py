"""Base URLs of services, and addresses in URLs."""

from collections.abc import Mapping
from urllib.parse import urlsplit


def base_url(environ: Mapping[str, str], *, name: str, example: str) -> str:
    """Return the base URL in the variable *name*, without a slash at its end.

    Raises:
        ValueError: It is none. Names variable, value and *example*.
    """
    value = environ[name]
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise ValueError(f"{name}={value!r}: expected a base URL, like {example}")
    return value.rstrip("/")


def url_host(address: str) -> str:
    """Return *address* as in a URL: an IPv6 address is in brackets."""
    return f"[{address}]" if ":" in address else address
