"""Grafana's transformations by id: pure functions of data frames."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sightline.grafana.dashboard import Transformation
from sightline.grafana.frame import Frame
from sightline.grafana.transformations import columns, joins, shapes

Step = Callable[[Sequence[Frame], Mapping[str, Any]], list[Frame]]

TRANSFORMATIONS: Final[Mapping[str, Step]] = {
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
    "partitionByValues": shapes.partition_by_values,
    "reduce": shapes.reduce_frames,
    "renameByRegex": columns.rename_by_regex,
    "seriesToColumns": joins.join_by_field,  # its name before Grafana 9.2
    "seriesToRows": shapes.series_to_rows,
    "sortBy": shapes.sort_by,
    "timeSeriesTable": shapes.time_series_table,
}


def transform(frames: Sequence[Frame], steps: Sequence[Transformation]) -> list[Frame]:
    """Apply every enabled step in order; an unknown step changes nothing."""
    transformed = list(frames)
    for step in steps:
        if not step.disabled and step.id in TRANSFORMATIONS:
            transformed = TRANSFORMATIONS[step.id](transformed, step.options)
    return transformed
