"""Transformations of query results. Source: ``DataTransformerID`` of @grafana/data."""

from collections.abc import Sequence

from sightline.mixin.grafana.schema import Json


def merge() -> Json:
    """Return the transformation that joins all queries into one row per label set."""
    return {"id": "merge", "options": {}}


def drop_empty(field: str) -> Json:
    """Return the transformation that drops a table without rows.

    Grafana shows ``noValue`` if there is no table, and only the headings of a table without rows.

    Args:
        field: Name of a field that has the same value in all rows. It is dropped.
    """
    options = {"fields": [field], "keepFields": False, "naming": {"asLabels": False}}
    return {"id": "partitionByValues", "options": options}


def add_zeros(name: str) -> Json:
    """Return the transformation that adds the field *name* with 0 in every row."""
    operation = {"left": {"fixed": "0"}, "operator": "+", "right": {"fixed": "0"}}
    options = {"mode": "binary", "binary": operation, "alias": name, "replaceFields": False}
    return {"id": "calculateField", "options": options}


def organize(names: Sequence[tuple[str, str]], *, hidden: Sequence[str]) -> Json:
    """Return the transformation that orders and renames fields.

    Args:
        names: Pairs of field and title, in order.
        hidden: Fields to drop.
    """
    return {
        "id": "organize",
        "options": {
            "excludeByName": dict.fromkeys(hidden, True),
            "indexByName": {field: index for index, (field, _) in enumerate(names)},
            "renameByName": {field: title for field, title in names if field != title},
        },
    }
