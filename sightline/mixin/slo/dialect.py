"""Regular expressions of Go: syntax that the parser of PromQL accepts here and Prometheus rejects.

Source: https://github.com/google/re2/wiki/Syntax
"""

import re
from typing import Final

_ESCAPE: Final = re.compile(r"\\(?:[pPx]\{[^}]*\}|.)")
_CLASS: Final = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|[^\]])*\]")
_REPETITION: Final = re.compile(r"\{(\d*),?(\d*)\}")
_MOST_REPETITIONS: Final = 1000
_FOREIGN: Final = (
    (re.compile(r"\\[uUZ<>bB]\{|\\[uUZ<>]"), "such an escape"),
    (re.compile(r"\[(?!:)[^\]]*(?:&&|--|~~|\[(?!:))"), "set operations"),
)
_REPEATED: Final = r"(?:[*+?]|\{\d+(?:,\d*)?\})"
_BARE_FOREIGN: Final = (
    (re.compile(rf"{_REPEATED}\??+{_REPEATED}"), "repeated repetition"),
    (re.compile(r"\(\?[a-zA-Z-]*[xuR]"), "such a flag"),
    (re.compile(r"\(\?<?[=!]|\(\?>"), "look-around"),
)


def foreign_to_go(pattern: str) -> str:
    """Return what *pattern* contains that Go does not know, or an empty string."""
    bare = _CLASS.sub("x", _ESCAPE.sub("x", pattern))
    found = [name for syntax, name in _FOREIGN if syntax.search(pattern)]
    found += [name for syntax, name in _BARE_FOREIGN if syntax.search(bare)]
    if _repeats_too_often(bare):
        found.append(f"more than {_MOST_REPETITIONS} repetitions")
    return ", ".join(found)


def _repeats_too_often(bare: str) -> bool:
    counts = (int(count) for each in _REPETITION.findall(bare) for count in each if count)
    return any(count > _MOST_REPETITIONS for count in counts)
