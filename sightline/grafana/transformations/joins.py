"""Transformations that join several frames into one table."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sightline.grafana.frame import Field, Frame

Cells = dict[str, Any]


def merge(frames: Sequence[Frame], _options: Mapping[str, Any]) -> list[Frame]:
    """Join rows that agree in all shared columns."""
    filled = [frame for frame in frames if frame.fields]
    if len(filled) < len(("one", "other")):
        return list(frames)
    shared = set.intersection(*({_key(field) for field in frame.fields} for frame in filled))
    rows: dict[tuple[Any, ...], list[Cells]] = {}
    for frame in filled:
        for cells in _rows(frame):
            same = tuple((key, cells[key]) for key in sorted(shared))
            _put(rows.setdefault(same, []), cells)
    return [_frame(_columns(filled), [row for alike in rows.values() for row in alike])]


def join_by_field(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Join rows by one column; columns of the same name are numbered."""
    name, inner = options.get("byField"), options.get("mode") == "inner"
    sources = [(frame, key) for frame in frames if (key := _join_key(frame, name))]
    if not sources:
        return list(frames)
    indexes = [dict(zip(key.values, range(len(key.values)), strict=True)) for _, key in sources]
    values = dict.fromkeys(value for _, key in sources for value in key.values)
    if inner:
        values = dict.fromkeys(value for value in values if all(value in one for one in indexes))
    ordered = sorted(values) if sources[0][1].type == "time" else list(values)
    fields = [sources[0][1].with_values(ordered)]
    for number, ((frame, key), index) in enumerate(zip(sources, indexes, strict=True), start=1):
        for field in frame.fields:
            if field is not key:
                cells = [field.values[index[one]] if one in index else None for one in ordered]
                fields.append(_number_name(field, number, frames).with_values(cells))
    return [Frame(ref_id=sources[0][0].ref_id, fields=tuple(fields))]


def join_by_labels(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Make a row per label set and a column per value of the label ``value``."""
    chosen = options.get("value", "")
    rows: dict[tuple[tuple[str, str], ...], Cells] = {}
    for frame in frames:
        for field in frame.numbers:
            rest = {name: text for name, text in field.labels.items() if name != chosen}
            cells = rows.setdefault(tuple(sorted(rest.items())), dict(rest))
            cells[field.labels.get(chosen, field.name)] = field.values[-1] if field.values else None
    names = dict.fromkeys(name for cells in rows.values() for name in cells)
    labels = {name for key in rows for name, _ in key}
    columns = [
        Field(name=name, type="string" if name in labels else "number", values=[]) for name in names
    ]
    return [_frame({field.name: field for field in columns}, list(rows.values()))]


def labels_to_fields(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Turn labels into text columns and merge the frames."""
    keep = options.get("keepLabels")
    spread = []
    for frame in frames:
        labels = {name: text for field in frame.fields for name, text in field.labels.items()}
        texts = [
            Field(name=name, type="string", values=[text] * frame.length)
            for name, text in labels.items()
            if not keep or name in keep
        ]
        values = [_without_labels(field) for field in frame.numbers]
        times = [field for field in frame.fields if field.type == "time"]
        spread.append(frame.with_fields([*times, *texts, *values]))
    return merge(spread, {})


def _without_labels(field: Field) -> Field:
    return Field(name=field.name, type=field.type, values=field.values)


def _join_key(frame: Frame, name: str | None) -> Field | None:
    return frame.field(name) if name else frame.time


def _number_name(field: Field, number: int, frames: Sequence[Frame]) -> Field:
    """Rename the field to ``name 2`` if another frame has a column of that name."""
    holders = sum(any(one.name == field.name for one in frame.fields) for frame in frames)
    if holders < len(("one", "other")) or field.legend or (field.type == "number" and field.labels):
        return field
    return Field(
        name=f"{field.name} {number}", type=field.type, values=field.values, labels=field.labels
    )


def _key(field: Field) -> str:
    return field.legend or field.name


def _rows(frame: Frame) -> Iterable[Cells]:
    for number in range(frame.length):
        yield {_key(field): field.values[number] for field in frame.fields}


def _put(rows: list[Cells], cells: Cells) -> None:
    """Put *cells* into the first of the *rows* without a different value."""
    for row in rows:
        if all(row.get(key, value) == value for key, value in cells.items()):
            row.update(cells)
            return
    rows.append(dict(cells))


def _columns(frames: Iterable[Frame]) -> dict[str, Field]:
    columns: dict[str, Field] = {}
    for frame in frames:
        for field in frame.fields:
            columns.setdefault(_key(field), field)
    return columns


def _frame(columns: Mapping[str, Field], rows: Sequence[Cells]) -> Frame:
    fields = (field.with_values(row.get(key) for row in rows) for key, field in columns.items())
    return Frame(fields=tuple(fields))
