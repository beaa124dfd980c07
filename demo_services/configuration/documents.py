"""Documents: nested mappings, as in a YAML file, and the dotted keys of their values.

The merge is our own, because the settings sources of pydantic-settings return one merged mapping,
in which an error cannot name the file of its value.
"""

from collections.abc import Callable, Iterator, Mapping

Document = Mapping[str, object]


def merge(*documents: Document) -> dict[str, object]:
    """Return *documents* merged deeply: of two values of a key, the later one.

    Mappings are merged key by key, so a document erases no sibling of the keys that it has. Lists
    are values.
    """
    merged: dict[str, object] = {}
    for document in documents:
        for key, value in document.items():
            below = merged.get(key)
            both = isinstance(below, Mapping) and isinstance(value, Mapping)
            merged[key] = merge(below, value) if both else value  # type: ignore[arg-type]  # both
    return merged


def map_values(
    document: Document, change: Callable[[str, object], object], prefix: str = ""
) -> dict[str, object]:
    """Return *document* with the result of *change* for each dotted key and its value."""
    return {
        key: map_values(value, change, f"{prefix}{key}.")
        if isinstance(value, Mapping)
        else change(f"{prefix}{key}", value)
        for key, value in document.items()
    }


def flatten(document: Document, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the dotted key and the value of each value in *document*."""
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def nest(values: Mapping[str, object]) -> dict[str, object]:
    """Return the document of dotted keys and their values."""
    nested: dict[str, object] = {}
    for key, value in values.items():
        *outer, name = key.split(".")
        document: dict[str, object] = {name: value}
        for part in reversed(outer):
            document = {part: document}
        nested = merge(nested, document)
    return nested


def changed_keys(before: Document, after: Document) -> list[str]:
    """Return the dotted keys whose values differ, sorted."""
    old, new = dict(flatten(before)), dict(flatten(after))
    missing = object()
    return sorted(
        key for key in old.keys() | new.keys() if old.get(key, missing) != new.get(key, missing)
    )
