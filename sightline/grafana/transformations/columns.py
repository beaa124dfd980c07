"""Transformations of columns: select, order, rename, convert, calculate."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sightline.grafana.frame import Field, Frame
from sightline.grafana.matchers import pattern
from sightline.grafana.reducers import CALCULATIONS, reduce_values


def organize(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Hide, order and rename columns by name."""
    hidden, names = options.get("excludeByName") or {}, options.get("renameByName") or {}
    places = options.get("indexByName") or {}
    included = {name for name, wanted in (options.get("includeByName") or {}).items() if wanted}

    def is_shown(field: Field) -> bool:
        wanted = not included or not included.isdisjoint(_names(field))
        return wanted and not any(hidden.get(name) for name in _names(field))

    def place(field: Field) -> float:
        return min((places[name] for name in _names(field) if name in places), default=1e9)

    return [
        frame.with_fields(
            _rename(field, names) for field in sorted(filter(is_shown, frame.fields), key=place)
        )
        for frame in frames
    ]


def filter_fields_by_name(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Keep the columns matched by ``include`` and not by ``exclude``."""
    include, exclude = options.get("include"), options.get("exclude")

    def is_kept(field: Field) -> bool:
        return (not include or _matches(field, include)) and not _matches(field, exclude or {})

    kept_frames = [frame.with_fields(filter(is_kept, frame.fields)) for frame in frames]
    return [frame for frame in kept_frames if frame.fields]


def filter_by_ref_id(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Keep the frames of the queries in ``include``, a list separated by ``|``."""
    wanted = str(options.get("include") or "").split("|")
    return [frame for frame in frames if frame.ref_id in wanted]


def rename_by_regex(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Rewrite names by a pattern; ``$1`` refers to a group."""
    found = pattern(options.get("regex") or "")
    text = (options.get("renamePattern") or "").replace("\\", r"\\")
    target = _GROUP.sub(r"\\g<\1>", text)

    def rename_field(field: Field) -> Field:
        return _rename(field, {field.title: found.sub(target, field.title, count=1)})

    return [frame.with_fields(map(rename_field, frame.fields)) for frame in frames]


def convert_field_type(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Convert columns to numbers, text or times."""
    wanted = {
        one.get("targetField"): one.get("destinationType")
        for one in options.get("conversions") or ()
    }
    return [
        frame.with_fields(
            _convert(field, next((wanted[n] for n in _names(field) if n in wanted), None))
            for field in frame.fields
        )
        for frame in frames
    ]


def calculate_field(frames: Sequence[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Add a column: an operation on two columns or numbers, or a calculation over each row."""
    return [_add_calculated(frame, options) for frame in frames]


_GROUP: Final = pattern(r"\$(\d+)")

_OPERATORS: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "**": operator.pow,
}


def _add_calculated(frame: Frame, options: Mapping[str, Any]) -> Frame:
    match options.get("mode", "reduceRow"):
        case "binary":
            rule = options.get("binary") or {}
            left, right = _operand(frame, rule.get("left")), _operand(frame, rule.get("right"))
            sign = rule.get("operator", "+")
            values = [_apply(sign, a, b) for a, b in zip(left, right, strict=True)]
            name = f"{_operand_name(rule.get('left'))} {sign} {_operand_name(rule.get('right'))}"
        case "reduceRow":
            rule = options.get("reduce") or {}
            chosen = set(rule.get("include") or ())
            used = [f for f in frame.numbers if not chosen or not chosen.isdisjoint(_names(f))]
            if not used:
                return frame
            calc = rule.get("reducer", "sum")
            rows = zip(*(field.values for field in used), strict=True)
            values = [reduce_values(row, calc) for row in rows]
            name = CALCULATIONS.get(calc, calc)
        case _:
            return frame
    added = Field(name=options.get("alias") or name, type="number", values=values)
    kept = frame.fields
    if options.get("replaceFields"):
        kept = tuple(field for field in frame.fields if field.type == "time")
    return frame.with_fields((*kept, added))


def _operand(frame: Frame, raw: object) -> list[float | None]:
    """Return an operand, a column or a fixed number, as a column."""
    name = _operand_name(raw)
    field = frame.field(name)
    if field is not None:
        return list(field.values)
    try:
        return [float(name)] * frame.length
    except ValueError:
        return [None] * frame.length


def _operand_name(raw: object) -> str:
    if isinstance(raw, Mapping):
        matched = raw.get("matcher") or {}
        return str(raw.get("fixed") or matched.get("options") or "")
    return str(raw if raw is not None else "")


def _apply(sign: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None or sign not in _OPERATORS:
        return None
    try:
        return float(_OPERATORS[sign](left, right))
    except (ArithmeticError, ValueError, TypeError):
        return None


def _names(field: Field) -> tuple[str, str]:
    return field.title, field.name


def _matches(field: Field, rule: Mapping[str, Any]) -> bool:
    if not set(rule.get("names") or ()).isdisjoint(_names(field)):
        return True
    return bool(rule.get("pattern")) and bool(pattern(rule["pattern"]).search(field.title))


def _rename(field: Field, names: Mapping[str, str]) -> Field:
    for name in _names(field):
        if names.get(name):
            return replace(field, legend=names[name])
    return field


def _convert(field: Field, kind: str | None) -> Field:
    match kind:
        case "number":
            return replace(field, type="number", values=[_to_number(one) for one in field.values])
        case "string":
            return replace(field, type="string", values=[str(one) for one in field.values])
        case "time":
            return replace(field, type="time")
    return field


def _to_number(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None
