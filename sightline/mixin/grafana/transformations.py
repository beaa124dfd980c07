"""Transformations of answers. Source: ``DataTransformerID`` of @grafana/data."""

from collections.abc import Sequence

from sightline.mixin.grafana.vocabulary import Json


def merge() -> Json:
    """Join all queries into one row per label set."""
    return {"id": "merge", "options": {}}


def organize(names: Sequence[tuple[str, str]], *, hidden: Sequence[str]) -> Json:
    """Order and title fields, given as pairs of field and title; drop the *hidden* ones."""
    return {
        "id": "organize",
        "options": {
            "excludeByName": dict.fromkeys(hidden, True),
            "indexByName": {field: index for index, (field, _) in enumerate(names)},
            "renameByName": {field: title for field, title in names if field != title},
        },
    }
