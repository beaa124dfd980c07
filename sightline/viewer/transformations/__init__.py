"""Grafana's transformations, by their ids: frames in, frames out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sightline.viewer.frame import Frame
from sightline.viewer.transformations import columns, joins, shapes

Transformation = Callable[[Sequence[Frame], Mapping[str, Any]], list[Frame]]

TRANSFORMATIONS: Final[Mapping[str, Transformation]] = {
    "calculateField": columns.calculate_field,
    "convertFieldType": columns.convert_field_type,
    "filterByRefId": columns.filter_by_ref_id,
    "filterByValue": shapes.filter_by_value,
    "filterFieldsByName": columns.filter_fields_by_name,
    "groupBy": shapes.group_by,
    "joinByField": joins.join_by_field,
    "joinByLabels": joins.join_by_labels,
    "labelsToFields": joins.labels_to_fields,
    "limit": shapes.limit,
    "merge": joins.merge,
    "organize": columns.organize,
    "reduce": shapes.reduce_frames,
    "renameByRegex": columns.rename_by_regex,
    "seriesToRows": shapes.series_to_rows,
    "sortBy": shapes.sort_by,
    "timeSeriesTable": shapes.time_series_table,
}


def transform(frames: Sequence[Frame], steps: Sequence[Mapping[str, Any]]) -> list[Frame]:
    """*frames* after every enabled step, in order; a step that we lack changes nothing."""
    shaped = list(frames)
    for step in steps:
        if not step.get("disabled") and step.get("id") in TRANSFORMATIONS:
            shaped = TRANSFORMATIONS[step["id"]](shaped, step.get("options") or {})
    return shaped
