"""Colors of values, series and services."""

from collections.abc import Iterable
from typing import Final

from sightline.grafana.fieldconfig import FieldConfig, Step
from sightline.viewer.values.palettes import CLASSIC, NAMED, color_by_name

NAME_PALETTE: Final = (
    *("#5794F2", "#AEA2E0", "#B7DBAB", "#F9BA8F", "#64B0C8", "#F4D598", "#E5A8E2", "#B877D9"),
    *("#CA95E5", "#FADE2A", "#FF9830", "#6ED0E0", "#8AB8FF"),
)
"""Colors of services. Bright on a dark background, and without the red and green of health."""

HEATMAP: Final = (
    *((0.0, "#22252b"), (0.05, "#332a4c"), (0.25, "#6b2d7a"), (0.5, "#b5367a")),
    *((0.75, "#f1605d"), (0.9, "#feb078"), (1.0, "#fcfdbf")),
)
"""Colors of a heatmap from low to high, on a dark background."""


def css_color(name: str) -> str:
    """Return the CSS color of a Grafana color name; other text is returned unchanged."""
    return NAMED.get(name, name)


def name_colors(names: Iterable[str]) -> dict[str, str]:
    """Return colors by name: the same on every panel, and distinct within one if possible."""
    chosen: dict[str, str] = {}
    for name in sorted(set(names)):
        color = name_color(name)
        if color in chosen.values():
            color = next((one for one in NAME_PALETTE if one not in chosen.values()), color)
        chosen[name] = color
    return chosen


def name_color(name: str) -> str:
    """Return the color of *name* without regard to other names."""
    number = 0
    for byte in name.encode():
        number = (number * _SPREAD + byte) & 0xFFFFFFFF
    return NAME_PALETTE[number % len(NAME_PALETTE)]


_SPREAD: Final = 211
"""Prime for which the names of the demo's services get different colors."""


def reached_step(value: float | None, config: FieldConfig) -> Step | None:
    """Return the highest threshold that *value* has reached; the base step for no value."""
    if not config.steps:
        return None
    scaled = _percent(value, config) if config.threshold_mode == "percentage" else value
    reached = [
        step
        for step in config.steps
        if step.value is None or (scaled is not None and scaled >= step.value)
    ]
    return reached[-1] if reached else config.steps[0]


def value_color(value: float | None, config: FieldConfig) -> str:
    """Return the color of a value by its field's color mode, by threshold as default."""
    if config.color_mode in {"fixed", "shades"}:
        return css_color(config.fixed_color or "green")
    step = reached_step(value, config)
    return css_color(step.color) if step else css_color("green")


def series_color(index: int, title: str, config: FieldConfig, last: float | None) -> str:
    """Return the color of a line: fixed, by its title, by threshold or by its number."""
    match config.color_mode:
        case "fixed" | "shades":
            return css_color(config.fixed_color or "green")
        case "palette-classic-by-name":
            return color_by_name(title)
        case "thresholds":
            return value_color(last, config)
    return CLASSIC[index % len(CLASSIC)]


def with_opacity(css: str, opacity: float) -> str:
    """Add *opacity* (0-1) to *css* (``#rrggbb``); other notations are returned unchanged."""
    if not css.startswith("#") or len(css) != len("#rrggbb"):
        return css
    red, green, blue = (int(css[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{round(opacity, 3):g})"


def _percent(value: float | None, config: FieldConfig) -> float | None:
    low = config.low if config.low is not None else 0.0
    high = config.high if config.high is not None else 100.0
    return None if value is None else 100 * (value - low) / ((high - low) or 1)
