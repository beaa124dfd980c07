"""Grafana's field matchers by id, and patterns in JavaScript's syntax."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from sightline.grafana.dashboard import Override
from sightline.grafana.frame import Field

Matcher = Callable[[Field], bool]


def matcher(override: Override) -> Matcher:
    """Return the predicate of an override; an unknown matcher matches nothing."""
    return MATCHERS.get(override.matcher, _nothing)(override.options)


def pattern(text: str) -> re.Pattern[str]:
    """Compile a pattern, with or without JavaScript's slashes; an invalid one matches itself."""
    found = re.fullmatch(r"/(.*)/([gimsuy]*)", text, re.DOTALL)
    source, flags = (found[1], found[2]) if found else (text, "")
    source = re.sub(r"\(\?<(?![=!])", "(?P<", source)
    try:
        return re.compile(source, re.IGNORECASE if "i" in flags else 0)
    except re.error:
        return re.compile(re.escape(text))


def _nothing(_options: Any) -> Matcher:
    return lambda _field: False


def _by_name(options: Any) -> Matcher:
    return lambda field: options in {field.name, field.title}


def _by_names(options: Any) -> Matcher:
    options = options if isinstance(options, Mapping) else {"names": options or []}
    names, excluded = set(options.get("names") or ()), options.get("mode") == "exclude"
    return lambda field: (not names.isdisjoint({field.name, field.title})) != excluded


def _by_regexp(options: Any) -> Matcher:
    found = pattern(str(options))
    return lambda field: bool(found.search(field.title))


def _by_type(options: Any) -> Matcher:
    kind = options.get("type") if isinstance(options, Mapping) else options
    return lambda field: field.type == kind


MATCHERS: Final[Mapping[str, Callable[[Any], Matcher]]] = {
    "byName": _by_name,
    "byNames": _by_names,
    "byRegexp": _by_regexp,
    "byType": _by_type,
}
