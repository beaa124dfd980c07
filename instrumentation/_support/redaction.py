"""Redaction of secrets in queries, paths, headers and free text, by content.

Every function takes time in proportion to the text: a pattern starts at a fixed character or at
the start of a word, and reads no character twice.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote, unquote_plus

REDACTED: Final = "REDACTED"
"""Source: semantic conventions, ``url.query``."""

ALONE: Final = frozenset({"code", "key", "session", "state", "ticket", "user"})
"""Words that are secret as a whole name only: ``country_code`` and ``user_id`` are harmless."""

IN_URLS: Final = ALONE | {
    *("auth", "email", "invite", "magic", "pass", "pin", "sas", "sid", "sig", "username")
}
"""Words that are secret in URLs only: in a sentence, ``state=5`` and ``pass=3`` are harmless."""

CURSORS: Final = ("page", "next", "continuation")
"""Words that turn a token into a cursor of a list, which opens nothing: ``page_token``."""

PROPERTIES: Final = frozenset({"count", "expires", "length", "limit", "ttl", "type"})
"""Last words of names that tell something about a secret, but not the secret: ``token_type``."""

COOKIES: Final = frozenset({"cookie", "cookie2", "set-cookie"})
_HEADERS: Final = COOKIES | {"authorization", "apikey"}
"""Headers that are known without a ``-`` in their name."""

LONGEST: Final = 2048
"""Characters of a URL or header that are kept."""

_LONGEST_MESSAGE: Final = 200
"""Characters of a foreign message that reach our log."""

_REMEMBERED: Final = 1024
"""Names that are remembered; clients can send any number of others."""

_SHORTEST_ENDING: Final = 5
"""Letters of a secret word that is also found at the end of a longer word, as in ``authtoken``."""

_SHORTEST_INSIDE: Final = 8
"""Letters of a secret word that is also found inside a longer word, as in ``passwordagain``."""

_LONGEST_NAME: Final = 256
"""Characters of a name that are judged: its end, because a name of a value stands before it."""

_DEEPEST: Final = 5
"""Levels of percent-encoding that are read; a value with more is replaced."""

_NAME: Final = r"[\w.\-\[\]%+$]"

_NAMED: Final = re.compile(
    rf"(?<!{_NAME})({_NAME}++)"
    r"(?:( ?=(?!=) ?)|(\\?[\"'] ?(?:: ?|, ?(?=b?[\"'])))|(: ?))"
)
"""A name before a value: ``name=``, ``"name":`` or ``('name',``, ``name:``."""

_AFTER_EQUALS: Final = 2
_AFTER_QUOTE: Final = 3

_PLAIN_QUERY: Final = re.compile(r"(?:[\w.\-]++=[\w.\-+]*+(?:&|$))*+", re.ASCII)
"""A query whose values hold no other URL: nearly all."""

_QUOTED: Final = re.compile(
    r"(b?\")(?:[^\"\\\n]++|\\.)*+(\"?)|(b?')(?:[^'\\\n]++|\\.)*+('?)|(\\[\"'])[^\\\n]*+(\\[\"'])?"
)
_IN_QUERY: Final = re.compile(r"[^&;]*+")
_IN_URL: Final = re.compile(r"[^\s&;#\"'<>]*+")
_IN_TEXT: Final = re.compile(r"[^\s&;\"'<>]*+")
_IN_LINE: Final = re.compile(r"[^\r\n\"']*+")
_ENCODED: Final = re.compile(r"[^\s&;#\"'<>=]*+")
"""Values after a name, by where the name stands."""

_CREDENTIALS: Final = re.compile(
    r"(?<=://)(?:[^\s/?#\"'<>]*@|[^\s/?#\"'<>@:]{0,256}:(?!\d+[/?#])[^\s\"'<>@]{0,256}@)"
)
"""User and password of a URL; the second form has a ``/``, which must not stand there but does."""

_BEARER: Final = re.compile(
    r"(?i:\bbearer) {1,4}(?!(?:tokens?|auth\w*|realm)\b)([\w\-.~+/]++=*+)", re.ASCII
)


def redacted(query: str, secret: frozenset[str]) -> str:
    """Return *query* with the values of secret parameters replaced, all else as it was.

    Args:
        query: As it was sent, without ``?``; ``&`` or ``;`` stand between its parameters.
        secret: Names in lower case. ``token`` covers ``accessToken``, ``x-token`` and
            ``user[token]``, too.
    """
    if _PLAIN_QUERY.fullmatch(query):
        names = [pair.partition("=")[0] for pair in query.split("&")]
        if not any(is_secret(name[-_LONGEST_NAME:], secret) for name in names):
            return query
    return _redacted(query, secret, in_query=True)


def redacted_path(path: str, secret: frozenset[str]) -> str:
    """Return *path* with the values of secret parameters replaced, as in ``/a;jsessionid=1/b``."""
    if ";" not in path:
        return path
    segments = (segment.partition(";") for segment in path.split("/"))
    return "/".join(f"{name}{sign}{redacted(rest, secret)}" for name, sign, rest in segments)


def redacted_text(text: str, secret: frozenset[str]) -> str:
    """Return *text* with the secrets in it replaced.

    These are credentials and parameters of URLs, passwords and the like after their names, secret
    headers, and bearer tokens.
    """
    return _redacted(text, secret, in_query=False)


def is_secret_header(name: str, secret: frozenset[str]) -> bool:
    """Return whether the values of the header *name*, in lower case, are secret."""
    return name in COOKIES or is_secret(name, secret)


@lru_cache(_REMEMBERED)
def is_secret(name: str, secret: frozenset[str]) -> bool:
    """Return whether the values of the parameter *name* are secret."""
    parts = re.split(r"[^\w-]+", unquote_plus(name))
    return any(_is_secret_part(part, secret) for part in parts)


def _is_secret_part(part: str, secret: frozenset[str]) -> bool:
    """Return whether *part* of a name is in *secret*, or some of its words in a row are."""
    found = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+", part)
    words = "_".join(found).lower()
    if part.lower() in secret or words in secret:
        return True
    if found and found[-1].lower() in PROPERTIES:
        return False
    return any(
        _has(words, word.replace("-", "_")) and not _is_cursor(words, word)
        for word in secret - ALONE
    )


def _has(words: str, word: str) -> bool:
    """Return whether *word* is among *words*, whole or written together with others."""
    if f"_{word}_" in f"_{words}_":
        return True
    joined = word.replace("_", "")
    if len(joined) < _SHORTEST_ENDING:
        return False
    if joined != word:
        words = words.replace("_", "")
    return (joined if len(joined) >= _SHORTEST_INSIDE else f"{joined}_") in f"{words}_"


def _is_cursor(words: str, word: str) -> bool:
    return word == "token" and words.removesuffix("token").rstrip("_").endswith(CURSORS)


@lru_cache(8)
def _in_sentences(secret: frozenset[str]) -> frozenset[str]:
    return secret - IN_URLS


def _redacted(text: str, secret: frozenset[str], *, in_query: bool, depth: int = 0) -> str:
    if "@" in text and "://" in text:
        text = _CREDENTIALS.sub(_without_credentials, text)
    if "=" in text or ":" in text or "'," in text:
        text = "".join(_parts(text, secret, in_query=in_query, depth=depth))
    if "earer" in text or "EARER" in text:
        text = _BEARER.sub(_without_token, text)
    return text


def _without_credentials(found: re.Match[str]) -> str:
    return f"{REDACTED}:{REDACTED}@" if ":" in found[0] else f"{REDACTED}@"


def _without_token(found: re.Match[str]) -> str:
    return found[0].removesuffix(found[1]) + REDACTED


def _parts(text: str, secret: frozenset[str], *, in_query: bool, depth: int) -> Iterator[str]:
    """Yield *text* in pieces, secret values replaced."""
    done = position = 0
    while named := _NAMED.search(text, position):
        position = named.end()
        if named[_AFTER_EQUALS]:
            value = _after_equals(named, secret, in_query=in_query)
        else:
            value = _after_colon(named, secret)
        shown = _replaced(value) if value else ""
        if named[_AFTER_EQUALS] and value is None:
            value = _ENCODED.match(text, position)
            shown = _decoded(value[0], secret, depth) if value else ""
        if value and value[0] not in {"", shown}:
            yield text[done:position]
            yield shown
            done = position = value.end()
    yield text[done:]


def _after_equals(
    named: re.Match[str], secret: frozenset[str], *, in_query: bool
) -> re.Match[str] | None:
    """Return the value after ``name=``, or None when it is not secret."""
    text, start = named.string, named.start()
    before = text[start - 1] if start else "?" if in_query else " "
    in_url = before in "?&;#"
    if not is_secret(named[1][-_LONGEST_NAME:], secret if in_url else _in_sentences(secret)):
        return None
    if in_query:
        return _IN_QUERY.match(text, named.end())
    return _value(named, _IN_URL if in_url else _IN_TEXT)


def _after_colon(named: re.Match[str], secret: frozenset[str]) -> re.Match[str] | None:
    """Return the value after ``"name":`` or ``Header-Name:``, or None when it is not secret."""
    name = named[1][-_LONGEST_NAME:]
    lower = name.lower()
    of_header = "-" in name or lower in _HEADERS
    if not of_header and ("," in named[0] or not named[_AFTER_QUOTE]):
        return None
    if not is_secret_header(lower if of_header else name, _in_sentences(secret)):
        return None
    whole_line = lower in COOKIES or lower.endswith("authorization")
    return _value(named, _IN_LINE if whole_line else _IN_TEXT)


def _value(named: re.Match[str], unquoted: re.Pattern[str]) -> re.Match[str] | None:
    at = named.end()
    return _QUOTED.match(named.string, at) or unquoted.match(named.string, at)


def _replaced(value: re.Match[str]) -> str:
    """Return the replacement of *value*, in its quotes."""
    if value.re is not _QUOTED:
        return REDACTED
    opening, closing = (next(filter(None, value.groups()[at::2]), "") for at in (0, 1))
    return f"{opening}{REDACTED}{closing}"


def _decoded(value: str, secret: frozenset[str], depth: int) -> str:
    """Return *value* with the secrets replaced that are percent-encoded in it."""
    if "%3" not in value and "%25" not in value:
        return value
    if depth >= _DEEPEST:
        return REDACTED
    plain = unquote(value)
    shown = _redacted(plain, secret, in_query=True, depth=depth + 1)
    if shown == plain:
        shown = _decoded(plain, secret, depth + 1)
    return quote(shown, safe="") if shown != plain else value


def printable(message: str) -> str:
    """A foreign *message* fit for one log line: cut, control characters written out."""
    cut = message[:_LONGEST_MESSAGE]
    return cut if cut.isprintable() else repr(cut)[1:-1]
