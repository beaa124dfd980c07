"""Query strings whose secret values are replaced before they reach a span."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

REDACTED: Final = "REDACTED"
"""Source: semantic conventions, ``url.query``."""

ALONE: Final = frozenset({"code", "key", "session", "state", "ticket", "user"})
"""Words that are secret as a whole name only: ``country_code`` and ``user_id`` tell something."""

_REMEMBERED: Final = 1024
"""Names of parameters that were judged; strangers may send any number of others."""


def redacted(query: str, secret: frozenset[str]) -> str:
    """*query* with the values of the parameters in *secret* replaced, all else as it was.

    Args:
        query: As it was sent, without ``?``; ``&`` or ``;`` stand between its parameters.
        secret: Names in lower case. ``token`` covers ``accessToken``, ``x-token`` and
            ``user[token]``, too.
    """
    for separator in "&;":
        if separator in query:
            return separator.join([redacted(part, secret) for part in query.split(separator)])
    name, _, value = query.partition("=")
    return f"{name}={REDACTED}" if value and _is_secret(name, secret) else query


@lru_cache(_REMEMBERED)
def _is_secret(name: str, secret: frozenset[str]) -> bool:
    parts = re.split(r"[^\w-]+", unquote_plus(name))
    return any(_is_secret_part(part, secret) for part in parts)


def _is_secret_part(part: str, secret: frozenset[str]) -> bool:
    """Whether *part* of a name is in *secret*, or some of its words in a row are."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+", part)
    joined = "_".join(words).lower()
    among = (f"_{word.replace('-', '_')}_" in f"_{joined}_" for word in secret - ALONE)
    return part.lower() in secret or joined in secret or any(among)
