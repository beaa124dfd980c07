"""Transformations of rows: reduce, group, sort, filter, limit, series to rows."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sightline.grafana.frame import Field, Frame
from sightline.grafana.matchers import pattern
from sightline.grafana.reducers import CALCULATIONS, reduce_values


def sort_by(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Sort rows by one column, empty cells last."""
    rule: Mapping[str, Any] = next(iter(options.get("sort") or ()), {})
    name, descending = rule.get("field"), bool(rule.get("desc"))
    return [_sort(frame, frame.field(name or ""), descending=descending) for frame in frames]


def limit(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Keep the first rows."""
    count = int(options.get("limitField") or 10)
    return [frame.rows(range(min(frame.length, count))) for frame in frames]


def reduce_frames(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Make a row per series and a column per calculation, or a row per frame (``reduceFields``)."""
    calcs = options.get("reducers") or ["lastNotNull"]
    if options.get("mode") == "reduceFields":
        return [_one_row(frame, calcs[0]) for frame in frames]
    columns = [field for frame in frames for field in frame.numbers]
    labels = sorted({name for field in columns for name in field.labels})
    texts = [
        Field(name=name, type="string", values=[field.labels.get(name, "") for field in columns])
        for name in labels
        if options.get("labelsToFields")
    ]
    numbers = [
        Field(
            name=CALCULATIONS.get(calc, calc),
            type="number",
            values=[reduce_values(field.values, calc) for field in columns],
        )
        for calc in calcs
    ]
    names = Field(name="Field", type="string", values=[field.title for field in columns])
    return [Frame(fields=(names, *texts, *numbers))]


def series_to_rows(frames: Sequence[Frame], _options: Mapping[str, Any]) -> list[Frame]:
    """Make a row per sample: time, name of the series, value; newest first."""
    rows = [
        (time, field.title, value)
        for frame in frames
        if frame.time
        for field in frame.numbers
        for time, value in zip(frame.time.values, field.values, strict=True)
    ]
    rows.sort(key=lambda row: row[0], reverse=True)
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    times, names, values = (list(column) for column in columns)
    fields = (
        Field(name="Time", type="time", values=times),
        Field(name="Metric", type="string", values=names),
        Field(name="Value", type="number", values=values),
    )
    return [Frame(fields=fields)]


def time_series_table(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Make a row per series: its labels and a sparkline in the column ``Trend``."""
    made = []
    for ref_id in dict.fromkeys(frame.ref_id for frame in frames):
        same = [frame for frame in frames if frame.ref_id == ref_id]
        series = [(frame, field) for frame in same for field in frame.numbers]
        names = sorted({name for _, field in series for name in field.labels})
        texts = [
            Field(name=name, type="string", values=[f.labels.get(name, "") for _, f in series])
            for name in names
        ]
        calc = ((options.get(ref_id) or {}).get("stat")) or "lastNotNull"
        trends = [
            Trend(list(field.values), reduce_values(field.values, calc)) for _, field in series
        ]
        name = f"Trend #{ref_id}"
        made.append(
            Frame(ref_id=ref_id, fields=(*texts, Field(name=name, type="other", values=trends)))
        )
    return made


class Trend:
    """A series inside a cell, and the number displayed for it."""

    __slots__ = ("value", "values")

    def __init__(self, values: list[float | None], value: float | None) -> None:
        self.values = values
        self.value = value


def group_by(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Make a row per distinct value of the grouping columns; reduce the others."""
    rules = options.get("fields") or {}
    return [_group(frame, rules) for frame in frames]


def partition_by_values(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Make a frame per distinct value of the key columns of the first frame.

    A frame without rows makes none.
    """
    wanted = set(options.get("fields") or ())
    first = [field for frame in frames[:1] for field in frame.fields]
    keys = [field for field in first if not wanted.isdisjoint({field.name, field.title})]
    if not keys:
        return list(frames[:1] if wanted else frames)
    kept = frames[0]
    if not options.get("keepFields"):
        kept = kept.with_fields(field for field in kept.fields if field not in keys)
    naming, names = options.get("naming") or {}, [field.title for field in keys]
    made = [
        _named_by_key(kept.rows(rows), naming, dict(zip(names, map(str, key), strict=True)))
        for key, rows in _rows_by_key(keys, frames[0].length).items()
    ]
    return made if len(made) == 1 or naming.get("asLabels", True) else list(map(_prefix, made))


def filter_by_value(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Keep or drop the rows that meet all or any of the conditions."""
    rules = options.get("filters") or ()
    every = all if options.get("match", "all") == "all" else any
    keep = options.get("type", "include") == "include"
    return [
        frame.rows(
            number
            for number in range(frame.length)
            if every(_passes(frame, number, rule) for rule in rules) == keep
        )
        for frame in frames
    ]


def _sort(frame: Frame, field: Field | None, *, descending: bool) -> Frame:
    if field is None:
        return frame
    present = [number for number, value in enumerate(field.values) if value is not None]
    absent = [number for number, value in enumerate(field.values) if value is None]
    present.sort(key=lambda number: sort_key(field.values[number]), reverse=descending)
    return frame.rows([*present, *absent])


def sort_key(value: object) -> tuple[float, str]:
    """Return a sort key that orders numbers before text."""
    if isinstance(value, Trend):
        value = value.value if value.value is not None else float("-inf")
    return (value, "") if isinstance(value, int | float) else (float("inf"), str(value))


def _one_row(frame: Frame, calc: str) -> Frame:
    return frame.with_fields(
        field.with_values([reduce_values(field.values, calc)]) for field in frame.numbers
    )


def _group(frame: Frame, rules: Mapping[str, Any]) -> Frame:
    def rule(field: Field) -> Mapping[str, Any]:
        return rules.get(field.title) or rules.get(field.name) or {}

    keys = [field for field in frame.fields if rule(field).get("operation") == "groupby"]
    groups = _rows_by_key(keys, frame.length)
    reduced = [
        Field(
            name=f"{field.title} ({calc})",
            type=field.type,
            values=[
                reduce_values([field.values[number] for number in rows], calc)
                for rows in groups.values()
            ],
        )
        for field in frame.fields
        for calc in rule(field).get("aggregations") or ()
    ]
    firsts = [key.with_values(key.values[rows[0]] for rows in groups.values()) for key in keys]
    return frame.with_fields([*firsts, *reduced])


def _rows_by_key(keys: Sequence[Field], length: int) -> dict[tuple[Any, ...], list[int]]:
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number in range(length):
        groups.setdefault(tuple(key.values[number] for key in keys), []).append(number)
    return groups


def _named_by_key(frame: Frame, naming: Mapping[str, Any], key: Mapping[str, str]) -> Frame:
    """Return *frame* with the *key* as labels, or as its name.

    Source: ``partitionByValues`` of grafana, ``calculateFieldDisplayName`` of @grafana/data.
    """
    if naming.get("asLabels", True):
        text = next(iter(key.values())) if len(key) == 1 else ", ".join(map("=".join, key.items()))
        return frame.with_fields(_label(field, key, text) for field in frame.fields)
    equals = str(naming.get("separator1", "=")) if naming.get("withNames") else ""
    words = [f"{name}{equals}{text}" if equals else text for name, text in key.items()]
    return replace(frame, name=str(naming.get("separator2", " ")).join(words))


def _label(field: Field, labels: Mapping[str, str], text: str) -> Field:
    if field.type == "time":
        return field
    legend = f"{_own_name(field)} {text}".strip()
    return replace(field, labels={**field.labels, **labels}, legend=legend)


def _prefix(frame: Frame) -> Frame:
    """Return *frame* with its name before those of its columns, as with several frames."""
    return frame.with_fields(
        replace(field, legend=f"{frame.name} {_own_name(field)}".strip()) for field in frame.fields
    )


def _own_name(field: Field) -> str:
    """Return the name of *field*, empty if the name of its series replaces it."""
    return "" if field.name == "Value" else field.title


def _compare_numbers(comparison: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, wanted: value is not None and comparison(float(value), float(wanted))


_TESTS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "greater": _compare_numbers(operator.gt),
    "greaterOrEqual": _compare_numbers(operator.ge),
    "lower": _compare_numbers(operator.lt),
    "lowerOrEqual": _compare_numbers(operator.le),
    "isNull": lambda value, _: value is None,
    "isNotNull": lambda value, _: value is not None,
    "equal": lambda value, wanted: value == wanted or str(value) == str(wanted),
    "notEqual": lambda value, wanted: value != wanted and str(value) != str(wanted),
    "regex": lambda value, wanted: bool(pattern(str(wanted)).search(str(value))),
}


def _passes(frame: Frame, number: int, rule: Mapping[str, Any]) -> bool:
    field = frame.field(rule.get("fieldName") or "")
    value = field.values[number] if field else None
    config = rule.get("config") or {}
    test = _TESTS.get(config.get("id", ""))
    return bool(test and test(value, (config.get("options") or {}).get("value")))
