"""Grafana's colours: names, the classic palette, the colour of a value.

Source: grafana-data ``createVisualizationColors`` (dark theme) and ``fieldColor``.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from sightline.grafana.fieldconfig import FieldConfig, Step

_SHADES: Final = ("dark-", "semi-dark-", "", "light-", "super-light-")
_HUES: Final = {
    "red": ("#C4162A", "#E02F44", "#F2495C", "#FF7383", "#FFA6B0"),
    "orange": ("#FA6400", "#FF780A", "#FF9830", "#FFB357", "#FFCB7D"),
    "yellow": ("#E0B400", "#F2CC0C", "#FADE2A", "#FFEE52", "#FFF899"),
    "green": ("#37872D", "#56A64B", "#73BF69", "#96D98D", "#C8F2C2"),
    "blue": ("#1F60C4", "#3274D9", "#5794F2", "#8AB8FF", "#C0D8FF"),
    "purple": ("#8F3BB8", "#A352CC", "#B877D9", "#CA95E5", "#DEB6F2"),
}
NAMED: Final = {
    f"{shade}{hue}": color
    for hue, colors in _HUES.items()
    for shade, color in zip(_SHADES, colors, strict=True)
} | {"text": "#CCCCDC", "transparent": "transparent", "gray": "#8E8E9A", "grey": "#8E8E9A"}

PALETTE: Final = (
    *("#73BF69", "#F2CC0C", "#8AB8FF", "#FF780A", "#F2495C", "#5794F2", "#B877D9", "#705DA0"),
    *("#37872D", "#FADE2A", "#447EBC", "#C15C17", "#890F02", "#0A437C", "#6D1F62", "#584477"),
    *("#B7DBAB", "#F4D598", "#70DBED", "#F9BA8F", "#F29191", "#82B5D8", "#E5A8E2", "#AEA2E0"),
)

NAME_PALETTE: Final = (
    *("#5794F2", "#AEA2E0", "#B7DBAB", "#F9BA8F", "#64B0C8", "#F4D598", "#E5A8E2", "#B877D9"),
    *("#CA95E5", "#FADE2A", "#FF9830", "#6ED0E0", "#8AB8FF"),
)
"""Colours of things with names, services above all: bright on the dark ground, and neither the red
of a failure nor the green of health, which Grafana's own choice may hit."""

_CONTINUOUS: Final = {
    "continuous-GrYlRd": ("green", "yellow", "red"),
    "continuous-RdYlGr": ("red", "yellow", "green"),
    "continuous-BlYlRd": ("blue", "yellow", "red"),
    "continuous-YlRd": ("super-light-yellow", "dark-red"),
    "continuous-BlPu": ("blue", "purple"),
    "continuous-blues": ("#1F2A44", "blue"),
    "continuous-greens": ("#1F3A22", "green"),
    "continuous-reds": ("#441F24", "red"),
}

HEATMAP: Final = (
    *((0.0, "#22252b"), (0.05, "#332a4c"), (0.25, "#6b2d7a"), (0.5, "#b5367a")),
    *((0.75, "#f1605d"), (0.9, "#feb078"), (1.0, "#fcfdbf")),
)
"""From next to nothing to much, on the panel's dark ground."""


def color(name: str) -> str:
    """The CSS colour for a Grafana colour name; anything else passes through."""
    return NAMED.get(name, name)


def by_index(index: int) -> str:
    """The classic palette, over and over."""
    return PALETTE[index % len(PALETTE)]


def by_names(names: Iterable[str]) -> dict[str, str]:
    """The same colour for the same name wherever it is drawn, and no two alike side by side."""
    chosen: dict[str, str] = {}
    for name in sorted(set(names)):
        color = by_name(name)
        if color in chosen.values():
            color = next((one for one in NAME_PALETTE if one not in chosen.values()), color)
        chosen[name] = color
    return chosen


def by_name(name: str) -> str:
    """The colour that *name* has when it stands alone."""
    number = 0
    for byte in name.encode():
        number = (number * _SPREAD + byte) & 0xFFFFFFFF
    return NAME_PALETTE[number % len(NAME_PALETTE)]


_SPREAD: Final = 211
"""A prime under which the names of the demo and its stack fall apart."""


def step_for(value: float | None, config: FieldConfig) -> Step | None:
    """The highest threshold that *value* has reached; the base step without one."""
    if not config.steps:
        return None
    scaled = _percent(value, config) if config.threshold_mode == "percentage" else value
    reached = [
        step
        for step in config.steps
        if step.value is None or (scaled is not None and scaled >= step.value)
    ]
    return reached[-1] if reached else config.steps[0]


def of_value(value: float | None, config: FieldConfig) -> str:
    """The colour of one value by its field's colour mode, thresholds by default."""
    if config.color_mode in {"fixed", "shades"}:
        return color(config.fixed_color or "green")
    if config.color_mode in _CONTINUOUS:
        return blend(_CONTINUOUS[config.color_mode], (_percent(value, config) or 0.0) / 100)
    step = step_for(value, config)
    return color(step.color) if step else color("green")


def of_series(index: int, named: str, config: FieldConfig, last: float | None) -> str:
    """The colour of a line: fixed, by its name (*named*), by threshold or by its place."""
    match config.color_mode:
        case "fixed" | "shades":
            return color(config.fixed_color or "green")
        case "palette-classic-by-name":
            return named
        case "thresholds":
            return of_value(last, config)
    return by_index(index)


def blend(names: Sequence[str], share: float) -> str:
    """The colour at *share* (0-1) of the way through *names*."""
    place = min(max(share, 0.0), 1.0) * (len(names) - 1)
    index = min(int(place), len(names) - 2)
    low, high = _rgb(color(names[index])), _rgb(color(names[index + 1]))
    mixed = [round(a + (b - a) * (place - index)) for a, b in zip(low, high, strict=True)]
    return "#{:02X}{:02X}{:02X}".format(*mixed)


def faded(css: str, opacity: float) -> str:
    """*css* (``#rrggbb``) with *opacity* 0-1; other notations pass through."""
    if not css.startswith("#") or len(css) != len("#rrggbb"):
        return css
    return "rgba({},{},{},{:g})".format(*_rgb(css), round(opacity, 3))


def _rgb(css: str) -> tuple[int, int, int]:
    return int(css[1:3], 16), int(css[3:5], 16), int(css[5:7], 16)


def _percent(value: float | None, config: FieldConfig) -> float | None:
    low = config.low if config.low is not None else 0.0
    high = config.high if config.high is not None else 100.0
    return None if value is None else 100 * (value - low) / ((high - low) or 1)
