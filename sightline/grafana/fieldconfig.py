"""Configuration of a field: unit, thresholds, value mappings, color, links."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from sightline.grafana.values import integer, items, obj, optional_number, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A threshold: values from *value* on have this *color*; the base step has no value."""

    value: float | None
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueMapping:
    """Text and color shown for some values."""

    kind: str
    """``value``, ``range``, ``regex`` or ``special``."""
    match: str = ""
    """The value as text, the pattern, or the name of a special value (``null``, ``nan``)."""
    low: float | None = None
    high: float | None = None
    text: str | None = None
    color: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link of a value, panel or dashboard; its variables are not substituted yet."""

    title: str
    url: str
    new_tab: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldConfig:
    """Configuration of one field, with defaults and overrides merged."""

    unit: str = ""
    decimals: int | None = None
    low: float | None = None
    high: float | None = None
    display_name: str = ""
    description: str = ""
    no_value: str = ""
    color_mode: str = ""
    fixed_color: str = ""
    threshold_mode: str = "absolute"
    steps: tuple[Step, ...] = ()
    mappings: tuple[ValueMapping, ...] = ()
    links: tuple[Link, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)
    """Options of the panel type, as written in the file."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read Grafana's ``fieldConfig.defaults`` with overrides merged into it."""
        color, thresholds = obj(raw.get("color")), obj(raw.get("thresholds"))
        return cls(
            unit=text(raw.get("unit")),
            decimals=integer(raw.get("decimals")),
            low=optional_number(raw.get("min")),
            high=optional_number(raw.get("max")),
            display_name=text(raw.get("displayName")),
            description=text(raw.get("description")),
            no_value=text(raw.get("noValue")),
            color_mode=text(color.get("mode")),
            fixed_color=text(color.get("fixedColor")),
            threshold_mode=text(thresholds.get("mode")) or "absolute",
            steps=tuple(
                Step(value=optional_number(step.get("value")), color=text(step.get("color")))
                for step in items(thresholds.get("steps"))
            ),
            mappings=tuple(one for entry in items(raw.get("mappings")) for one in _mappings(entry)),
            links=tuple(link(entry) for entry in items(raw.get("links"))),
            custom=obj(raw.get("custom")),
        )


def link(raw: Mapping[str, Any]) -> Link:
    """Read a link."""
    return Link(
        title=text(raw.get("title")),
        url=text(raw.get("url")),
        new_tab=bool(raw.get("targetBlank")),
    )


def _mappings(raw: Mapping[str, Any]) -> Iterator[ValueMapping]:
    kind, options = text(raw.get("type")), obj(raw.get("options"))
    if kind == "value":
        for value, result in options.items():
            yield ValueMapping(kind=kind, match=text(value), **_text_and_color(result))
    elif kind in {"range", "regex", "special"}:
        yield ValueMapping(
            kind=kind,
            match=text(options.get("pattern" if kind == "regex" else "match")),
            low=optional_number(options.get("from")),
            high=optional_number(options.get("to")),
            **_text_and_color(options.get("result")),
        )


def _text_and_color(result: object) -> dict[str, Any]:
    shown = obj(result).get("text")
    return {"text": None if shown is None else text(shown), "color": text(obj(result).get("color"))}
