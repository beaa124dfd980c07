"""Redaction of secrets, and texts for log lines.

The patterns of `redactor` take a millisecond to compile: it is imported with the first text that
may contain a secret.
"""

from __future__ import annotations

from functools import cache
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import ModuleType

REDACTED: Final = "REDACTED"
"""Source: semantic conventions, ``url.query``."""

COOKIE_HEADERS: Final = frozenset({"cookie", "cookie2", "set-cookie"})
"""Headers whose values are secret as a whole."""

MAX_FIELD_CHARS: Final = 2048
"""Maximum length of a recorded URL or header; the rest is cut."""

_MAX_MESSAGE_CHARS: Final = 200
"""Maximum length of another program's message in a log line."""


_PLAIN: Final = frozenset(f"{ascii_letters}{digits}_.-+=&")
"""Characters of a query without encoded parts, which most are."""


@cache
def _redactor() -> ModuleType:
    from instrumentation._support import redactor

    return redactor


def redact_query(query: str, secret: frozenset[str]) -> str:
    """Return *query* with the values of secret parameters replaced and the rest unchanged.

    Args:
        query: Query as sent, without ``?``; ``&`` or ``;`` separate its parameters.
        secret: Names in lower case. ``token`` also covers ``accessToken``, ``x-token`` and
            ``user[token]``.
    """
    if _PLAIN.issuperset(query) and not _may_name_secrets(query, secret):
        return query
    return str(_redactor().redact_query(query, secret))


def _may_name_secrets(query: str, secret: frozenset[str]) -> bool:
    """Return false when no name in *query* can be secret."""
    letters = _letters(query.lower())
    return any(word in letters for word in _secret_letters(secret))


@cache
def _secret_letters(secret: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_letters, secret))


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text))


def redact_path(path: str, secret: frozenset[str]) -> str:
    """Return *path* with the values of secret parameters replaced, as in ``/a;jsessionid=1/b``."""
    return str(_redactor().redact_path(path, secret)) if ";" in path else path


def redact_text(text: str, secret: frozenset[str]) -> str:
    """Return *text* with its secrets replaced.

    Secrets are credentials and parameters of URLs, values after secret names, secret headers, and
    bearer tokens.
    """
    return str(_redactor().redact_text(text, secret))


def is_secret_header(name: str, secret: frozenset[str]) -> bool:
    """Return whether the values of the header *name*, in lower case, are secret."""
    return name in COOKIE_HEADERS or bool(_redactor().is_secret(name, secret))


def escape_for_log(message: str) -> str:
    """Return *message* of another program truncated and with control characters escaped."""
    cut = message[:_MAX_MESSAGE_CHARS]
    return cut if cut.isprintable() else repr(cut)[1:-1]
