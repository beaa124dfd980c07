"""How a value of a panel looks: unit, thresholds, mappings, colour, links."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From *value* on, values have this *color*; the base step has no value."""

    value: float | None
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueMapping:
    """What is shown in place of a value."""

    kind: str
    """``value``, ``range``, ``regex`` or ``special``."""
    match: str = ""
    """The value as text, the pattern, or the special word (``null``, ``nan``, ``empty`` …)."""
    low: float | None = None
    high: float | None = None
    text: str | None = None
    color: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link of a value, panel or dashboard, its variables not yet filled in."""

    title: str
    url: str
    new_tab: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldConfig:
    """One field's configuration, defaults and overrides already merged."""

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
    """Options of the panel type, as the file has them."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read Grafana's ``fieldConfig.defaults``, overrides merged in."""
        color, thresholds = raw.get("color") or {}, raw.get("thresholds") or {}
        return cls(
            unit=raw.get("unit") or "",
            decimals=raw.get("decimals"),
            low=raw.get("min"),
            high=raw.get("max"),
            display_name=raw.get("displayName") or "",
            description=raw.get("description") or "",
            no_value=str(raw.get("noValue") or ""),
            color_mode=color.get("mode") or "",
            fixed_color=color.get("fixedColor") or "",
            threshold_mode=thresholds.get("mode") or "absolute",
            steps=tuple(
                Step(value=step.get("value"), color=step["color"])
                for step in thresholds.get("steps") or ()
            ),
            mappings=tuple(one for entry in raw.get("mappings") or () for one in _mappings(entry)),
            links=tuple(link(entry) for entry in raw.get("links") or ()),
            custom=raw.get("custom") or {},
        )


def link(raw: Mapping[str, Any]) -> Link:
    """A link as the file has it."""
    return Link(
        title=raw.get("title") or "",
        url=raw.get("url") or "",
        new_tab=bool(raw.get("targetBlank")),
    )


def _mappings(raw: Mapping[str, Any]) -> list[ValueMapping]:
    options = raw.get("options") or {}
    match raw.get("type"):
        case "value":
            return [
                ValueMapping(kind="value", match=value, **_look(result))
                for value, result in options.items()
            ]
        case "range":
            low, high = options.get("from"), options.get("to")
            return [ValueMapping(kind="range", low=low, high=high, **_look(options.get("result")))]
        case "regex":
            pattern = options.get("pattern", "")
            return [ValueMapping(kind="regex", match=pattern, **_look(options.get("result")))]
        case "special":
            word = options.get("match", "")
            return [ValueMapping(kind="special", match=word, **_look(options.get("result")))]
    return []


def _look(result: Mapping[str, Any] | None) -> dict[str, Any]:
    result = result or {}
    return {"text": result.get("text"), "color": result.get("color") or ""}
