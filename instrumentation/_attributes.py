"""Attribute values that a user hands in, made safe to keep and to encode."""

from collections.abc import Mapping, Sequence
from itertools import islice

from opentelemetry.util.types import AnyValue

from instrumentation._guard import described

LARGEST_COLLECTION = 1024
"""Items of a sequence or mapping that are kept; the rest would fill the exporter's memory."""

DEEPEST = 8
"""Levels of nesting that are kept: a list may contain itself."""


def cleaned(value: object, longest: int | None, depth: int = 0) -> AnyValue:
    """*value* as OTLP can carry it; what it cannot carry becomes its string, or ``<ClassName>``.

    Args:
        value: Anything at all.
        longest: Characters of a string that are kept; None keeps all.
        depth: Levels above *value*.
    """
    match value:
        case bool() | int() | float() | bytes() | None:
            return value
        case str():
            return value if longest is None else value[:longest]
        case Mapping() if depth < DEEPEST:
            items = islice(value.items(), LARGEST_COLLECTION)
            return {described(key): cleaned(item, longest, depth + 1) for key, item in items}
        case Sequence() if depth < DEEPEST:
            return tuple(cleaned(item, longest, depth + 1) for item in value[:LARGEST_COLLECTION])
        case _ if depth < DEEPEST:
            return cleaned(described(value), longest, DEEPEST)
        case _:
            return f"<{type(value).__name__}>"
