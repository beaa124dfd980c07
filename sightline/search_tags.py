"""Tags of a trace search as a text: logfmt, or JSON as in the links of Jaeger's UI."""

import json
import shlex
from collections.abc import Mapping
from contextlib import suppress


def parse_tags(text: str) -> dict[str, str]:
    """Parse ``error=true http.route="/a b"`` or a JSON object of strings.

    In logfmt, a key without a value means true.
    """
    if text.lstrip().startswith("{"):
        with suppress(ValueError):
            return parse_string_map(text)
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    return {
        key: value if equals else "true"
        for key, equals, value in (word.partition("=") for word in words)
        if key
    }


def parse_string_map(value: str) -> dict[str, str]:
    """Return a JSON object of strings; null counts as empty.

    Raises:
        ValueError: The value is no JSON object, or a member is no string.
    """
    expected = f"{value[:100]!r}: expected a JSON object of strings"
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError(expected) from None
    match document:
        case None:
            return {}
        case dict() if all(isinstance(item, str | None) for item in document.values()):
            return {key: item or "" for key, item in document.items()}
        case _:
            raise ValueError(expected)


def tags_text(tags: Mapping[str, str]) -> str:
    """Return *tags* as logfmt; as JSON, if a key is empty or contains an equals sign."""
    if any(not key or "=" in key for key in tags):
        return json.dumps(dict(tags), ensure_ascii=False)
    return " ".join(shlex.quote(f"{key}={value}") for key, value in tags.items())
