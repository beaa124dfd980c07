"""What happens to answers before they are drawn. Source: ``DataTransformerID`` of @grafana/data."""

from collections.abc import Sequence

from sightline.mixin.grafana.words import Json


def merged() -> Json:
    """One row for each set of labels, the values of all queries beside each other."""
    return {"id": "merge", "options": {}}


def columns(names: Sequence[tuple[str, str]], *, hidden: Sequence[str]) -> Json:
    """Fields in this order under these titles, as pairs of field and title; *hidden* ones go."""
    return {
        "id": "organize",
        "options": {
            "excludeByName": dict.fromkeys(hidden, True),
            "indexByName": {field: index for index, (field, _) in enumerate(names)},
            "renameByName": {field: title for field, title in names if field != title},
        },
    }
