"""Query strings whose secret values are replaced before they reach a span."""

import re
from collections.abc import Callable
from urllib.parse import unquote_plus

REDACTED = "REDACTED"
"""Source: semantic conventions, ``url.query``."""


def suspicion(secret: frozenset[str]) -> Callable[[str], object]:
    """A quick test of a query that is true where `redacted` might change it, and seldom else."""
    names = "|".join(re.escape(name) for name in sorted(secret))
    return re.compile(rf"[%+\s]|(?:^|&)(?:{names})=", re.IGNORECASE).search


def redacted(query: str, secret: frozenset[str]) -> str:
    """*query* with the values of the parameters in *secret* replaced, all else as it was.

    Args:
        query: As it was sent, without ``?``.
        secret: Names in lower case; a name that contains one between separators counts too.
    """
    return "&".join(_redacted(part, secret) for part in query.split("&"))


def _redacted(parameter: str, secret: frozenset[str]) -> str:
    name, equals, value = parameter.partition("=")
    plain = name if name.isalnum() else unquote_plus(name).strip()
    hidden = value and plain.lower() in secret
    return f"{name}={REDACTED}" if hidden else f"{name}{equals}{value}"
