"""Query strings whose secret values are replaced before they reach a span."""

from urllib.parse import unquote_plus

REDACTED = "REDACTED"
"""Source: semantic conventions, ``url.query``."""


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
