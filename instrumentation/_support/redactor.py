"""Redaction of secrets in queries, paths, headers and free text, by content.

Every function runs in linear time: a pattern starts at a fixed character or at the start of a word
and never backtracks.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, unquote, unquote_plus

from instrumentation._support import redaction
from instrumentation._support.redaction import COOKIE_HEADERS, REDACTED, is_secret_header

if TYPE_CHECKING:
    from collections.abc import Iterator

WHOLE_NAMES: Final = frozenset({"code", "key", "session", "state", "ticket", "user"})
"""Words that are secret only as the whole name: ``country_code`` and ``user_id`` are harmless."""

URL_ONLY_NAMES: Final = WHOLE_NAMES | {
    *("auth", "email", "invite", "magic", "pass", "pin", "sas", "sid", "sig", "username")
}
"""Words that are secret only in URLs: in a sentence, ``state=5`` and ``pass=3`` are harmless."""

CURSOR_PREFIXES: Final = ("page", "next", "continuation")
"""Words before ``token`` that make it a pagination cursor, which is no secret: ``page_token``."""

METADATA_SUFFIXES: Final = frozenset({"count", "expires", "length", "limit", "ttl", "type"})
"""Last words of names whose value describes a secret but does not contain it: ``token_type``."""

_HEADERS: Final = COOKIE_HEADERS | {"authorization", "apikey"}
"""Secret headers without a ``-`` in their name."""

_CACHE_SIZE: Final = 1024
"""Bound of the cache of names, because clients can send any number of them."""

_MIN_SUFFIX_CHARS: Final = 5
"""Minimum length of a secret word that also matches the end of a longer one: ``authtoken``."""

_MIN_INFIX_CHARS: Final = 8
"""Minimum length of a secret word that also matches inside a longer one: ``passwordagain``."""

_MAX_NAME_CHARS: Final = 256
"""Number of last characters of a name that are examined."""

_MAX_ENCODING_DEPTH: Final = 5
"""Maximum levels of percent-encoding that are decoded; a value with more is replaced."""

_NAME: Final = r"[\w.\-\[\]%+$]"

_NAME_AND_SIGN: Final = re.compile(
    rf"(?<!{_NAME})({_NAME}++)"
    r"(?:( ?=(?!=) ?)|(\\?[\"'] ?(?:: ?|, ?(?=b?[\"'])))|(: ?))"
)
"""Name and sign before a value: ``name=``, ``"name":`` or ``('name',``, ``name:``."""

_EQUALS_GROUP: Final = 2
_QUOTE_GROUP: Final = 3

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+")
"""Word of a name in snake case, kebab case or camel case."""

_NOT_A_LETTER: Final = re.compile(r"[\W\d_]+")

_PLAIN_QUERY: Final = re.compile(r"(?:[\w.\-]++=[\w.\-+]*+(?:&|$))*+", re.ASCII)
"""Query whose values contain no other URL; the fast path."""

_QUOTED_VALUE: Final = re.compile(
    r"(b?\")(?:[^\"\\\n]++|\\.)*+(\"?)|(b?')(?:[^'\\\n]++|\\.)*+('?)|(\\[\"'])[^\\\n]*+(\\[\"'])?"
)
_QUERY_VALUE: Final = re.compile(r"[^&;]*+")
_URL_VALUE: Final = re.compile(r"[^\s&;#\"'<>]*+")
_TEXT_VALUE: Final = re.compile(r"[^\s&;\"'<>]*+")
_LINE_VALUE: Final = re.compile(r"[^\r\n\"']*+")
_ENCODED_VALUE: Final = re.compile(r"[^\s&;#\"'<>=]*+")
"""Values after a name, by the context of the name."""

_CREDENTIALS: Final = re.compile(
    r"(?<=://)(?:[^\s/?#\"'<>]*@|[^\s/?#\"'<>@:]{0,256}:(?!\d+[/?#])[^\s\"'<>@]{0,256}@)"
)
"""User and password of a URL; the second form accepts an unescaped ``/`` in the password."""

_BEARER: Final = re.compile(
    r"(?i:\bbearer) {1,4}(?!(?:tokens?|auth\w*|realm)\b)([\w\-.~+/]++=*+)", re.ASCII
)


def redact_query(query: str, secret: frozenset[str]) -> str:
    """See `redaction.redact_query`."""
    if _PLAIN_QUERY.fullmatch(query):
        names = [pair.partition("=")[0] for pair in query.split("&")]
        if not any(is_secret(name[-_MAX_NAME_CHARS:], secret) for name in names):
            return query
    return _redact(query, secret, in_query=True)


def redact_path(path: str, secret: frozenset[str]) -> str:
    """See `redaction.redact_path`."""
    segments = (segment.partition(";") for segment in path.split("/"))
    return "/".join(
        f"{name}{sign}{redaction.redact_query(rest, secret)}" for name, sign, rest in segments
    )


def redact_text(text: str, secret: frozenset[str]) -> str:
    """See `redaction.redact_text`."""
    return _redact(text, secret, in_query=False)


@lru_cache(_CACHE_SIZE)
def is_secret(name: str, secret: frozenset[str]) -> bool:
    """Return whether the values of the parameter *name* are secret."""
    parts = re.split(r"[^\w-]+", unquote_plus(name))
    return any(_is_secret_part(part, secret) for part in parts)


def _is_secret_part(part: str, secret: frozenset[str]) -> bool:
    """Return whether *part* of a name, or a sequence of its words, is in *secret*."""
    found = _WORD.findall(part)
    words = "_".join(found).lower()
    if part.lower() in secret or words in secret:
        return True
    if found and found[-1].lower() in METADATA_SUFFIXES:
        return False
    patterns = _patterns(secret)
    return (
        patterns.words.search(f"_{words}_") is not None
        or patterns.joined.search(f"{words.replace('_', '')}_") is not None
        or (patterns.token and "token_" in f"{words}_" and not _is_cursor(words))
    )


class _Patterns(NamedTuple):
    """Compiled form of a set of secret names, so that a name costs microseconds."""

    words: re.Pattern[str]
    """Finds a name as whole words, or as a part of a longer word, between underscores."""
    joined: re.Pattern[str]
    """Finds a name of several words that is written as one."""
    token: bool
    """True if ``token`` is secret; that name has exceptions."""
    letters: re.Pattern[str]
    """Finds any name in a text without its other characters."""


@lru_cache(8)
def _patterns(secret: frozenset[str]) -> _Patterns:
    names = {name.replace("-", "_") for name in secret - WHOLE_NAMES - {"token"}}
    single = {name for name in names if "_" not in name and len(name) >= _MIN_SUFFIX_CHARS}
    several = {name.replace("_", "") for name in names if "_" in name}
    return _Patterns(
        words=_any_of({f"_{name}_" for name in names} | {_inside(name) for name in single}),
        joined=_any_of({_inside(name) for name in several if len(name) >= _MIN_SUFFIX_CHARS}),
        token="token" in secret,
        letters=_any_of({_NOT_A_LETTER.sub("", name) for name in secret | COOKIE_HEADERS}),
    )


def _inside(name: str) -> str:
    """Return *name* as it is searched in longer words: short ones at their end only."""
    return name if len(name) >= _MIN_INFIX_CHARS else f"{name}_"


def _any_of(words: set[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words))) or r"(?!)")


def _may_name_secrets(text: str, secret: frozenset[str]) -> bool:
    """Return false when no name in *text* can be secret, in a fraction of the time per name."""
    letters = _NOT_A_LETTER.sub("", text.lower())
    return "%" in text or _patterns(secret).letters.search(letters) is not None


def _is_cursor(words: str) -> bool:
    return words.removesuffix("token").rstrip("_").endswith(CURSOR_PREFIXES)


@lru_cache(8)
def _text_names(secret: frozenset[str]) -> frozenset[str]:
    return secret - URL_ONLY_NAMES


def _redact(text: str, secret: frozenset[str], *, in_query: bool, depth: int = 0) -> str:
    if "@" in text and "://" in text:
        text = _CREDENTIALS.sub(_mask_credentials, text)
    if ("=" in text or ":" in text or "'," in text) and _may_name_secrets(text, secret):
        text = "".join(_redacted_pieces(text, secret, in_query=in_query, depth=depth))
    if "earer" in text or "EARER" in text:
        text = _BEARER.sub(_mask_token, text)
    return text


def _mask_credentials(found: re.Match[str]) -> str:
    return f"{REDACTED}:{REDACTED}@" if ":" in found[0] else f"{REDACTED}@"


def _mask_token(found: re.Match[str]) -> str:
    return found[0].removesuffix(found[1]) + REDACTED


def _redacted_pieces(
    text: str, secret: frozenset[str], *, in_query: bool, depth: int
) -> Iterator[str]:
    """Yield *text* in pieces with secret values replaced."""
    done = position = 0
    while named := _NAME_AND_SIGN.search(text, position):
        position = named.end()
        if named[_EQUALS_GROUP]:
            value = _secret_after_equals(named, secret, in_query=in_query)
        else:
            value = _secret_after_colon(named, secret)
        shown = _mask(value) if value else ""
        if named[_EQUALS_GROUP] and value is None:
            value = _ENCODED_VALUE.match(text, position)
            shown = _redact_encoded(value[0], secret, depth) if value else ""
        if value and value[0] not in {"", shown}:
            yield text[done:position]
            yield shown
            done = position = value.end()
    yield text[done:]


def _secret_after_equals(
    named: re.Match[str], secret: frozenset[str], *, in_query: bool
) -> re.Match[str] | None:
    """Return the match of the value after ``name=``, or None when it is not secret."""
    text, start = named.string, named.start()
    before = text[start - 1] if start else "?" if in_query else " "
    in_url = before in "?&;#"
    if not is_secret(named[1][-_MAX_NAME_CHARS:], secret if in_url else _text_names(secret)):
        return None
    if in_query:
        return _QUERY_VALUE.match(text, named.end())
    return _match_value(named, _URL_VALUE if in_url else _TEXT_VALUE)


def _secret_after_colon(named: re.Match[str], secret: frozenset[str]) -> re.Match[str] | None:
    """Return the match of the value after ``"name":`` or ``Header:``, or None if not secret."""
    name = named[1][-_MAX_NAME_CHARS:]
    lower = name.lower()
    of_header = "-" in name or lower in _HEADERS
    if not of_header and ("," in named[0] or not named[_QUOTE_GROUP]):
        return None
    if not is_secret_header(lower if of_header else name, _text_names(secret)):
        return None
    whole_line = lower in COOKIE_HEADERS or lower.endswith("authorization")
    return _match_value(named, _LINE_VALUE if whole_line else _TEXT_VALUE)


def _match_value(named: re.Match[str], unquoted: re.Pattern[str]) -> re.Match[str] | None:
    at = named.end()
    return _QUOTED_VALUE.match(named.string, at) or unquoted.match(named.string, at)


def _mask(value: re.Match[str]) -> str:
    """Return the replacement of *value*, with its quotes."""
    if value.re is not _QUOTED_VALUE:
        return REDACTED
    opening, closing = (next(filter(None, value.groups()[at::2]), "") for at in (0, 1))
    return f"{opening}{REDACTED}{closing}"


def _redact_encoded(value: str, secret: frozenset[str], depth: int) -> str:
    """Return *value* with its percent-encoded secrets replaced."""
    if "%3" not in value and "%25" not in value:
        return value
    if depth >= _MAX_ENCODING_DEPTH:
        return REDACTED
    plain = unquote(value)
    shown = _redact(plain, secret, in_query=True, depth=depth + 1)
    if shown == plain:
        shown = _redact_encoded(plain, secret, depth + 1)
    return quote(shown, safe="") if shown != plain else value
