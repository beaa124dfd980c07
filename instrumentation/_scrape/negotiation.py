"""Content negotiation of the metrics page: media type and content coding.

Source: RFC 9110, section 12.5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_HEADER_LENGTH: Final = 4096
"""Longer headers are cut."""

# A string without its last quote goes to the end of the header: a search for the quote again from
# each later character would take quadratic time.
_ITEM: Final = re.compile(r'(?:[^,"]|"(?:\\.|[^"\\])*+"?)+')
"""Item of a comma-separated list, whose quoted strings may contain commas."""

_PARAMETER: Final = re.compile(r';\s*([^\s;="]+)\s*=\s*(?:"((?:\\.|[^"\\])*+)"?|([^\s;"]*))')

_QUALITY: Final = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")

_IGNORED: Final = frozenset({"escaping", "q"})
"""Parameters that select no other content: all names on the page are valid without escaping."""

_TYPE_NAMED: Final = 2
"""Precedence of a range with type and subtype, without parameters."""


class MediaType(NamedTuple):
    """Media type that the page has."""

    name: str
    parameters: Mapping[str, str]


class Preference(NamedTuple):
    """Item of an ``Accept`` or ``Accept-Encoding`` header."""

    name: str
    """Media range or content coding, in lower case."""
    parameters: Mapping[str, str]
    """Parameters in lower case."""
    quality: float
    """Weight from 0 to 1; 0: not acceptable."""


class Rank(NamedTuple):
    """Preference of a client for a media type; ranks are ordered by precedence."""

    precedence: int
    quality: float


OPEN_METRICS: Final = MediaType(
    "application/openmetrics-text", {"version": "1.0.0", "charset": "utf-8"}
)
TEXT: Final = MediaType("text/plain", {"version": "0.0.4", "charset": "utf-8"})

_NOT_ACCEPTABLE: Final = Rank(0, 0.0)


def prefers_open_metrics(accept: bytes) -> bool:
    """Return True when a client with this ``Accept`` header prefers OpenMetrics to text.

    Both formats suit a client that accepts anything, like a browser. It gets text, which every
    client can read.
    """
    preferences = list(_preferences(accept))
    open_metrics, text = (_rank(media_type, preferences) for media_type in (OPEN_METRICS, TEXT))
    if open_metrics.quality == text.quality:
        return open_metrics.quality > 0 and open_metrics.precedence >= _TYPE_NAMED
    return open_metrics.quality > text.quality


def accepts_gzip(accept_encoding: bytes) -> bool:
    """Return True when a client with this ``Accept-Encoding`` header prefers gzip to no coding."""
    qualities = {item.name: item.quality for item in _preferences(accept_encoding)}
    gzip = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def _rank(media_type: MediaType, preferences: list[Preference]) -> Rank:
    """Return the rank of *media_type* by the most specific range that includes it."""
    ranks = (_match(media_type, preference) for preference in preferences)
    return max(filter(None, ranks), default=_NOT_ACCEPTABLE)


def _match(media_type: MediaType, preference: Preference) -> Rank | None:
    """Return the rank that *preference* gives to *media_type*; None if it does not include it."""
    kind, _, _ = media_type.name.partition("/")
    names = ("*/*", f"{kind}/*", media_type.name)
    if preference.name not in names:
        return None
    required = {
        name: value for name, value in preference.parameters.items() if name not in _IGNORED
    }
    if not required.items() <= media_type.parameters.items():
        return None
    return Rank(names.index(preference.name) + len(required), preference.quality)


def _preferences(header: bytes) -> Iterator[Preference]:
    """Yield the valid items of *header*."""
    for item in _ITEM.findall(header[:MAX_HEADER_LENGTH].decode("latin-1").lower()):
        name, _, _ = item.partition(";")
        parameters = {key: quoted or plain for key, quoted, plain in _PARAMETER.findall(item)}
        quality = parameters.get("q", "1")
        if _QUALITY.fullmatch(quality):
            yield Preference(name.strip(), parameters, float(quality))
